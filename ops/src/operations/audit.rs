//! The money-and-goods check over the whole database.
//!
//! [`order_rows`] reads all orders in ranges of their numbers, in one snapshot; meanwhile [`check`] asks the crate `order`
//! what each should be, with the functions by which the worker decides. What is compared has a file each: [`columns`],
//! [`goods`], [`refunds`], [`reviews`], and [`totals`] for the money. [`whole_tables`] goes through notifications and
//! trades at the same time, in a snapshot of its own.
//!
//! Everything that a worker writes about an order it writes in one transaction, so a snapshot shows no
//! half-done work, with one exception: the refund row of a batch refund is committed although its order
//! is locked by another transaction, and counted in the next batch. Such orders are checked again later.

mod check;
mod columns;
mod finding;
mod goods;
mod kind;
mod order_rows;
mod refunds;
mod reviews;
mod subject;
mod totals;
mod whole_tables;

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use indicatif::ProgressBar;
use store::outbox::{self, Unpublished};
use store::{MysqlConnection, clock, fulfillment, notification, snapshot, stock, user_order};

use crate::failure::Failure;
use crate::progress;

pub(crate) use finding::{AuditEntries, AuditEntry, Owner};
pub(crate) use kind::GapKind;
use order_rows::{OrderRows, for_each_range};
pub(crate) use totals::Totals;

/// What was found so far.
pub(crate) struct Audit {
    pub(crate) now: DateTime<Utc>,
    pub(crate) gaps: AuditEntries<GapKind>,
    /// By the reason of the review, or the state of the goods.
    pub(crate) waiting: AuditEntries<&'static str>,
    pub(crate) totals: Totals,
    pub(crate) unpublished: Unpublished,
    grace: TimeDelta,
    /// Orders with a refund that is not counted: to be looked at again.
    second_look: Vec<String>,
    /// The first order that has a code, by the code's hash.
    codes: HashMap<u64, Box<str>>,
    /// Available codes of the products that orders wait for.
    stock: HashMap<String, i64>,
}

/// Audits the whole database, over two connections. Orders that were in progress are checked again after `grace`.
pub(crate) fn audit(
    [first, second]: [&mut MysqlConnection; 2],
    grace: TimeDelta,
    outbox_age: TimeDelta,
    limit: usize,
) -> Result<Audit, Failure> {
    let began = Instant::now();
    let progress = progress::bar(0, "orders and notifications");
    let last = notification::last_id(second)?;
    progress.set_length(u64::try_from(last).unwrap_or(0));
    let mut audit = thread::scope(|scope| {
        let of_tables =
            scope.spawn(|| snapshot(second, |db| whole_tables::check(db, last, &progress)));
        let mut audit =
            snapshot(first, |db| Audit::of_orders(db, grace, outbox_age, limit, &progress))?;
        for found in of_tables.join().unwrap_or_else(|panicked| resume_unwind(panicked))? {
            audit.add_gap(&found.order, found.gap, Some(found.since));
        }
        Ok::<_, Failure>(audit)
    })?;
    progress.finish_and_clear();
    if !audit.second_look.is_empty() {
        let grace = grace.to_std().unwrap_or(Duration::ZERO);
        thread::sleep(grace.saturating_sub(began.elapsed()));
        snapshot(first, |db| audit.look_again(db))?;
    }
    Ok(audit)
}

impl Audit {
    /// Looks at all orders in the snapshot that `db` sees.
    fn of_orders(
        db: &mut MysqlConnection,
        grace: TimeDelta,
        outbox_age: TimeDelta,
        limit: usize,
        progress: &ProgressBar,
    ) -> Result<Audit, Failure> {
        let now = clock::now(db)?;
        let mut audit = Audit {
            now,
            gaps: AuditEntries::new(limit),
            waiting: AuditEntries::new(limit),
            totals: Totals::default(),
            unpublished: outbox::unpublished(db, now - outbox_age)?,
            grace,
            second_look: Vec::new(),
            codes: HashMap::new(),
            stock: HashMap::new(),
        };
        for product in fulfillment::awaited_products(db)? {
            let available = stock::available(db, &product, stock::COUNTED)?;
            audit.stock.insert(product, available);
        }
        progress.inc_length(u64::try_from(user_order::count(db)?).unwrap_or(0));
        for_each_range(db, |rows| {
            let count = rows.orders.len() as u64;
            audit.look_at(rows, false);
            progress.inc(count);
        })?;
        Ok(audit)
    }

    /// Looks again at the orders that need it, in a new snapshot: what is still wrong is a gap.
    fn look_again(&mut self, db: &mut MysqlConnection) -> Result<(), Failure> {
        for id in std::mem::take(&mut self.second_look) {
            let rows = OrderRows::of(db, &id)?;
            self.look_at(rows, true);
        }
        Ok(())
    }
}
