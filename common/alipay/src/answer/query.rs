//! The answer to `single_trade_query` and `alipay.trade.query`.

use chrono::{DateTime, Utc};

use super::json::{GatewayOutcome, SignedNode};
use super::xml;
use crate::parameters::Parameters;
use crate::{AnswerError, Charset, Form, Protocol, TradeStatusSync, Verifier};

/// What the gateway says about a trade that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryAnswer {
    /// The trade, in the words of a notification about it. Its signature was verified.
    ///
    /// It may be another trade than the one asked for: the caller compares `out_trade_no` or
    /// `trade_no`. The Open Platform repeats neither `app_id` nor, as a rule, `seller_id`.
    Trade(Box<TradeStatusSync>),
    /// Alipay has no such trade. Normal until the buyer has scanned or logged in: it says nothing
    /// about money. Not signed by the legacy gateway.
    NotExist,
}

/// Alipay's word for a trade that it does not know.
pub const TRADE_NOT_EXIST: &str = "TRADE_NOT_EXIST";

impl QueryAnswer {
    /// Reads the body of an answer, byte for byte as it was received `at` a time.
    ///
    /// `charset` is that of the request; an XML answer that declares another one is read in that.
    ///
    /// # Errors
    /// [`AnswerError`]; whatever is not verified is an error and never a trade.
    pub fn read(
        body: &[u8],
        protocol: Protocol,
        charset: Charset,
        verifier: &Verifier,
        at: DateTime<Utc>,
    ) -> Result<QueryAnswer, AnswerError> {
        match protocol {
            Protocol::Mapi => single_trade_query(body, charset, verifier, at),
            Protocol::Openapi => alipay_trade_query(body, charset, verifier, at),
        }
    }

    /// Alipay's word: the status of the trade, or that there is none.
    pub fn as_str(&self) -> &str {
        match self {
            QueryAnswer::Trade(trade) => trade.trade_status.as_str(),
            QueryAnswer::NotExist => TRADE_NOT_EXIST,
        }
    }

    /// Alipay knows of no payment: no trade, or one that waits for its buyer.
    pub fn is_unpaid(&self) -> bool {
        match self {
            QueryAnswer::Trade(trade) => trade.trade_status.is_unpaid(),
            QueryAnswer::NotExist => true,
        }
    }
}

fn single_trade_query(
    body: &[u8],
    charset: Charset,
    verifier: &Verifier,
    at: DateTime<Utc>,
) -> Result<QueryAnswer, AnswerError> {
    match xml::XmlAnswer::read(body, "trade", charset)? {
        xml::XmlAnswer::Failure(error) if error == TRADE_NOT_EXIST => Ok(QueryAnswer::NotExist),
        xml::XmlAnswer::Failure(error) => Err(AnswerError::refused(&error, "")),
        xml::XmlAnswer::Success(fields) => {
            let (form, charset) = fields.verified(verifier, at)?;
            trade(&Parameters { form: &form, charset, is_guarded: false }, Protocol::Mapi)
        }
    }
}

fn alipay_trade_query(
    body: &[u8],
    charset: Charset,
    verifier: &Verifier,
    at: DateTime<Utc>,
) -> Result<QueryAnswer, AnswerError> {
    let mut node = SignedNode::read(body, "alipay_trade_query_response", charset, verifier, at)?;
    match node.outcome()? {
        GatewayOutcome::NotExist => Ok(QueryAnswer::NotExist),
        GatewayOutcome::Success => {
            rename(&mut node.fields, "send_pay_date", "gmt_payment");
            rename(&mut node.fields, "buyer_user_id", "buyer_id");
            trade(&node.parameters(), Protocol::Openapi)
        }
    }
}

fn trade(fields: &Parameters<'_>, protocol: Protocol) -> Result<QueryAnswer, AnswerError> {
    let trade = TradeStatusSync::read(fields, protocol)?;
    Ok(QueryAnswer::Trade(Box::new(trade)))
}

/// Gives a value the name that it has in notifications, unless that name is there too.
fn rename(fields: &mut Form, from: &str, to: &str) {
    if fields.get(to).is_none_or(<[u8]>::is_empty)
        && let Some(value) = fields.get(from).map(<[u8]>::to_vec)
    {
        fields.set(to, value);
    }
}
