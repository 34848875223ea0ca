//! Reads the forms that our own programs write (`queue::Envelope::query_request` and the like).

use alipay::{Charset, Form, QueryAnswer, parse_beijing};
use chrono::{DateTime, Utc};
use order::Decision;
use service::config::Merchant;

use super::Content;
use crate::verdict::Never;

/// A person's decision about a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionSaid {
    /// The order.
    pub order: String,
    /// The trade, where it is about one.
    pub trade_no: Option<String>,
    /// `review.id`.
    pub review: i64,
    /// What was decided.
    pub decision: Decision,
    /// Who decided.
    pub decided_by: String,
    /// Why; may be empty.
    pub note: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// `gateway_query.why` holds so much.
const ASKED_BY_LIMIT: usize = 64;

pub(super) fn request(form: &Form) -> Result<Content, Never> {
    let asked_by = text(form, "asked_by")?.filter(|word| word.len() <= ASKED_BY_LIMIT);
    Ok(Content::Request {
        order: order(form)?,
        asked_by: asked_by.unwrap_or_else(|| "request".to_owned()),
    })
}

/// The answer is verified once more: what lies in a queue is no better than what lies in a database.
/// It is verified as of its own time, so that one that waited is not refused because Alipay's
/// certificate ended meanwhile.
pub(super) fn answer(form: &Form, charset: Charset, merchant: &Merchant) -> Result<Content, Never> {
    let order = order(form)?;
    let asked_at = time(form)?;
    let body = form.get("answer").unwrap_or_default();
    match QueryAnswer::read(body, merchant.protocol, charset, &merchant.verifier, asked_at) {
        Err(error) => Err(Never::new(error.reason_code(), error)),
        Ok(QueryAnswer::NotExist) => Ok(Content::NoTrade { order }),
        Ok(QueryAnswer::Trade(said)) if said.out_trade_no != order => {
            let evidence = format!(
                "the gateway was asked about order {order} and answered about {}",
                said.out_trade_no
            );
            Err(Never::new("answer_for_another_order", evidence))
        }
        Ok(QueryAnswer::Trade(mut said)) => {
            said.notify_time = Some(asked_at);
            Ok(Content::Answer(said))
        }
    }
}

pub(super) fn expiry(form: &Form) -> Result<Content, Never> {
    let ended = text(form, "expires_at")?.unwrap_or_default();
    let ended =
        parse_beijing(&ended).map_err(|error| unreadable(format!("expires_at: {error}")))?;
    Ok(Content::Expiry { order: order(form)?, ended, at: time(form)? })
}

pub(super) fn decision(form: &Form) -> Result<Content, Never> {
    let required = |name: &'static str| {
        text(form, name)?.ok_or_else(|| unreadable(format!("the parameter {name} is missing")))
    };
    let review = required("review")?;
    let decision = Decision::read(&required("decision")?)
        .map_err(|error| Never::new("impossible_decision", error))?;
    Ok(Content::Decision(DecisionSaid {
        order: order(form)?,
        trade_no: text(form, "trade_no")?,
        review: review
            .parse()
            .map_err(|_| unreadable(format!("review {review:?} is not a number")))?,
        decision,
        decided_by: required("decided_by")?,
        note: text(form, "note")?.unwrap_or_default(),
        at: time(form)?,
    }))
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
    Never::new("unreadable_request", what)
}
