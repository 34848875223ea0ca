//! An order is paid here, and Alipay's gateway says that it is not.
//!
//! An attacker may have signed a notification with a stolen key; only the gateway's answer cannot be forged in this
//! way. The gateway can also be behind its own notification. So the query sweeper asks a second
//! time (`sweepers/queries/asking.rs`) about an order that was paid before the first query, and only then
//! publishes the answer. A lane compares it with the order, under lock, and opens the review `not_at_alipay`.

use alipay::{TRADE_NOT_EXIST, TradeStatusSync};
use chrono::{DateTime, TimeDelta, Utc};
use order::{PaymentState, Review, ReviewReason};
use service::metric;

use super::loaded_order::LoadedOrder;

/// A payment younger than this may not be known to all of the gateway's servers yet.
const UNDER_WAY: TimeDelta = TimeDelta::minutes(1);

/// Raises the review where the answer to a query of `asked_at` contradicts the order; `None`: the gateway knows no such
/// trade. Called before the answer is applied. An answer that reports the payment ends such a review. An answer that is older
/// than one which reports the payment, or than the payment's time to reach all servers, is no contradiction.
pub(super) fn compare(
    order: &mut LoadedOrder,
    answer: Option<&TradeStatusSync>,
    asked_at: DateTime<Utc>,
) {
    let state = order.record.state();
    let chosen = state.trade_no.as_ref().and_then(|trade_no| order.record.trades.get(trade_no));
    let is_paid = state.payment() == PaymentState::Paid;
    let Some(trade) = chosen.filter(|_| is_paid) else { return };
    let is_older = trade.confirmed_at.is_some_and(|confirmed| asked_at <= confirmed);
    if is_older || trade.gmt_payment.is_some_and(|paid| asked_at < paid + UNDER_WAY) {
        return;
    }
    let total = order.record.terms.total_fee;
    let evidence = match answer {
        None => Some(TRADE_NOT_EXIST.to_owned()),
        // Another trade of the order says nothing about this one.
        Some(answer) if answer.trade_no != trade.trade_no => return,
        Some(answer) if answer.total != total => Some(format!("total {}", answer.total)),
        Some(answer) if answer.trade_status.is_unpaid() => {
            Some(answer.trade_status.as_str().to_owned())
        }
        Some(_) => None,
    };
    match evidence {
        Some(evidence) => {
            tracing::error!(
                order = order.record.terms.id,
                merchant = order.record.terms.merchant,
                gateway = evidence,
                "an order is paid here, and Alipay says that it is not: review not_at_alipay"
            );
            metrics::counter!(metric::WORKER_NOT_AT_ALIPAY).increment(1);
            order.raised.insert(Review { reason: ReviewReason::NotAtAlipay, evidence });
        }
        None => _ = order.resolved.insert(ReviewReason::NotAtAlipay),
    }
}
