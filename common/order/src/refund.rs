//! A refund as one row: what Alipay reports about one refund request of one trade.

use alipay::{BatchRefundItem, BatchRefundNotify, Fen, TradeStatusSync, format_beijing};
use chrono::{DateTime, Utc};

/// The result of a refund that was made.
pub const SUCCESS: &str = "SUCCESS";

/// Alipay's answer to a refund that was asked for: the money has moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedRefund {
    /// The order.
    pub out_trade_no: String,
    /// The trade.
    pub trade_no: String,
    /// The number that it was asked for with.
    pub request_no: String,
    /// The amount of this refund, fen.
    pub amount: Fen,
    /// All refunds of the trade at the time of the answer, fen, where an answer has it.
    pub refunded: Option<Fen>,
    /// The total of the trade, fen, where an answer has it.
    pub total: Option<Fen>,
    /// When the money was refunded, where an answer has it.
    pub gmt_refund: Option<DateTime<Utc>>,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
}

closed_set! {
    /// `refund_request.state`: the outcome of a refund that was asked for.
    pub enum RefundRequestState {
        /// Not sent yet; at the legacy gateway: waits for a person's password.
        Asked,
        /// Sent; no answer says how it ended.
        Unknown,
        /// Alipay has refunded it.
        Accepted,
        /// Alipay has not, and will not unless it is asked again.
        Refused,
    }
}

/// Who repeats a refund request that could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatedBy {
    /// A worker, by itself.
    Worker,
    /// Not repeated, unless an operator repeats the command.
    Operator,
}

impl RefundRequestState {
    /// Alipay has said how it ended: no worker repeats it.
    pub fn has_ended(self) -> bool {
        matches!(self, RefundRequestState::Accepted | RefundRequestState::Refused)
    }

    /// The state of a request that could not be sent: it waits if a worker repeats it, otherwise it has ended.
    pub fn unsent(by: RepeatedBy) -> RefundRequestState {
        match by {
            RepeatedBy::Worker => RefundRequestState::Asked,
            RepeatedBy::Operator => RefundRequestState::Refused,
        }
    }
}

/// One refund of one trade.
///
/// The Open Platform sends the trade's *running total* with each refund; the legacy gateway sends
/// the single *amount* in a `batch_refund_notify`, which carries no order number, so rows are kept
/// by trade number with or without an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The trade that money was given back from.
    pub trade_no: String,
    /// What makes the row unique within its trade: `batch_no`, or request number and `gmt_refund`; of
    /// an answer the request number alone.
    pub refund_key: String,
    /// `out_biz_no` (Open Platform) or `batch_no` (legacy gateway).
    pub request_no: String,
    /// The trade's running total after this refund, fen (Open Platform).
    pub running_total: Option<Fen>,
    /// This refund's amount, fen (legacy batch, and answers).
    pub amount: Option<Fen>,
    /// The batch item's result: `SUCCESS` or an error code; of an answer `SUCCESS`. A notification of
    /// the Open Platform has none.
    pub result: Option<String>,
    /// When the money went back.
    pub gmt_refund: Option<DateTime<Utc>>,
}

/// Whether the refund of a row with this result was made. The row of an Open Platform notification has no result: such a
/// notification tells only of refunds that were made.
pub fn is_made(result: Option<&str>) -> bool {
    result.is_none_or(|result| result == SUCCESS)
}

/// The key of a row that an answer confirms: that of a notification ends with the time of the refund.
fn key_of_answer(request_no: &str) -> String {
    format!("{request_no}{KEY_AND_TIME}")
}

/// Whether a row with this key comes from an answer and not from a notification.
pub fn is_of_answer(refund_key: &str) -> bool {
    refund_key.ends_with(KEY_AND_TIME)
}

/// Between the number of a request and the time of its refund in a `refund_key`.
const KEY_AND_TIME: char = '@';

impl Refund {
    /// The refund that an Open Platform notification reports, if it reports one.
    pub fn of_trade(notification: &TradeStatusSync) -> Option<Refund> {
        let running_total = notification.refund_fee.filter(|fee| *fee > Fen::new(0))?;
        let request_no = notification.request_no.clone().unwrap_or_default();
        let at = notification.gmt_refund.map(format_beijing).unwrap_or_default();
        Some(Refund {
            trade_no: notification.trade_no.clone(),
            refund_key: format!("{request_no}{KEY_AND_TIME}{at}"),
            request_no,
            running_total: Some(running_total),
            amount: None,
            result: None,
            gmt_refund: notification.gmt_refund,
        })
    }

    /// The row of an answer to a refund that was asked for. It has no time in its key: answers have seconds where
    /// notifications have milliseconds. So a notification of the same refund has a row of its own; programs that show
    /// refunds to a person show one of the two.
    pub fn of_answer(answer: &ConfirmedRefund) -> Refund {
        let refund = Refund::made(&answer.trade_no, &answer.request_no, answer.amount);
        Refund { running_total: answer.refunded, gmt_refund: answer.gmt_refund, ..refund }
    }

    /// The row of a refund that an answer confirms, without running total and time: see [`Refund::of_answer`].
    pub fn made(trade_no: &str, request_no: &str, amount: Fen) -> Refund {
        Refund {
            trade_no: trade_no.to_owned(),
            refund_key: key_of_answer(request_no),
            request_no: request_no.to_owned(),
            running_total: None,
            amount: Some(amount),
            result: Some(SUCCESS.to_owned()),
            gmt_refund: None,
        }
    }

    /// The row of one item of a legacy `batch_refund_notify`.
    pub fn of_batch_item(batch: &BatchRefundNotify, item: &BatchRefundItem) -> Refund {
        Refund {
            trade_no: item.trade_no.clone(),
            refund_key: batch.batch_no.clone(),
            request_no: batch.batch_no.clone(),
            running_total: None,
            amount: Some(item.amount),
            result: Some(item.result.clone()),
            // A batch names no time of its own and `notify_time` changes with each repeat, so a
            // time taken from it would depend on which repeat came first.
            gmt_refund: None,
        }
    }

    /// Whether it was made: see [`is_made`].
    pub fn is_made(&self) -> bool {
        is_made(self.result.as_deref())
    }

    /// Whether it has the result of a success: a batch item or an answer.
    pub fn states_success(&self) -> bool {
        self.result.as_deref() == Some(SUCCESS)
    }

    pub(crate) fn amount_or_zero(&self) -> Fen {
        self.amount.unwrap_or(Fen::new(0))
    }

    /// Takes in another report of the same refund. A success stays a success.
    pub fn merge(&mut self, other: &Refund) {
        let rank = |refund: &Refund| (refund.states_success(), refund.result.clone());
        if rank(other) > rank(self) {
            self.result.clone_from(&other.result);
        }
        self.running_total = self.running_total.max(other.running_total);
        self.amount = self.amount.max(other.amount);
        self.gmt_refund = self.gmt_refund.max(other.gmt_refund);
    }
}

#[cfg(test)]
mod tests {
    use super::{RefundRequestState, RepeatedBy};

    #[test]
    fn what_was_not_sent_waits_only_where_a_worker_repeats_it() {
        assert_eq!(RefundRequestState::unsent(RepeatedBy::Worker), RefundRequestState::Asked);
        assert_eq!(RefundRequestState::unsent(RepeatedBy::Operator), RefundRequestState::Refused);
    }
}
