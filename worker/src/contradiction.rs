//! An order is paid here, and Alipay's gateway says that it is not.
//!
//! Somebody may have signed a notification with a key that was stolen, or published one: the gateway's
//! answer is the one thing that they cannot make. It can also be behind its own notification. So the query
//! sweeper asks a second time (`queries/asking.rs`), of an order that was paid before it asked, and only
//! then hands the answer on; a lane compares it with the order as it is locked then, and opens the review
//! `not_at_alipay`.

use alipay::{TradeStatus, TradeStatusSync};
use chrono::{DateTime, TimeDelta, Utc};
use order::{Review, ReviewReason};

use crate::page::Sheet;

/// A payment younger than this may be one that the gateway's servers have not all heard of.
const UNDER_WAY: TimeDelta = TimeDelta::minutes(1);

/// What the gateway said of the order's trade.
pub(crate) enum Said<'a> {
    /// It knows no such trade.
    NoTrade,
    /// It knows the trade.
    Trade(&'a TradeStatusSync),
}

/// Notes on the sheet what an answer to a question of `asked_at` contradicts; called before the order
/// learns it. An answer that says that the money came ends such a review. One that was asked for before another
/// one, which says that, or before the payment had time to get around, contradicts nothing.
pub(crate) fn compare(sheet: &mut Sheet, said: &Said<'_>, asked_at: DateTime<Utc>) {
    let state = sheet.record.state();
    let chosen = state.trade_no.as_ref().and_then(|trade_no| sheet.record.trades.get(trade_no));
    let Some(trade) = chosen.filter(|trade| trade.claims_money()) else { return };
    let is_older = trade.confirmed_at.is_some_and(|confirmed| asked_at <= confirmed);
    if is_older || trade.gmt_payment.is_some_and(|paid| asked_at < paid + UNDER_WAY) {
        return;
    }
    let total = sheet.record.terms.total_fee;
    let evidence = match said {
        Said::NoTrade => Some("TRADE_NOT_EXIST".to_owned()),
        // Another trade of the order says nothing about this one.
        Said::Trade(said) if said.trade_no != trade.trade_no => return,
        Said::Trade(said) if said.total != total => Some(format!("total {}", said.total)),
        Said::Trade(said) if said.trade_status == TradeStatus::WaitBuyerPay => {
            Some("WAIT_BUYER_PAY".to_owned())
        }
        Said::Trade(_) => None,
    };
    match evidence {
        Some(evidence) => {
            tracing::error!(
                order = sheet.record.terms.id,
                merchant = sheet.record.terms.merchant,
                gateway = evidence,
                "an order is paid here, and Alipay says that it is not: review not_at_alipay"
            );
            metrics::counter!("worker_not_at_alipay_total").increment(1);
            sheet.raised.insert(Review { reason: ReviewReason::NotAtAlipay, evidence });
        }
        None => _ = sheet.resolved.insert(ReviewReason::NotAtAlipay),
    }
}
