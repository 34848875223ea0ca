//! `single_trade_query` and `alipay.trade.query`.

use alipay::{Charset, Form, Protocol, QueryAnswer, TradeQuery, TradeRef};
use chrono::{DateTime, Utc};
use config::Merchant;

use crate::credentials::{Credentials, address, same_trade};
use crate::{Gateway, GatewayError};

/// An answer with the time it was asked for.
#[derive(Clone)]
pub struct VerifiedAnswer<T = QueryAnswer> {
    /// Just before the request was sent: the answer may leave out what happened after it.
    pub asked_at: DateTime<Utc>,
    /// The charset of the answer.
    pub charset: Charset,
    /// The answer, byte for byte: it can be verified again.
    pub body: Vec<u8>,
    /// What it says; verified, and about the trade that was asked for.
    pub answer: T,
}

/// Without the body: it holds a signature and the buyer's data.
impl<T> std::fmt::Debug for VerifiedAnswer<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedAnswer").field("asked_at", &self.asked_at).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Whether this merchant's configuration is enough to ask.
    ///
    /// # Errors
    /// [`GatewayError::NoKey`] names the configuration key that is missing,
    /// [`GatewayError::Address`] and [`GatewayError::Signing`] say what is wrong with it.
    pub fn can_ask(merchant: &Merchant) -> Result<(), GatewayError> {
        Credentials::of(merchant)?;
        address(merchant).map(|_| ())
    }

    /// Asks for the outcome of a trade.
    ///
    /// # Errors
    /// [`GatewayError`]; nothing is known about the trade then.
    pub async fn query(
        &self,
        merchant: &Merchant,
        which: TradeRef<'_>,
    ) -> Result<VerifiedAnswer, GatewayError> {
        let asked_at = Utc::now();
        let form = request(merchant, which, asked_at)?;
        let body = self.read(address(merchant)?, form.encode()).await?;
        let (protocol, verifier) = (merchant.protocol, &merchant.verifier);
        let charset = merchant.charset.at_the_gateway();
        // At the time of the query, as everybody who verifies it again later does.
        let answer = QueryAnswer::read(&body, protocol, charset, verifier, asked_at)?;
        if let QueryAnswer::Trade(trade) = &answer {
            same_trade(which, Some(&trade.out_trade_no), Some(&trade.trade_no))?;
        }
        Ok(VerifiedAnswer { asked_at, charset, body, answer })
    }
}

fn request(
    merchant: &Merchant,
    which: TradeRef<'_>,
    at: DateTime<Utc>,
) -> Result<Form, GatewayError> {
    let Credentials { account, application, charset, signer } = Credentials::of(merchant)?;
    Ok(match merchant.protocol {
        Protocol::Mapi => TradeQuery::mapi(account, which, charset, &signer)?,
        Protocol::Openapi => TradeQuery::openapi(application, which, charset, at, &signer)?,
    })
}
