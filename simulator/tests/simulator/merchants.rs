//! Merchants and times that the tests share.

use alipay::{Fen, Md5Key, Signer, parse_beijing};
use chrono::{DateTime, Utc};
use simulator::{AlipayTrade, MerchantIdentity};

pub(crate) const MD5_KEY: &str = "an-md5-key-of-any-length";

pub(crate) fn mapi() -> MerchantIdentity {
    MerchantIdentity::mapi("2088101568338364")
}

pub(crate) fn openapi() -> MerchantIdentity {
    MerchantIdentity::openapi("2021000118632035", "2088101568338364")
}

/// A trade over 10.00, not paid.
pub(crate) fn trade(merchant: &MerchantIdentity) -> AlipayTrade {
    AlipayTrade::open(merchant, "A100", Fen::new(10_00), time("2026-11-23 12:00:00"))
}

pub(crate) fn md5() -> Signer {
    Signer::Md5(Md5Key::new(MD5_KEY))
}

/// A time in Beijing.
pub(crate) fn time(text: &str) -> DateTime<Utc> {
    parse_beijing(text).unwrap()
}
