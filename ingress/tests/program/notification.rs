//! Signed notifications for the merchants of [`running`](crate::running).

use alipay::{Form, Md5Key, PrivateKey, Rule, Signer};

/// The MD5 key of merchant `shop`.
pub(crate) const MD5_KEY: &str = "0123456789abcdef0123456789abcdef";
/// The account of the legacy merchants, one each.
pub(crate) const SHOP_SELLER: &str = "2088002007018916";
/// The account of merchant `rsa`.
pub(crate) const RSA_SELLER: &str = "2088002007018917";
/// The application of merchant `app`.
pub(crate) const APP_ID: &str = "2021001234567890";
/// Alipay's public key for merchants `app` and `rsa`.
pub(crate) const ALIPAY_PUBLIC_KEY: &str = include_str!("../keys/alipay.pub.pem");

/// Signs with a key that no merchant knows.
pub(crate) fn stranger() -> Signer {
    Signer::Rsa2(PrivateKey::read(include_str!("../keys/other.key.pem")).unwrap())
}

fn alipay_key() -> PrivateKey {
    PrivateKey::read(include_str!("../keys/alipay.key.pem")).unwrap()
}

/// Signs for merchant `shop`.
pub(crate) fn md5() -> Signer {
    Signer::Md5(Md5Key::new(MD5_KEY))
}

/// Signs for merchant `rsa`.
pub(crate) fn rsa() -> Signer {
    Signer::Rsa(alipay_key())
}

/// Signs for merchant `app`.
pub(crate) fn rsa2() -> Signer {
    Signer::Rsa2(alipay_key())
}

/// A payment on the legacy gateway, unsigned.
pub(crate) fn mapi_form(notify_id: &str, seller_id: &str) -> Form {
    Form::from_pairs([
        ("discount", "0.00"),
        ("payment_type", "1"),
        ("subject", "测试 + 商品"),
        ("trade_no", "2026112322001400001"),
        ("buyer_email", "buyer@example.com"),
        ("gmt_create", "2026-11-23 12:00:00"),
        ("notify_type", "trade_status_sync"),
        ("quantity", "1"),
        ("out_trade_no", "A100"),
        ("seller_id", seller_id),
        ("notify_time", "2026-11-23 12:00:05"),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_fee", "12.34"),
        ("gmt_payment", "2026-11-23 12:00:04"),
        ("notify_id", notify_id),
    ])
}

/// A payment on the Open Platform, unsigned.
pub(crate) fn openapi_form(notify_id: &str) -> Form {
    Form::from_pairs([
        ("gmt_create", "2026-11-23 12:00:00"),
        ("charset", "utf-8"),
        ("notify_time", "2026-11-23 12:00:05"),
        ("subject", "会员 A+B"),
        ("buyer_id", "2088102175953034"),
        ("body", ""),
        ("version", "1.0"),
        ("notify_id", notify_id),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", "A101"),
        ("total_amount", "12.34"),
        ("trade_status", "TRADE_SUCCESS"),
        ("trade_no", "2026112322001400002"),
        ("auth_app_id", APP_ID),
        ("app_id", APP_ID),
    ])
}

/// Signs a form under the rule of its protocol.
pub(crate) fn signed(mut form: Form, signer: &Signer) -> Form {
    let rule = if form.get("app_id").is_some() { Rule::Notification } else { Rule::DropEmpty };
    signer.sign_form(&mut form, rule).unwrap();
    form
}

/// The body of a correct payment for merchant `shop`.
pub(crate) fn good(notify_id: &str) -> String {
    signed(mapi_form(notify_id, SHOP_SELLER), &md5()).encode()
}
