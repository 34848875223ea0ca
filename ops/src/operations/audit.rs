//! The money-and-goods check over the whole database.
//!
//! [`Audit::run`] reads all orders in ranges of their numbers, in one snapshot, and asks the crate `order`
//! what each should be, with the functions by which the worker decides.
//! Each check is one file: [`columns`], [`goods`], [`refunds`], [`reviews`], and [`totals`] for the money.
//!
//! Everything that a worker writes about an order it writes in one transaction, so a snapshot shows no
//! half-done work, with one exception: the refund row of a batch refund is committed although its order
//! is locked by another transaction, and counted in the next batch. Such orders are checked again later.

mod chunk;
mod columns;
mod finding;
mod goods;
mod kind;
mod refunds;
mod reviews;
mod subject;
mod totals;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use indicatif::ProgressBar;
use order::ReviewReason;
use store::outbox::{self, Unpublished};
use store::{
    IdRange, MysqlConnection, clock, fulfillment, notification, snapshot, stock, trade, user_order,
};

use crate::failure::Failure;
use crate::progress;

pub(crate) use finding::{AuditEntries, AuditEntry, Owner};
pub(crate) use kind::GapKind;
pub(crate) use totals::Totals;

/// Orders read at once.
const CHUNK: i64 = 10_000;

/// Notifications looked at in one statement.
const NOTIFICATIONS: i64 = 50_000;

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

/// Audits the whole database. Orders that were in progress are checked again after `grace`.
pub(crate) fn audit(
    connection: &mut MysqlConnection,
    grace: TimeDelta,
    outbox_age: TimeDelta,
    limit: usize,
) -> Result<Audit, Failure> {
    let began = Instant::now();
    let progress = progress::bar(0, "orders");
    let mut audit = snapshot(connection, |db| Audit::run(db, grace, outbox_age, limit, &progress))?;
    progress.finish_and_clear();
    if !audit.second_look.is_empty() {
        let grace = grace.to_std().unwrap_or(Duration::ZERO);
        std::thread::sleep(grace.saturating_sub(began.elapsed()));
        snapshot(connection, |db| audit.look_again(db))?;
    }
    Ok(audit)
}

impl Audit {
    /// Looks at everything in the snapshot that `db` sees.
    fn run(
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
        progress.set_length(u64::try_from(user_order::count(db)?).unwrap_or(0));
        let mut rest = IdRange::all();
        loop {
            let rows = user_order::in_range(db, &rest, CHUNK)?;
            let whole = rows.len() < usize::try_from(CHUNK).unwrap_or(usize::MAX);
            let span = match rows.last() {
                // The last range goes on to the end, for codes that name no order.
                Some(last) if !whole => rest.take_until(&last.id),
                _ => rest.clone(),
            };
            let count = rows.len() as u64;
            audit.look_at(db, &span, rows, false)?;
            progress.inc(count);
            if whole {
                break;
            }
        }
        audit.look_at_notifications(db, progress)?;
        audit.look_at_trades(db)?;
        Ok(audit)
    }

    /// Looks again at the orders that need it, in a new snapshot: what is still wrong is a gap.
    fn look_again(&mut self, db: &mut MysqlConnection) -> Result<(), Failure> {
        for id in std::mem::take(&mut self.second_look) {
            let span = IdRange::one(&id);
            let rows = user_order::in_range(db, &span, 1)?;
            self.look_at(db, &span, rows, true)?;
        }
        Ok(())
    }

    fn look_at_trades(&mut self, db: &mut MysqlConnection) -> Result<(), Failure> {
        for shared in trade::shared(db)? {
            let what = format!("trade {} is also that of order {}", shared.trade_no, shared.other);
            let found = (GapKind::TradeOfTwoOrders, what);
            self.add_gap(&shared.order_id, found, Some(shared.updated_at));
        }
        Ok(())
    }

    fn look_at_notifications(
        &mut self,
        db: &mut MysqlConnection,
        progress: &ProgressBar,
    ) -> Result<(), Failure> {
        let last = notification::last_id(db)?;
        progress.set_message("notifications");
        progress.set_position(0);
        progress.set_length(u64::try_from(last).unwrap_or(0));
        let mut after = 0;
        while after < last {
            let to = last.min(after + NOTIFICATIONS);
            let doubted = |reason: &Option<String>| {
                let reason: Option<ReviewReason> = reason.as_ref().and_then(|it| it.parse().ok());
                reason.is_some_and(ReviewReason::is_doubt)
            };
            let lost = notification::lost(db, after, to)?;
            // A doubtful notification makes no trade: the gateway or a person decides.
            for lost in lost.into_iter().filter(|lost| !doubted(&lost.reason)) {
                let trade_no = lost.trade_no.unwrap_or_default();
                let what = format!("notification {} of trade {trade_no}", lost.id);
                let found = (GapKind::NotificationWithoutTrade, what);
                self.add_gap(&lost.order_id, found, Some(lost.last_seen));
            }
            progress.inc(u64::try_from(to - after).unwrap_or(0));
            after = to;
        }
        Ok(())
    }
}
