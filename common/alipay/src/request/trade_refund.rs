//! `alipay.trade.refund` and `alipay.trade.fastpay.refund.query`.

use chrono::{DateTime, Utc};

use super::error::{RequestError, require, require_one_reading};
use super::{Application, TradeRef, openapi};
use crate::parameters::check_number;
use crate::{Charset, Fen, Form, Signer};

/// A refund on the Open Platform. [`RefundAnswer`](crate::RefundAnswer) reads the answer.
#[derive(Debug, Clone, Copy)]
pub struct TradeRefund<'a> {
    /// The trade.
    pub which: TradeRef<'a>,
    /// The amount, above zero.
    pub amount: Fen,
    /// The number of this refund. The same number again repeats the same refund, which is how an
    /// unknown result is tried again; another number refunds once more.
    pub out_request_no: &'a str,
    /// Why; may be empty.
    pub reason: &'a str,
}

impl TradeRefund<'_> {
    /// `alipay.trade.refund`. Its notification goes to the address of the payment.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn openapi<'a>(
        &self,
        application: impl Into<Application<'a>>,
        charset: Charset,
        at: DateTime<Utc>,
        signer: &Signer,
    ) -> Result<Form, RequestError> {
        require(self.amount > Fen::default(), "amount", "is not above zero")?;
        check_request_number(self.out_request_no)?;
        require_one_reading("reason", self.reason)?;
        let amount = self.amount.to_string();
        let content = openapi::texts(&[
            self.which.parameter(),
            ("refund_amount", &amount),
            ("out_request_no", self.out_request_no),
            ("refund_reason", self.reason),
        ]);
        let method = "alipay.trade.refund";
        Ok(openapi::request(method, application, charset, at, &[], &content, signer)?)
    }
}

/// The request that asks for the outcome of a refund. [`RefundQueryAnswer`](crate::RefundQueryAnswer)
/// reads the answer.
#[derive(Debug)]
pub struct RefundQuery;

impl RefundQuery {
    /// `alipay.trade.fastpay.refund.query`. Where a refund was made without a number of its own,
    /// the number is `out_trade_no`.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn openapi<'a>(
        application: impl Into<Application<'a>>,
        which: TradeRef<'_>,
        out_request_no: &str,
        charset: Charset,
        at: DateTime<Utc>,
        signer: &Signer,
    ) -> Result<Form, RequestError> {
        check_request_number(out_request_no)?;
        let content = openapi::texts(&[which.parameter(), ("out_request_no", out_request_no)]);
        let method = "alipay.trade.fastpay.refund.query";
        Ok(openapi::request(method, application, charset, at, &[], &content, signer)?)
    }
}

fn check_request_number(number: &str) -> Result<(), RequestError> {
    check_number(number)
        .map_err(|problem| RequestError::Invalid { parameter: "out_request_no".into(), problem })
}
