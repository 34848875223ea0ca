//! `close_trade` and `alipay.trade.close`.

use alipay::{CloseAnswer, Protocol, TradeClose, TradeRef};
use chrono::Utc;
use config::Merchant;

use crate::credentials::{Credentials, address};
use crate::{Gateway, GatewayError};

impl Gateway {
    /// Closes an unpaid trade, so that it can no longer be paid.
    ///
    /// # Errors
    /// [`GatewayError`]; whether the trade is closed is not known then. A trade that was paid is
    /// [`Refused`](alipay::AnswerError::Refused).
    pub async fn close(
        &self,
        merchant: &Merchant,
        which: TradeRef<'_>,
    ) -> Result<CloseAnswer, GatewayError> {
        let Credentials { account, application, charset, signer } = Credentials::of(merchant)?;
        let form = match merchant.protocol {
            Protocol::Mapi => TradeClose::mapi(account, which, charset, &signer)?,
            Protocol::Openapi => {
                TradeClose::openapi(application, which, charset, Utc::now(), &signer)?
            }
        };
        let body = self.post(address(merchant)?, form.encode()).await?;
        let (protocol, verifier) = (merchant.protocol, &merchant.verifier);
        Ok(CloseAnswer::read(&body, protocol, charset, verifier, Utc::now())?)
    }
}
