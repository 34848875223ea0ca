//! Requests that a browser sends: who signs them, and in which charset.

use alipay::{Charset, Protocol, RequestError, SignType, Signer};
use gateway::GatewayError;
use service::config::Merchant;

use crate::failure::Failure;
use crate::gateway_answer::could_not_ask;

/// What a request needs besides its own values.
pub(in crate::verb) struct Browser<'a> {
    /// The partner, or the application.
    pub(in crate::verb) account: &'a str,
    pub(in crate::verb) charset: Charset,
    pub(in crate::verb) signer: Signer,
}

impl<'a> Browser<'a> {
    /// What the configuration says, for a merchant that
    /// [`can_ask`](gateway::Gateway::can_ask).
    pub(in crate::verb) fn of(merchant: &'a Merchant) -> Result<Browser<'a>, Failure> {
        let (account, key) = match merchant.protocol {
            Protocol::Mapi => (&merchant.partner, "partner"),
            Protocol::Openapi => (&merchant.app_id, "app_id"),
        };
        let account = account.as_deref().ok_or_else(|| missing(merchant, key))?;
        let signer = merchant.sign_types.iter().find_map(|sign_type| match sign_type {
            // The Open Platform knows no MD5.
            SignType::Md5 if merchant.protocol == Protocol::Openapi => None,
            SignType::Md5 => merchant.md5_key.clone().map(Signer::Md5),
            SignType::Rsa => merchant.private_key.clone().map(Signer::Rsa),
            SignType::Rsa2 => merchant.private_key.clone().map(Signer::Rsa2),
        });
        let signer = signer.ok_or_else(|| missing(merchant, "private_key"))?;
        // The gateways have no GB18030.
        let charset = match merchant.charset {
            Charset::Gb18030 => Charset::Gbk,
            other => other,
        };
        Ok(Browser { account, charset, signer })
    }
}

/// The account that receives and pays at the legacy gateway.
pub(in crate::verb) fn seller(merchant: &Merchant) -> Result<&str, Failure> {
    merchant.seller_id.as_deref().ok_or_else(|| missing(merchant, "seller_id"))
}

fn missing(merchant: &Merchant, key: &'static str) -> Failure {
    could_not_ask(&GatewayError::NoKey { merchant: merchant.name.clone(), key })
}

/// A request that Alipay would refuse, or that cannot be written.
pub(in crate::verb) fn bad_request(error: &RequestError) -> Failure {
    Failure::Usage(format!("the request cannot be made: {error}"))
}

/// An absolute address.
pub(in crate::verb) fn parse_url(text: &str) -> Result<String, String> {
    let address = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match address {
        Some(rest) if !rest.is_empty() && !text.contains(char::is_whitespace) => {
            Ok(text.to_owned())
        }
        _ => Err("expected an address that begins with https:// or http://".to_owned()),
    }
}
