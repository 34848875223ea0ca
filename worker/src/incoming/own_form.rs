//! Reads the forms that our own programs write (`queue::Envelope::query_request` and the like).

use alipay::{Charset, Form, QueryAnswer, parse_beijing};
use chrono::{DateTime, Utc};
use config::Merchant;
use order::{QueryReason, RejectionReason};

use super::Content;
use super::verification::believed;
use crate::verdict::Never;

/// A row of the table `decision`, which says what a person decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionNamed {
    /// The order.
    pub order: String,
    /// `decision.id`.
    pub number: i64,
}

pub(super) fn request(form: &Form) -> Result<Content, Never> {
    let asked_by = text(form, "asked_by")?;
    let asked_by = asked_by.as_deref().map_or(QueryReason::Request, QueryReason::read);
    Ok(Content::Request { order: order(form)?, asked_by })
}

/// The answer is verified once more: what lies in a queue is no better than what lies in a database.
/// It is verified as of its own time, so that one that waited is not refused because Alipay's
/// certificate ended meanwhile; that time is believed as that of a notification is.
pub(super) fn answer(
    form: &Form,
    charset: Charset,
    merchant: &Merchant,
    now: DateTime<Utc>,
) -> Result<Content, Never> {
    let order = order(form)?;
    let asked_at = time(form)?;
    let at = believed(asked_at, now);
    let body = form.get("answer").unwrap_or_default();
    match QueryAnswer::read(body, merchant.protocol, charset, &merchant.verifier, at) {
        Err(error) => Err(Never::new(error.reason_code(), error)),
        Ok(QueryAnswer::NotExist) => Ok(Content::NoTrade { order }),
        Ok(QueryAnswer::Trade(said)) if said.out_trade_no != order => {
            let evidence = format!(
                "the gateway was asked about order {order} and answered about {}",
                said.out_trade_no
            );
            Err(Never::new(RejectionReason::AnswerForAnotherOrder, evidence))
        }
        Ok(QueryAnswer::Trade(mut said)) => {
            said.notify_time = Some(asked_at);
            Ok(Content::Answer(said))
        }
    }
}

/// A message of version 0.1 holds the decision itself. Anybody who can publish could have written
/// it, so a person has to decide again.
pub(super) fn decision(form: &Form) -> Result<Content, Never> {
    let order = order(form)?;
    let Some(number) = text(form, "decision_no")? else {
        let said = |name| text(form, name).ok().flatten().unwrap_or_else(|| "?".to_owned());
        let (review, word, by) = (said("review"), said("decision"), said("decided_by"));
        let evidence = format!(
            "the message names no row of the table decision; it says {word} about review {review} of \
             order {order}, by {by}: decide the review again"
        );
        return Err(Never::new(RejectionReason::DecisionWithoutRow, evidence));
    };
    let number = number
        .parse()
        .map_err(|_| unreadable(format!("decision_no {number:?} is not a number")))?;
    Ok(Content::Decision(DecisionNamed { order, number }))
}

pub(super) fn order(form: &Form) -> Result<String, Never> {
    number(form, "out_trade_no")?
        .ok_or_else(|| unreadable("out_trade_no is missing or is no order number".to_owned()))
}

/// A number of ours or of Alipay's, where the value can be one.
pub(super) fn number(form: &Form, name: &str) -> Result<Option<String>, Never> {
    let fits = |number: &String| number.len() <= 64 && !number.contains(char::is_control);
    Ok(text(form, name)?.filter(fits))
}

pub(super) fn time(form: &Form) -> Result<DateTime<Utc>, Never> {
    let time = text(form, "notify_time")?.unwrap_or_default();
    parse_beijing(&time).map_err(|error| unreadable(format!("notify_time: {error}")))
}

/// A value, where there is one. Our own forms are UTF-8, whatever an answer inside is.
pub(super) fn text(form: &Form, name: &str) -> Result<Option<String>, Never> {
    let Some(value) = form.get(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    let text = Charset::Utf8.decode(value);
    text.map(Some).map_err(|error| unreadable(format!("{name}: {error}")))
}

pub(super) fn unreadable(what: String) -> Never {
    Never::new(RejectionReason::UnreadableRequest, what)
}
