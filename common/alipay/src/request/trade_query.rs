//! `single_trade_query` and `alipay.trade.query`: the outcome of a trade.

use chrono::{DateTime, Utc};

use super::{Application, mapi, openapi};
use crate::{Charset, Form, KeyError, Signer};

/// Which trade is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TradeRef<'a> {
    /// The merchant's order number.
    OutTradeNo(&'a str),
    /// Alipay's trade number.
    TradeNo(&'a str),
}

impl<'a> TradeRef<'a> {
    /// Name and value of the parameter.
    pub(super) fn parameter(self) -> (&'static str, &'a str) {
        match self {
            TradeRef::OutTradeNo(number) => ("out_trade_no", number),
            TradeRef::TradeNo(number) => ("trade_no", number),
        }
    }
}

/// The request that asks for the outcome of a trade. [`QueryAnswer`](crate::QueryAnswer) reads the
/// answer.
#[derive(Debug)]
pub struct TradeQuery;

impl TradeQuery {
    /// `single_trade_query` of the legacy gateway.
    ///
    /// # Errors
    /// [`KeyError::SigningFailed`], also for a number that the charset cannot write.
    pub fn mapi(
        partner: &str,
        which: TradeRef<'_>,
        charset: Charset,
        signer: &Signer,
    ) -> Result<Form, KeyError> {
        mapi::request("single_trade_query", partner, charset, &[which.parameter()], signer)
    }

    /// `alipay.trade.query` of the Open Platform. `at` is the time of the request; the gateway
    /// refuses one that is far from its own.
    ///
    /// # Errors
    /// [`KeyError::SigningFailed`], also for a number that the charset cannot write.
    pub fn openapi<'a>(
        application: impl Into<Application<'a>>,
        which: TradeRef<'_>,
        charset: Charset,
        at: DateTime<Utc>,
        signer: &Signer,
    ) -> Result<Form, KeyError> {
        let content = openapi::texts(&[which.parameter()]);
        openapi::request("alipay.trade.query", application, charset, at, &[], &content, signer)
    }
}
