//! Reads what our own programs ask of a worker: queries, answers, decisions, expiries
//! (`queue::Envelope::query_request` and the like).

use alipay::{Charset, Form, QueryAnswer, parse_beijing};
use chrono::{DateTime, Utc};
use config::Merchant;
use order::{QueryReason, RejectionReason};

use super::verification::bounded_receipt_time;
use super::{Content, Rejection, usable};

/// A row of the table `decision`, which says what a person decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDecision {
    /// The order.
    pub order: String,
    /// `decision.id`.
    pub number: i64,
}

pub(super) fn request(form: &Form) -> Result<Content, Rejection> {
    let asked_by = text(form, "asked_by")?;
    let asked_by = asked_by.as_deref().map_or(QueryReason::Request, QueryReason::read);
    Ok(Content::Request { order: order(form)?, asked_by })
}

/// The answer is verified again: the queue is not trusted more than the database. It is verified as of its own time, so
/// that an answer which waited is not refused because Alipay's certificate has expired meanwhile; that time is limited
/// like the one of a notification.
pub(super) fn answer(
    form: &Form,
    charset: Charset,
    merchant: &Merchant,
    now: DateTime<Utc>,
) -> Result<Content, Rejection> {
    let order = order(form)?;
    let asked_at = time(form)?;
    let at = bounded_receipt_time(asked_at, now);
    let body = form.get("answer").unwrap_or_default();
    match QueryAnswer::read(body, merchant.protocol, charset, &merchant.verifier, at) {
        Err(error) => Err(Rejection::new(error.reason_code(), error)),
        Ok(QueryAnswer::NotExist) => Ok(Content::NoTrade { order }),
        Ok(QueryAnswer::Trade(answer)) if answer.out_trade_no != order => {
            let evidence = format!(
                "the gateway was asked about order {order} and answered about {}",
                answer.out_trade_no
            );
            Err(Rejection::new(RejectionReason::AnswerForAnotherOrder, evidence))
        }
        Ok(QueryAnswer::Trade(mut answer)) => {
            answer.notify_time = Some(asked_at);
            Ok(Content::Answer(answer))
        }
    }
}

/// A message of version 0.1 holds the decision itself. Anybody who can publish could have written it, so a person must
/// decide again.
pub(super) fn decision(form: &Form) -> Result<Content, Rejection> {
    let order = order(form)?;
    let Some(number) = text(form, "decision_no")? else {
        let word = |name| text(form, name).ok().flatten().unwrap_or_else(|| "?".to_owned());
        let (review, decision, by) = (word("review"), word("decision"), word("decided_by"));
        let evidence = format!(
            "the message names no row of the table decision; it says {decision} about review {review} of \
             order {order}, by {by}: decide the review again"
        );
        return Err(Rejection::new(RejectionReason::DecisionWithoutRow, evidence));
    };
    let number = number
        .parse()
        .map_err(|_| unreadable(format!("decision_no {number:?} is not a number")))?;
    Ok(Content::Decision(NamedDecision { order, number }))
}

pub(super) fn order(form: &Form) -> Result<String, Rejection> {
    number(form, "out_trade_no")?
        .ok_or_else(|| unreadable("out_trade_no is missing or is no order number".to_owned()))
}

/// A number of an order, trade or request, if the value can be one.
pub(super) fn number(form: &Form, name: &str) -> Result<Option<String>, Rejection> {
    Ok(text(form, name)?.and_then(usable))
}

pub(super) fn time(form: &Form) -> Result<DateTime<Utc>, Rejection> {
    let time = text(form, "notify_time")?.unwrap_or_default();
    parse_beijing(&time).map_err(|error| unreadable(format!("notify_time: {error}")))
}

/// A value, where there is one. Our own forms are UTF-8, whatever the charset of an answer inside.
pub(super) fn text(form: &Form, name: &str) -> Result<Option<String>, Rejection> {
    let Some(value) = form.get(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    let text = Charset::Utf8.decode(value);
    text.map(Some).map_err(|error| unreadable(format!("{name}: {error}")))
}

pub(super) fn unreadable(what: String) -> Rejection {
    Rejection::new(RejectionReason::UnreadableRequest, what)
}
