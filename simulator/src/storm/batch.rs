//! A few orders' notifications, with their faults, in the order of sending.

use alipay::Signer;
use chrono::{DateTime, Utc};

use super::{Mix, Storm, StormError};
use crate::{
    AlipayTrade, Fault, Faults, KeptTrade, NotificationKind, SignedNotification, TradeError,
    TradeFileError, UnsignedNotification,
};

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
    let mut all = Vec::new();
    for order in orders {
        let mut trade = AlipayTrade::open(&storm.merchant, order, storm.total, now);
        let steps = self::notifications(&mut trade, storm.mix, now)?;
        if storm.trade_store.is_some() {
            all.push(KeptTrade { notifications: steps.clone(), ..KeptTrade::new(trade) });
        }
        notifications.extend(steps.into_iter().enumerate());
    }
    if let Some((merchant, trade_store)) = &storm.trade_store {
        trade_store.update::<_, TradeFileError>(|trades| {
            for kept in all {
                let order = kept.trade.out_trade_no.clone();
                trades.of(merchant, &order).push(kept);
            }
            Ok(())
        })?;
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
    trade: &mut AlipayTrade,
    mix: Mix,
    at: DateTime<Utc>,
) -> Result<Vec<UnsignedNotification>, TradeError> {
    let mut all = vec![trade.pay(at)?];
    if mix == Mix::PayRefund {
        all.extend(trade.refund(trade.total, None, at)?);
    }
    Ok(all)
}

fn prepare_one(
    storm: &Storm,
    notification: UnsignedNotification,
    faults: &mut Faults,
    signer: &Signer,
    prepared: &mut Vec<Prepared>,
) -> Result<(), StormError> {
    let share = storm.faults;
    let forged = |said: &UnsignedNotification, fault| -> Result<Prepared, StormError> {
        Ok(Prepared { notification: Fault::sign(Some(fault), said, signer)?, fault: Some(fault) })
    };
    if faults.in_percent(share.corrupt) {
        prepared.push(forged(&notification, Fault::Corrupt)?);
    }
    // A batch names neither a total nor whose it is: there is nothing to get wrong.
    let names_all = notification.kind != NotificationKind::BatchRefund;
    if faults.in_percent(share.wrong_app) && names_all {
        prepared.push(forged(&notification, Fault::WrongApp)?);
    }
    if faults.in_percent(share.wrong_amount) && names_all {
        // Not the id of the genuine one, which it would hide in the merchant's inbox.
        let id = format!("99{}", notification.notify_id.get(2..).unwrap_or_default());
        let mut other = notification.clone().with("notify_id", &id);
        other.notify_id = id;
        prepared.push(forged(&other, Fault::WrongAmount)?);
    }
    let own = [
        (Fault::Drop, share.drop),
        (Fault::Delay, share.delay),
        (Fault::SlowBody, share.slow_body),
        (Fault::HalfBody, share.half_body),
        (Fault::Gbk, share.gbk),
    ];
    // Drawn whether hit or not: a share does not change what the others hit.
    let hit = own.map(|(fault, percent)| faults.in_percent(percent).then_some(fault));
    let fault = hit.into_iter().flatten().next();
    let duplicate = faults.in_percent(share.duplicate) && fault != Some(Fault::Drop);
    let notification = Fault::sign(fault, &notification, signer)?;
    let copy = duplicate.then(|| notification.clone());
    prepared.push(Prepared { notification, fault });
    if let Some(notification) = copy {
        prepared.push(Prepared { notification, fault: Some(Fault::Duplicate) });
    }
    Ok(())
}
