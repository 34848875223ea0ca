//! Reads the rows of all orders, in ranges of their numbers.

use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread;

use order::{Refund, Trade};
use store::review::{self, AuditedCase};
use store::stock::{self, AuditedCode};
use store::user_order::{self, AuditedOrder};
use store::{IdRange, MysqlConnection, refund, trade};

use crate::failure::Failure;

/// Orders read at once.
const ORDERS: usize = 10_000;

/// All rows of the orders of one range.
pub(super) struct OrderRows {
    pub(super) orders: Vec<AuditedOrder>,
    /// With the order's number, as the refunds.
    pub(super) trades: Vec<(String, Trade)>,
    pub(super) refunds: Vec<(String, Refund)>,
    pub(super) cases: Vec<AuditedCase>,
    /// Also those that name an order which does not exist.
    pub(super) codes: Vec<AuditedCode>,
}

impl OrderRows {
    /// The rows of one order.
    pub(super) fn of(db: &mut MysqlConnection, id: &str) -> Result<OrderRows, Failure> {
        let range = IdRange::one(id);
        let orders = user_order::in_range(db, &range, 1)?;
        OrderRows::with(db, orders, &range)
    }

    fn with(
        db: &mut MysqlConnection,
        orders: Vec<AuditedOrder>,
        range: &IdRange,
    ) -> Result<OrderRows, Failure> {
        Ok(OrderRows {
            orders,
            trades: trade::in_range(db, range)?,
            refunds: refund::in_range(db, range)?,
            cases: review::in_range(db, range)?,
            codes: stock::in_range(db, range)?,
        })
    }
}

/// Calls `check` with one range after the other. The next range is read meanwhile, on a thread of its own: so the
/// database works while orders are checked.
pub(super) fn for_each_range(
    db: &mut MysqlConnection,
    check: impl FnMut(OrderRows),
) -> Result<(), Failure> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::scope(|scope| {
        let reader = scope.spawn(move || read(db, &sender));
        receiver.into_iter().for_each(check);
        reader.join().unwrap_or_else(|panicked| resume_unwind(panicked))
    })
}

/// Reads until the end, or until nobody receives any more.
fn read(db: &mut MysqlConnection, sender: &mpsc::SyncSender<OrderRows>) -> Result<(), Failure> {
    let mut rest = IdRange::all();
    loop {
        let orders = user_order::in_range(db, &rest, ORDERS as i64)?;
        let is_last = orders.len() < ORDERS;
        let range = match orders.last() {
            // The last range goes on to the end, for codes that name no order.
            Some(last) if !is_last => rest.take_until(&last.id),
            _ => rest.clone(),
        };
        let sent = sender.send(OrderRows::with(db, orders, &range)?);
        if is_last || sent.is_err() {
            return Ok(());
        }
    }
}
