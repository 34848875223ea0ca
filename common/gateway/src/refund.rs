//! `alipay.trade.refund` and `alipay.trade.fastpay.refund.query`.

use alipay::{Protocol, RefundAnswer, RefundQuery, RefundQueryAnswer, TradeRef, TradeRefund};
use chrono::Utc;
use service::config::Merchant;

use crate::asker::{Asker, address, offered, same_trade};
use crate::{Gateway, GatewayError};

impl Gateway {
    /// Asks for a refund at the Open Platform. The legacy gateway has none that a program can ask
    /// for: an operator confirms it there ([`alipay::PlatformRefund`]).
    ///
    /// # Errors
    /// [`GatewayError`]. Money may have moved all the same, unless it is
    /// [`is_unsent`](GatewayError::is_unsent): repeat the same refund with the same number, or ask
    /// with [`Gateway::refund_query`].
    pub async fn refund(
        &self,
        merchant: &Merchant,
        refund: &TradeRefund<'_>,
    ) -> Result<RefundAnswer, GatewayError> {
        offered(merchant, Protocol::Openapi, "alipay.trade.refund")?;
        let Asker { account: app_id, charset, signer } = Asker::of(merchant)?;
        let form = refund.openapi(app_id, charset, Utc::now(), &signer)?;
        let body = self.post(address(merchant)?, form.encode()).await?;
        let answer = RefundAnswer::read(&body, charset, &merchant.verifier)?;
        same_trade(refund.which, Some(&answer.out_trade_no), Some(&answer.trade_no))?;
        Ok(answer)
    }

    /// Asks the Open Platform what became of a refund:
    /// [`succeeded`](RefundQueryAnswer::succeeded) reads the answer.
    ///
    /// # Errors
    /// [`GatewayError`]; nothing is known about the refund then.
    pub async fn refund_query(
        &self,
        merchant: &Merchant,
        which: TradeRef<'_>,
        out_request_no: &str,
    ) -> Result<RefundQueryAnswer, GatewayError> {
        offered(merchant, Protocol::Openapi, "alipay.trade.fastpay.refund.query")?;
        let Asker { account: app_id, charset, signer } = Asker::of(merchant)?;
        let form =
            RefundQuery::openapi(app_id, which, out_request_no, charset, Utc::now(), &signer)?;
        let body = self.post(address(merchant)?, form.encode()).await?;
        let answer = RefundQueryAnswer::read(&body, charset, &merchant.verifier)?;
        same_trade(which, answer.out_trade_no.as_deref(), answer.trade_no.as_deref())?;
        Ok(answer)
    }
}
