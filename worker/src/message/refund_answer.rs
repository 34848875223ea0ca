//! Reads the gateway's answers to a refund (`queue::Envelope::refund_answer`).

use alipay::{AnswerError, Charset, Fen, Form, RefundAnswer, RefundQueryAnswer};
use chrono::{DateTime, Utc};
use config::Merchant;
use order::{ConfirmedRefund, RejectionReason};

use super::command::{number, order, text, time, unreadable};
use super::verification::bounded_receipt_time;
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
    let at = bounded_receipt_time(asked_at, now);
    let number = |name: &str| {
        number(form, name)?.ok_or_else(|| unreadable(format!("{name} is missing or is no number")))
    };
    let (trade_no, request_no) = (number("trade_no")?, number("out_request_no")?);
    let amount = text(form, "refund_amount")?.unwrap_or_default();
    let amount = Fen::parse(&amount)
        .ok()
        .filter(|amount| *amount > Fen::default())
        .ok_or_else(|| unreadable(format!("refund_amount {amount:?} is no amount above zero")))?;
    let verifier = &merchant.verifier;
    let refund = answer(form, "refund", |body| RefundAnswer::read(body, charset, verifier, at))?;
    let query =
        answer(form, "refund_query", |body| RefundQueryAnswer::read(body, charset, verifier, at))?;
    let (refund, query) = (refund.as_ref(), query.as_ref());
    check_trade(&order, &trade_no, refund, query)?;
    let moved = refund.is_some_and(|answer| answer.moved);
    let done = query.is_some_and(|answer| answer.succeeded(&request_no, amount));
    if !moved && !done {
        let evidence = format!("no answer says that refund {request_no} of order {order} was made");
        return Err(Rejection::new(RejectionReason::RefundNotConfirmed, evidence));
    }
    let refunded = refund.and_then(|answer| answer.refunded);
    // One answer must identify the refund: by its number, or by the total refunded so far, which a lane compares with
    // the refunds on record. Otherwise the answer to another refund of the same amount would be accepted.
    if refunded.is_none() && !query.is_some_and(|answer| done && answer.out_request_no.is_some()) {
        let evidence = format!("no answer names the refund {request_no} or all that was refunded");
        return Err(Rejection::new(RejectionReason::RefundNotConfirmed, evidence));
    }
    if let Some(less) = refunded.filter(|refunded| *refunded < amount) {
        let evidence = format!("refund {request_no} of {amount} yuan, and only {less} in all");
        return Err(Rejection::new(RejectionReason::RefundNotConfirmed, evidence));
    }
    let moved_at = refund.filter(|answer| answer.moved).and_then(|answer| answer.gmt_refund_pay);
    Ok(Content::RefundAnswer(ConfirmedRefund {
        out_trade_no: order,
        trade_no,
        request_no,
        amount,
        refunded,
        total: query.and_then(|answer| answer.total_amount),
        gmt_refund: query.and_then(|answer| answer.gmt_refund_pay).or(moved_at),
        asked_at,
    }))
}

/// An error unless both answers are about this trade of this order. A parameter that an answer leaves out cannot
/// disagree: the query named the trade.
fn check_trade(
    order: &str,
    trade_no: &str,
    refund: Option<&RefundAnswer>,
    query: Option<&RefundQueryAnswer>,
) -> Result<(), Rejection> {
    let named = [
        (order, refund.map(|answer| answer.out_trade_no.as_str())),
        (order, query.and_then(|answer| answer.out_trade_no.as_deref())),
        (trade_no, refund.map(|answer| answer.trade_no.as_str())),
        (trade_no, query.and_then(|answer| answer.trade_no.as_deref())),
    ];
    for (asked, answered) in named {
        if let Some(other) = answered.filter(|answered| *answered != asked) {
            let evidence =
                format!("a refund of trade {trade_no} of order {order} was answered about {other}");
            return Err(Rejection::new(RejectionReason::AnswerForAnotherOrder, evidence));
        }
    }
    Ok(())
}

/// The answer in a parameter, where there is one.
fn answer<T>(
    form: &Form,
    parameter: &str,
    read: impl FnOnce(&[u8]) -> Result<T, AnswerError>,
) -> Result<Option<T>, Rejection> {
    let answer = form.get(parameter).map(read).transpose();
    answer.map_err(|error| Rejection::new(error.reason_code(), error))
}
