//! Who asks, where, and in which charset: what the merchant's configuration says.

use alipay::{Application, Charset, Protocol, SignType, Signer, TradeRef};
use chrono::{DateTime, Utc};
use config::{Merchant, Secret};
use hyper::Uri;

use crate::GatewayError;

/// What a request needs besides its own values; also one that a browser sends.
#[derive(Debug, Clone)]
pub struct Credentials<'a> {
    /// The partner, or the application.
    pub account: &'a str,
    /// The application with its certificates and token. Of no use at the legacy gateway.
    pub application: Application<'a>,
    /// The charset of request and answer.
    pub charset: Charset,
    /// Signs with the first of the accepted sign types that there is a key for.
    pub signer: Signer,
}

impl<'a> Credentials<'a> {
    /// What the merchant's configuration says.
    ///
    /// # Errors
    /// [`GatewayError::NoKey`] and [`GatewayError::Signing`] say what is missing,
    /// [`GatewayError::AppCertificate`] that it is out of date.
    pub fn of(merchant: &'a Merchant) -> Result<Credentials<'a>, GatewayError> {
        let (account, signer) = (account(merchant)?, signer(merchant)?);
        let application = application(merchant, account, Utc::now())?;
        Ok(Credentials { account, application, charset: merchant.charset.at_the_gateway(), signer })
    }
}

/// The application as of a time.
fn application<'a>(
    merchant: &'a Merchant,
    app_id: &'a str,
    at: DateTime<Utc>,
) -> Result<Application<'a>, GatewayError> {
    let certificates = match (&merchant.app_cert, &merchant.alipay_root_cert) {
        (_, None) => None,
        (None, Some(_)) => return Err(no_key(merchant, "app_cert")),
        (Some(app_cert), Some(roots)) => {
            app_cert.check_time(at).map_err(|error| GatewayError::AppCertificate {
                merchant: merchant.name.clone(),
                error,
            })?;
            Some((app_cert, roots))
        }
    };
    let auth_token = merchant.app_auth_token.as_ref().map(Secret::expose_secret);
    Ok(Application { app_id, certificates, auth_token })
}

/// Who asks: the partner, or the application.
pub(crate) fn account(merchant: &Merchant) -> Result<&str, GatewayError> {
    let (account, key) = match merchant.protocol {
        Protocol::Mapi => (&merchant.partner, "partner"),
        Protocol::Openapi => (&merchant.app_id, "app_id"),
    };
    account.as_deref().ok_or_else(|| no_key(merchant, key))
}

/// The first of the accepted sign types that there is a key for.
fn signer(merchant: &Merchant) -> Result<Signer, GatewayError> {
    let mut missing = None;
    for sign_type in &merchant.sign_types {
        let (signer, key) = match (sign_type, merchant.protocol) {
            // The Open Platform knows no MD5.
            (SignType::Md5, Protocol::Openapi) => continue,
            (SignType::Md5, Protocol::Mapi) => {
                (merchant.md5_key.clone().map(Signer::Md5), "md5_key")
            }
            (SignType::Rsa, _) => (merchant.private_key.clone().map(Signer::Rsa), "private_key"),
            (SignType::Rsa2, _) => (merchant.private_key.clone().map(Signer::Rsa2), "private_key"),
        };
        match signer {
            Some(signer) => return Ok(signer),
            None => missing = missing.or(Some(key)),
        }
    }
    match missing {
        Some(key) => Err(no_key(merchant, key)),
        None => {
            let name = &merchant.name;
            let reason = format!(
                "merchants.{name}.sign_types has neither RSA2 nor RSA, which openapi needs"
            );
            Err(GatewayError::Signing { reason })
        }
    }
}

fn no_key(merchant: &Merchant, key: &'static str) -> GatewayError {
    GatewayError::NoKey { merchant: merchant.name.clone(), key }
}

/// The gateway's address with the charset, without which it guesses how a POST is written.
pub(crate) fn address(merchant: &Merchant) -> Result<Uri, GatewayError> {
    let name = match merchant.protocol {
        Protocol::Mapi => "_input_charset",
        Protocol::Openapi => "charset",
    };
    let joint = if merchant.gateway.contains('?') { '&' } else { '?' };
    let charset = merchant.charset.at_the_gateway();
    parse(merchant, &format!("{}{joint}{name}={charset}", merchant.gateway))
}

/// An address that begins with the merchant's `gateway`.
pub(crate) fn parse(merchant: &Merchant, address: &str) -> Result<Uri, GatewayError> {
    let bad = |reason: String| GatewayError::Address { merchant: merchant.name.clone(), reason };
    let uri: Uri = address.parse().map_err(|error| bad(format!("{error}")))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(uri),
        _ => Err(bad("it is no http or https address with a host".to_owned())),
    }
}

/// An error unless an answer is about the trade that was asked about. What it does not name cannot
/// disagree.
pub(crate) fn same_trade(
    which: TradeRef<'_>,
    out_trade_no: Option<&str>,
    trade_no: Option<&str>,
) -> Result<(), GatewayError> {
    let (asked, answered) = match which {
        TradeRef::OutTradeNo(number) => (number, out_trade_no),
        TradeRef::TradeNo(number) => (number, trade_no),
    };
    if answered.is_none_or(|number| number == asked) {
        Ok(())
    } else {
        Err(GatewayError::OtherTrade)
    }
}

/// An error unless the merchant is at the gateway that has this service.
pub(crate) fn offered(
    merchant: &Merchant,
    by: Protocol,
    service: &'static str,
) -> Result<(), GatewayError> {
    if merchant.protocol == by {
        return Ok(());
    }
    Err(GatewayError::NotOffered { merchant: merchant.name.clone(), service, by })
}
