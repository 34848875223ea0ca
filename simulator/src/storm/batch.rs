//! A few orders' notifications, with their faults, in the order of sending.

use alipay::Signer;
use chrono::{DateTime, Utc};

use super::{Fault, Mix, Storm, StormError};
use crate::{Faults, Notification, SignedNotification, Trade, TradeError};

/// One notification, ready to be sent.
pub(super) struct Prepared {
    pub(super) notification: SignedNotification,
    pub(super) fault: Option<Fault>,
}

/// So many orders are prepared together; what is reordered stays within them.
pub(super) const ORDERS: usize = 64;

/// Prepares the batch with a number: signed, with duplicates and forged copies, and shuffled if
/// the storm says so. Without shuffling the payments of the batch come first, then its refunds.
pub(super) fn prepare(
    storm: &Storm,
    orders: &[String],
    number: u64,
) -> Result<Vec<Prepared>, StormError> {
    let now = Utc::now();
    let mut notifications = Vec::new();
    for order in orders {
        let mut trade = Trade::open(&storm.merchant, order, storm.total, now);
        let steps = self::notifications(&mut trade, storm.mix, now)?;
        notifications.extend(steps.into_iter().enumerate());
    }
    notifications.sort_by_key(|(step, _)| *step);

    let mut faults = Faults::seeded(storm.faults.seed.wrapping_add(number.wrapping_mul(SPREAD)));
    let mut prepared = Vec::new();
    for (_, notification) in notifications {
        prepare_one(storm, notification, &mut faults, &storm.signer, &mut prepared)?;
    }
    if storm.faults.reorder {
        let window = prepared.len();
        faults.reorder(&mut prepared, window);
    }
    Ok(prepared)
}

/// Makes neighbouring batches draw from seeds that are far apart.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a storm says about one order, oldest first.
pub(super) fn notifications(
    trade: &mut Trade,
    mix: Mix,
    at: DateTime<Utc>,
) -> Result<Vec<Notification>, TradeError> {
    let mut all = vec![trade.pay(at)?];
    if mix == Mix::PayRefund {
        all.extend(trade.refund(trade.total, None, at)?);
    }
    Ok(all)
}

fn prepare_one(
    storm: &Storm,
    notification: Notification,
    faults: &mut Faults,
    signer: &Signer,
    prepared: &mut Vec<Prepared>,
) -> Result<(), StormError> {
    let notification = notification.sign(signer)?;
    if faults.in_percent(storm.faults.corrupt) {
        let notification = faults.corrupt(&notification)?;
        prepared.push(Prepared { notification, fault: Some(Fault::Corrupt) });
    }
    let duplicate = faults.in_percent(storm.faults.duplicate).then(|| notification.clone());
    prepared.push(Prepared { notification, fault: None });
    if let Some(notification) = duplicate {
        prepared.push(Prepared { notification, fault: Some(Fault::Duplicate) });
    }
    Ok(())
}
