//! `notify_verify` and `query_timestamp`, which are not signed: legacy gateway only.

use alipay::{NotifyVerify, NotifyVerifyAnswer, Protocol, QueryTimestamp, TimestampAnswer, link};
use config::Merchant;

use crate::credentials::{account, offered, parse};
use crate::{Gateway, GatewayError};

impl Gateway {
    /// Asks whether the gateway sent a notification of this number, as it is in the form that
    /// was decoded once. Alipay forgets the number when the notification was answered `success`.
    ///
    /// # Errors
    /// [`GatewayError`]; nothing is known about the notification then.
    pub async fn notify_verify(
        &self,
        merchant: &Merchant,
        notify_id: &[u8],
    ) -> Result<NotifyVerifyAnswer, GatewayError> {
        offered(merchant, Protocol::Mapi, "notify_verify")?;
        let form = NotifyVerify::mapi(account(merchant)?, notify_id);
        let body = self.get(parse(merchant, &link(&merchant.gateway, &form))?).await?;
        Ok(NotifyVerifyAnswer::read(&body)?)
    }

    /// Asks for a key against phishing, good for 30 seconds.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn query_timestamp(
        &self,
        merchant: &Merchant,
    ) -> Result<TimestampAnswer, GatewayError> {
        offered(merchant, Protocol::Mapi, "query_timestamp")?;
        let charset = merchant.charset.at_the_gateway();
        let form = QueryTimestamp::mapi(account(merchant)?, charset);
        let body = self.get(parse(merchant, &link(&merchant.gateway, &form))?).await?;
        Ok(TimestampAnswer::read(&body, charset)?)
    }
}
