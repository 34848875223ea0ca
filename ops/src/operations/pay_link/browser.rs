//! What requests that a browser sends have in common.

use alipay::RequestError;
use config::Merchant;
use gateway::{Credentials, GatewayError};

use crate::failure::Failure;
use crate::operations::gateway_answer::could_not_ask;

/// Who signs the merchant's requests.
pub(crate) fn asker(merchant: &Merchant) -> Result<Credentials<'_>, Failure> {
    Credentials::of(merchant).map_err(|error| could_not_ask(&error))
}

/// The account that receives and pays at the legacy gateway.
pub(crate) fn seller(merchant: &Merchant) -> Result<&str, Failure> {
    merchant.seller_id.as_deref().ok_or_else(|| missing(merchant, "seller_id"))
}

fn missing(merchant: &Merchant, key: &'static str) -> Failure {
    could_not_ask(&GatewayError::NoKey { merchant: merchant.name.clone(), key })
}

/// A request that Alipay would refuse, or that cannot be written.
pub(crate) fn bad_request(error: &RequestError) -> Failure {
    Failure::Usage(format!("the request cannot be made: {error}"))
}

/// An absolute address.
pub(crate) fn parse_url(text: &str) -> Result<String, String> {
    let address = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match address {
        Some(rest) if !rest.is_empty() && !text.contains(char::is_whitespace) => {
            Ok(text.to_owned())
        }
        _ => Err("expected an address that begins with https:// or http://".to_owned()),
    }
}
