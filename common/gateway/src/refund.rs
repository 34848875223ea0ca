//! `alipay.trade.refund` and `alipay.trade.fastpay.refund.query`.

use alipay::{Protocol, RefundAnswer, RefundQuery, RefundQueryAnswer, TradeRef, TradeRefund};
use chrono::Utc;
use config::Merchant;

use crate::credentials::{Credentials, address, offered, same_trade};
use crate::{Gateway, GatewayError, VerifiedAnswer};

impl Gateway {
    /// Asks for a refund at the Open Platform. The legacy gateway has none that a program can ask
    /// for: an operator confirms it there ([`alipay::PlatformRefund`]).
    /// [`Gateway::carry_out_refund`] also asks for its outcome.
    ///
    /// # Errors
    /// [`GatewayError`]. Money may have moved anyway, unless it is
    /// [`is_unsent`](GatewayError::is_unsent): repeat the same refund with the same number, or ask
    /// with [`Gateway::refund_query`].
    pub async fn refund(
        &self,
        merchant: &Merchant,
        refund: &TradeRefund<'_>,
    ) -> Result<VerifiedAnswer<RefundAnswer>, GatewayError> {
        offered(merchant, Protocol::Openapi, "alipay.trade.refund")?;
        let Credentials { application, charset, signer, .. } = Credentials::of(merchant)?;
        let asked_at = Utc::now();
        let form = refund.openapi(application, charset, asked_at, &signer)?;
        let body = self.post(address(merchant)?, form.encode()).await?;
        let answer = RefundAnswer::read(&body, charset, &merchant.verifier, asked_at)?;
        same_trade(refund.which, Some(&answer.out_trade_no), Some(&answer.trade_no))?;
        Ok(VerifiedAnswer { asked_at, charset, body, answer })
    }

    /// Asks the Open Platform for the outcome of a refund:
    /// [`succeeded`](RefundQueryAnswer::succeeded) reads the answer.
    ///
    /// # Errors
    /// [`GatewayError`]; nothing is known about the refund then.
    pub async fn refund_query(
        &self,
        merchant: &Merchant,
        which: TradeRef<'_>,
        out_request_no: &str,
    ) -> Result<VerifiedAnswer<RefundQueryAnswer>, GatewayError> {
        offered(merchant, Protocol::Openapi, "alipay.trade.fastpay.refund.query")?;
        let Credentials { application, charset, signer, .. } = Credentials::of(merchant)?;
        let asked_at = Utc::now();
        let form =
            RefundQuery::openapi(application, which, out_request_no, charset, asked_at, &signer)?;
        let body = self.read(address(merchant)?, form.encode()).await?;
        let answer = RefundQueryAnswer::read(&body, charset, &merchant.verifier, asked_at)?;
        same_trade(which, answer.out_trade_no.as_deref(), answer.trade_no.as_deref())?;
        Ok(VerifiedAnswer { asked_at, charset, body, answer })
    }
}
