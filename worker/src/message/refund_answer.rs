//! Reads the gateway's answers to a refund (`queue::Envelope::refund_answer`).

use alipay::{Charset, Fen, Form, RefundAnswer, RefundQueryAnswer};
use chrono::{DateTime, Utc};
use config::Merchant;
use order::{ConfirmedRefund, RejectionReason};

use super::command::{number, order, text, time, unreadable};
use super::verification::believed;
use super::{Content, Rejection};

/// The answers are verified once more. Only `fund_change=Y`, or `REFUND_SUCCESS` for the very number
/// and amount, says that money has moved (docs/protocol.md §12).
pub(super) fn read(
    form: &Form,
    charset: Charset,
    merchant: &Merchant,
    now: DateTime<Utc>,
) -> Result<Content, Rejection> {
    let order = order(form)?;
    let asked_at = time(form)?;
    let at = believed(asked_at, now);
    let number = |name: &str| {
        number(form, name)?.ok_or_else(|| unreadable(format!("{name} is missing or is no number")))
    };
    let (trade_no, request_no) = (number("trade_no")?, number("out_request_no")?);
    let amount = text(form, "refund_amount")?.unwrap_or_default();
    let amount = Fen::parse(&amount)
        .ok()
        .filter(|amount| *amount > Fen::default())
        .ok_or_else(|| unreadable(format!("refund_amount {amount:?} is no amount above zero")))?;
    let answers = RefundAnswers {
        refund: refund(form, charset, merchant, at)?,
        query: query(form, charset, merchant, at)?,
    };
    answers.check(&order, &trade_no)?;
    let moved = answers.refund.as_ref().is_some_and(|answer| answer.moved);
    let done = answers.query.as_ref().is_some_and(|answer| answer.succeeded(&request_no, amount));
    if !moved && !done {
        let evidence = format!("no answer says that refund {request_no} of order {order} was made");
        return Err(Rejection::new(RejectionReason::RefundNotConfirmed, evidence));
    }
    let refunded = answers.refund.as_ref().and_then(|answer| answer.refunded);
    // One answer must identify the refund: by its number, or by the total refunded so far, which a lane compares with
    // the books. Otherwise the answer to another refund of the same amount would be accepted.
    let query = answers.query.as_ref();
    if refunded.is_none() && !query.is_some_and(|answer| done && answer.out_request_no.is_some()) {
        let evidence = format!("no answer names the refund {request_no} or all that was refunded");
        return Err(Rejection::new(RejectionReason::RefundNotConfirmed, evidence));
    }
    if let Some(less) = refunded.filter(|refunded| *refunded < amount) {
        let evidence = format!("refund {request_no} of {amount} yuan, and only {less} in all");
        return Err(Rejection::new(RejectionReason::RefundNotConfirmed, evidence));
    }
    let (at, queried_at) = (
        answers
            .refund
            .as_ref()
            .filter(|answer| answer.moved)
            .and_then(|answer| answer.gmt_refund_pay),
        answers.query.as_ref().and_then(|answer| answer.gmt_refund_pay),
    );
    Ok(Content::RefundAnswer(ConfirmedRefund {
        out_trade_no: order,
        trade_no,
        request_no,
        amount,
        refunded,
        total: answers.query.as_ref().and_then(|answer| answer.total_amount),
        gmt_refund: queried_at.or(at),
        asked_at,
    }))
}

struct RefundAnswers {
    refund: Option<RefundAnswer>,
    query: Option<RefundQueryAnswer>,
}

impl RefundAnswers {
    /// An error unless both answers are about this trade of this order. A parameter that an answer leaves out cannot
    /// disagree: the question named the trade.
    fn check(&self, order: &str, trade_no: &str) -> Result<(), Rejection> {
        let refund = self.refund.as_ref();
        let query = self.query.as_ref();
        let named = [
            (order, refund.map(|answer| answer.out_trade_no.as_str())),
            (order, query.and_then(|answer| answer.out_trade_no.as_deref())),
            (trade_no, refund.map(|answer| answer.trade_no.as_str())),
            (trade_no, query.and_then(|answer| answer.trade_no.as_deref())),
        ];
        for (asked, answered) in named {
            if let Some(other) = answered.filter(|answered| *answered != asked) {
                let evidence = format!(
                    "a refund of trade {trade_no} of order {order} was answered about {other}"
                );
                return Err(Rejection::new(RejectionReason::AnswerForAnotherOrder, evidence));
            }
        }
        Ok(())
    }
}

fn refund(
    form: &Form,
    charset: Charset,
    merchant: &Merchant,
    at: DateTime<Utc>,
) -> Result<Option<RefundAnswer>, Rejection> {
    let Some(body) = form.get("refund") else { return Ok(None) };
    let answer = RefundAnswer::read(body, charset, &merchant.verifier, at);
    answer.map(Some).map_err(|error| Rejection::new(error.reason_code(), error))
}

fn query(
    form: &Form,
    charset: Charset,
    merchant: &Merchant,
    at: DateTime<Utc>,
) -> Result<Option<RefundQueryAnswer>, Rejection> {
    let Some(body) = form.get("refund_query") else { return Ok(None) };
    let answer = RefundQueryAnswer::read(body, charset, &merchant.verifier, at);
    answer.map(Some).map_err(|error| Rejection::new(error.reason_code(), error))
}
