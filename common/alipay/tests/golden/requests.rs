//! Requests, against what others signed.

use alipay::{
    Charset, Form, KeyError, Md5Key, PrivateKey, Protocol, Rule, SignType, Signer, TradeQuery,
    TradeRef, Verifier, canonical, parse_beijing,
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::fixture::{self, AT};

pub(crate) fn md5() -> Signer {
    Signer::Md5(Md5Key::new("10000000000000000000000000000000"))
}

pub(crate) fn rsa2() -> Signer {
    let key = fixture::text("keys/rsa2048-pkcs8-private.pem");
    Signer::Rsa2(PrivateKey::read(&key).unwrap())
}

pub(crate) fn at() -> DateTime<Utc> {
    parse_beijing("2016-04-01 00:00:00").unwrap() + TimeDelta::milliseconds(123)
}

/// The signed text, readable.
pub(crate) fn signed(form: &Form, rule: Rule) -> String {
    canonical(form, rule, &[]).escape_ascii().to_string()
}

#[test]
fn single_trade_query() {
    let form =
        TradeQuery::mapi("2088", TradeRef::OutTradeNo("A-1"), Charset::Utf8, &md5()).unwrap();
    assert_eq!(
        form.encode(),
        "service=single_trade_query&partner=2088&_input_charset=utf-8&out_trade_no=A-1\
         &sign_type=MD5&sign=839937727fafaf222739e988fde168ba"
    );
    let verifier =
        Verifier::new(Protocol::Mapi, vec![SignType::Md5], vec![md5_key()], vec![]).unwrap();
    assert!(verifier.verify(&form, &[], AT).is_ok());

    let which = TradeRef::TradeNo("2014");
    let form = TradeQuery::mapi("2088", which, Charset::Gbk, &rsa2()).unwrap();
    assert_eq!(
        signed(&form, Rule::DropEmpty),
        "_input_charset=gbk&partner=2088&service=single_trade_query&trade_no=2014"
    );
}

fn md5_key() -> Md5Key {
    Md5Key::new("10000000000000000000000000000000")
}

#[test]
fn a_number_in_gbk() {
    let which = TradeRef::OutTradeNo("\u{6d4b}");
    let form = TradeQuery::mapi("2088", which, Charset::Gbk, &md5()).unwrap();
    assert_eq!(form.get("out_trade_no"), Some(b"\xb2\xe2".as_slice()));
    let form = TradeQuery::openapi("2021", which, Charset::Gbk, at(), &rsa2()).unwrap();
    assert_eq!(form.get("biz_content"), Some(b"{\"out_trade_no\":\"\xb2\xe2\"}".as_slice()));
    let which = TradeRef::OutTradeNo("\u{1f600}");
    for error in [
        TradeQuery::mapi("2088", which, Charset::Gbk, &md5()).unwrap_err(),
        TradeQuery::openapi("2021", which, Charset::Gbk, at(), &rsa2()).unwrap_err(),
    ] {
        assert!(matches!(error, KeyError::SigningFailed { .. }), "{error:?}");
    }
}

#[test]
fn alipay_trade_query() {
    let which = TradeRef::OutTradeNo("A\"1");
    let form = TradeQuery::openapi("2021", which, Charset::Utf8, at(), &rsa2()).unwrap();
    // `sign_type` is signed, the fraction of the second is not sent.
    assert_eq!(
        signed(&form, Rule::Request).replace('\\', ""),
        "app_id=2021&biz_content={\"out_trade_no\":\"A\"1\"}&charset=utf-8&format=JSON\
         &method=alipay.trade.query&sign_type=RSA2&timestamp=2016-04-01 00:00:00&version=1.0"
    );
    assert_eq!(form.get("biz_content"), Some(br#"{"out_trade_no":"A\"1"}"#.as_slice()));
    let Signer::Rsa2(key) = rsa2() else { panic!("RSA2") };
    let (content, sign) = (canonical(&form, Rule::Request, &[]), form.get("sign").unwrap());
    assert_eq!(key.public_key().verify(SignType::Rsa2, &content, sign), Ok(()));
}
