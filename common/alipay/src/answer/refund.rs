//! The answers to `alipay.trade.refund` and `alipay.trade.fastpay.refund.query`.

use chrono::{DateTime, Utc};

use super::json::{GatewayOutcome, SignedNode};
use crate::{AnswerError, Charset, Fen, RefundStatus, Verifier};

/// The answer to `alipay.trade.refund`: the request was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundAnswer {
    /// The merchant's order number.
    pub out_trade_no: String,
    /// Alipay's trade number.
    pub trade_no: String,
    /// Whether this request moved money. `false` is no failure: the same request was carried out
    /// before, or is still on its way; the refund query says which.
    pub moved: bool,
    /// All that was refunded of this trade so far, not the amount of this request.
    pub refunded: Option<Fen>,
    /// When money was last refunded.
    pub gmt_refund_pay: Option<DateTime<Utc>>,
}

impl RefundAnswer {
    /// Reads the body of an answer, byte for byte as it was received `at` a time.
    ///
    /// # Errors
    /// [`AnswerError`]; a trade that does not exist is `Refused`.
    pub fn read(
        body: &[u8],
        charset: Charset,
        verifier: &Verifier,
        at: DateTime<Utc>,
    ) -> Result<RefundAnswer, AnswerError> {
        let node = carried_out(body, "alipay_trade_refund_response", charset, verifier, at)?;
        let parameters = node.parameters();
        Ok(RefundAnswer {
            out_trade_no: parameters.number("out_trade_no")?,
            trade_no: parameters.number("trade_no")?,
            moved: parameters.text("fund_change")?.as_deref() == Some("Y"),
            refunded: parameters.amount("refund_fee")?,
            gmt_refund_pay: parameters.time("gmt_refund_pay")?,
        })
    }
}

/// The answer to `alipay.trade.fastpay.refund.query`. Alipay also answers for a number that it does
/// not know, with next to nothing in it: see [`RefundQueryAnswer::succeeded`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundQueryAnswer {
    /// The merchant's order number.
    pub out_trade_no: Option<String>,
    /// Alipay's trade number.
    pub trade_no: Option<String>,
    /// The number of the refund.
    pub out_request_no: Option<String>,
    /// The state of the refund; older answers have none.
    pub refund_status: Option<RefundStatus>,
    /// The amount of this refund.
    pub refund_amount: Option<Fen>,
    /// The total of the trade.
    pub total_amount: Option<Fen>,
    /// When money was refunded.
    pub gmt_refund_pay: Option<DateTime<Utc>>,
}

impl RefundQueryAnswer {
    /// Reads the body of an answer, byte for byte as it was received `at` a time.
    ///
    /// # Errors
    /// [`AnswerError`]; a trade that does not exist is `Refused`.
    pub fn read(
        body: &[u8],
        charset: Charset,
        verifier: &Verifier,
        at: DateTime<Utc>,
    ) -> Result<RefundQueryAnswer, AnswerError> {
        let name = "alipay_trade_fastpay_refund_query_response";
        let node = carried_out(body, name, charset, verifier, at)?;
        let parameters = node.parameters();
        Ok(RefundQueryAnswer {
            out_trade_no: parameters.text("out_trade_no")?,
            trade_no: parameters.text("trade_no")?,
            out_request_no: parameters.text("out_request_no")?,
            refund_status: parameters.text("refund_status")?.map(RefundStatus::from),
            refund_amount: parameters.amount("refund_amount")?,
            total_amount: parameters.amount("total_amount")?,
            gmt_refund_pay: parameters.time("gmt_refund_pay")?,
        })
    }

    /// Whether the refund of this number and amount was made: the state says so, or, in answers
    /// without a state, the amount is there. Both must be for this number and this amount.
    pub fn succeeded(&self, out_request_no: &str, amount: Fen) -> bool {
        let same = self.out_request_no.as_deref().is_none_or(|number| number == out_request_no);
        match (&self.refund_status, self.refund_amount) {
            (Some(RefundStatus::Success), None) => same,
            (Some(RefundStatus::Success) | None, Some(refunded)) => same && refunded == amount,
            _ => false,
        }
    }
}

fn carried_out(
    body: &[u8],
    name: &str,
    charset: Charset,
    verifier: &Verifier,
    at: DateTime<Utc>,
) -> Result<SignedNode, AnswerError> {
    let node = SignedNode::read(body, name, charset, verifier, at)?;
    match node.outcome()? {
        GatewayOutcome::Success => Ok(node),
        GatewayOutcome::NotExist => Err(node.refusal()),
    }
}
