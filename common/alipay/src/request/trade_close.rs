//! `close_trade` and `alipay.trade.close`: an unpaid trade can no longer be paid.

use chrono::{DateTime, Utc};

use super::{Application, TradeRef, mapi, openapi};
use crate::{Charset, Form, KeyError, Signer};

/// The request that closes an unpaid trade. [`CloseAnswer`](crate::CloseAnswer) reads the answer.
#[derive(Debug)]
pub struct TradeClose;

impl TradeClose {
    /// `close_trade` of the legacy gateway, which calls the order number `out_order_no` here.
    ///
    /// # Errors
    /// [`KeyError::SigningFailed`], also for a number that the charset cannot write.
    pub fn mapi(
        partner: &str,
        which: TradeRef<'_>,
        charset: Charset,
        signer: &Signer,
    ) -> Result<Form, KeyError> {
        let parameter = match which {
            TradeRef::OutTradeNo(number) => ("out_order_no", number),
            TradeRef::TradeNo(number) => ("trade_no", number),
        };
        mapi::request("close_trade", partner, charset, &[parameter], signer)
    }

    /// `alipay.trade.close` of the Open Platform.
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
        openapi::request("alipay.trade.close", application, charset, at, &[], &content, signer)
    }
}
