//! Messages about a rejected payment that an operator has refunded (`ops refund --trade-no`).
//!
//! No order has such a trade, so the notification of its refund would become a dead letter beside that of the
//! payment. The refund request explains the money: the refund is booked by its trade's number and the message is
//! done, also where there is no such order at all. Once all of the money is back, a repeat of the payment's
//! notification is done as well.

use alipay::TradeStatusSync;
use order::{Facts, Refund, Remark};
use store::refund::{self, MerchantTrade};
use store::refund_request;
use store::{MysqlConnection, StoreError};

use super::inbox::InboxRecord;
use super::{Outcome, distinct};
use crate::message::{Content, InboundMessage};

/// Changes the outcome of messages that no order accepts to *done* if their payment was refunded. One statement if there
/// is a message that no order accepts, otherwise none.
pub(super) fn explain(
    connection: &mut MysqlConnection,
    batch: &[InboundMessage],
    records: &mut [InboxRecord<'_>],
) -> Result<(), StoreError> {
    let rejected: Vec<(usize, &str, &TradeStatusSync)> = batch
        .iter()
        .zip(records.iter())
        .enumerate()
        .filter_map(|(at, (message, record))| {
            let notification = about(message, record.outcome())?;
            Some((at, message.account.merchant.as_str(), notification))
        })
        .collect();
    let trades = distinct(rejected.iter().map(|(_, merchant, notification)| MerchantTrade {
        merchant,
        trade_no: &notification.trade_no,
    }));
    let requests = refund_request::of_rejected(connection, &trades)?;
    if requests.is_empty() {
        return Ok(());
    }
    let known = refund::of_trades(connection, &trades)?;
    let mut refunds: Vec<(&str, Refund)> = Vec::new();
    for (at, merchant, notification) in rejected {
        let trade = MerchantTrade { merchant, trade_no: &notification.trade_no };
        let own = refund_request::of_payment(&requests, trade, &notification.out_trade_no);
        let Some(last) = own.last() else { continue };
        let is_all_back = refund_request::given_back(&own).covers(notification.total);
        if !(reports_refund(notification) || is_all_back) {
            continue;
        }
        let refund = Refund::of_trade(notification).filter(|_| is_notification(&batch[at]));
        let is_new = refund.as_ref().is_some_and(|refund| {
            !known.iter().any(|(of, row)| {
                of == merchant
                    && row.trade_no == refund.trade_no
                    && row.refund_key == refund.refund_key
            })
        });
        refunds.extend(refund.map(|refund| (merchant, refund)));
        let evidence = format!(
            "payment {} of {} yuan was rejected, and {} asked for its refund as {}: nothing to do",
            notification.trade_no, notification.total, last.asked_by, last.request_no
        );
        records[at].is_explained(Remark::RejectedPaymentGivenBack, evidence, is_new);
    }
    refunds.sort_by(|(merchant, one), (of, other)| {
        (merchant, &one.trade_no, &one.refund_key).cmp(&(of, &other.trade_no, &other.refund_key))
    });
    refunds.dedup();
    let rows: Vec<(&str, &Refund)> =
        refunds.iter().map(|(merchant, refund)| (*merchant, refund)).collect();
    refund::upsert(connection, &rows)?;
    refund_request::end_notified(connection, &rows)
}

/// What a message says about a trade that its order does not accept.
fn about<'a>(message: &'a InboundMessage, outcome: &Outcome) -> Option<&'a TradeStatusSync> {
    match (&message.content, outcome) {
        (Ok(Content::Trade(notification)), Outcome::Rejected(_) | Outcome::RetryLater)
        // Of an order that is not there an answer has not been looked at yet.
        | (Ok(Content::Answer(notification)), Outcome::Rejected(_)) => Some(notification),
        _ => None,
    }
}

fn is_notification(message: &InboundMessage) -> bool {
    matches!(message.content, Ok(Content::Trade(_)))
}

fn reports_refund(notification: &TradeStatusSync) -> bool {
    let refunded = Facts::REFUNDED_IN_PART | Facts::REFUNDED_IN_FULL;
    Facts::of(notification).intersects(refunded)
        || Facts::of_answer(notification).contains(Facts::REFUNDED_IN_FULL)
}
