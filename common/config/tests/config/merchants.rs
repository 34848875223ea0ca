//! What a merchant is and needs.

use alipay::{Charset, Protocol, SignType};

use config::LatePaymentPolicy;

use crate::support::{File, MAPI, key, load, openapi, refused};

#[test]
fn a_legacy_merchant() {
    let config = load(MAPI).unwrap();
    config.require_merchants().unwrap();
    let shop = config.merchant("shop").unwrap();
    assert_eq!(shop.protocol, Protocol::Mapi);
    assert_eq!(shop.partner.as_deref(), Some("2088002007018916"));
    assert_eq!(shop.sign_types, [SignType::Md5]);
    assert_eq!(shop.charset, Charset::Utf8);
    assert_eq!(config.only_merchant().unwrap().name, "shop");
    assert!(config.merchant("SHOP").is_none());
}

#[test]
fn an_open_platform_merchant_with_key_files() {
    let file = File::new(
        "[merchants.app]\nprotocol = \"openapi\"\napp_id = \"2021001\"\nsign_types = [\"RSA2\"]\n\
         alipay_public_keys_file = \"alipay.pem\"\nprivate_key_file = \"own.pem\"\ncharset = \"GBK\"\n",
    )
    .with("alipay.pem", &key("rsa2048.pub.pem"))
    .with("own.pem", &key("rsa1024.key.pem"));
    let config = file.load(&[]).unwrap();
    let app = config.merchant("app").unwrap();
    assert_eq!(app.public_keys.len(), 1);
    assert!(app.private_key.is_some());
    assert_eq!(app.charset, Charset::Gbk);
    assert_eq!(app.gateway, "https://openapi.alipay.com/gateway.do");

    let list = "['alipay.pem', 'alipay.pem']";
    let config = file.load(&[("ALIPAY__MERCHANTS__APP__ALIPAY_PUBLIC_KEYS_FILE", list)]).unwrap();
    assert_eq!(config.merchant("app").unwrap().public_keys.len(), 2);
    let list = "alipay.pem, alipay.pem, alipay.pem";
    let config = file.load(&[("ALIPAY__MERCHANTS__APP__ALIPAY_PUBLIC_KEYS_FILE", list)]).unwrap();
    assert_eq!(config.merchant("app").unwrap().public_keys.len(), 3);
}

#[test]
fn what_a_merchant_needs() {
    let without = |line: &str| {
        let lines = MAPI.lines().filter(|kept| !kept.starts_with(line));
        load(&lines.collect::<Vec<_>>().join("\n"))
    };
    refused(without("protocol"), "merchants.shop.protocol", "required");
    refused(without("seller_id"), "merchants.shop.seller_id", "required");
    refused(without("sign_types"), "merchants.shop.sign_types", "required");
    refused(without("md5_key"), "merchants.shop.md5_key", "required");
    refused(load("[merchants.shop]"), "merchants.shop.protocol", "required");

    let with = |from: &str, to: &str| load(&MAPI.replace(from, to));
    refused(with("\"mapi\"", "\"open\""), "merchants.shop.protocol", "open");
    refused(with("\"mapi\"", "\"openapi\""), "merchants.shop.app_id", "required");
    refused(with("[\"MD5\"]", "[]"), "merchants.shop.sign_types", "empty");
    refused(with("[\"MD5\"]", "[\"md5\"]"), "merchants.shop.sign_types", "md5");
    refused(with("[\"MD5\"]", "[\"MD5\", \"MD5\"]"), "merchants.shop.sign_types", "twice");
    refused(with("[\"MD5\"]", "[\"RSA\"]"), "merchants.shop.alipay_public_keys", "required");
    refused(with("\"a0b1c2d3e4f5\"", "\"\""), "merchants.shop.md5_key", "empty");
    refused(with("\"a0b1c2d3e4f5\"", "12345"), "merchants.shop.md5_key", "expected text");
    refused(with("\"a0b1c2d3e4f5\"", "[\"a\"]"), "merchants.shop.md5_key", "expected text");

    let and = |line: &str| load(&format!("{MAPI}{line}\n"));
    refused(and("charset = \"latin1\""), "merchants.shop.charset", "latin1");
    refused(and("notify_verify = \"maybe\""), "merchants.shop.notify_verify", "maybe");
    for word in ["off", "best_effort", "required"] {
        and(&format!("notify_verify = \"{word}\"")).unwrap();
    }
    refused(and("late_payment = \"keep\""), "merchants.shop.late_payment", "\"refund\"");
    assert_eq!(and("").unwrap().merchants["shop"].late_payment, LatePaymentPolicy::Deliver);
    let back = and("late_payment = \"refund\"").unwrap();
    assert_eq!(back.merchants["shop"].late_payment, LatePaymentPolicy::Refund);
    let app =
        format!("{}notify_verify = \"required\"\n", openapi(&key("rsa2048.pub.pem"), "[\"RSA2\"]"));
    refused(load(&app), "merchants.app.notify_verify", "no such query");
    refused(and("gateway = \"mapi.alipay.com\""), "merchants.shop.gateway", "https://");
    for wrong in ["http://", "https:///gateway.do", "http://[::1/gateway.do"] {
        let line = format!("gateway = \"{wrong}\"");
        refused(and(&line), "merchants.shop.gateway", "not an address");
    }
    refused(and("return_to = \"javascript:x\""), "merchants.shop.return_to", "https://");
    refused(and("return_to = \"/a\\nb\""), "merchants.shop.return_to", "byte 3 is U+000A");
    let newline = and("return_to = \"/a\\n\"").unwrap();
    assert_eq!(newline.merchants["shop"].return_to.as_deref(), Some("/a"));
    for wrong in ["/a b", "/\u{6d4b}"] {
        let line = format!("return_to = \"{wrong}\"");
        refused(and(&line), "merchants.shop.return_to", "percent-encoded");
    }
    refused(and("md5_old_key = \"\""), "merchants.shop.md5_old_key", "empty");
    refused(and("md5_keys = [\"x\"]"), "merchants.shop.md5_keys", "unknown key");
}

#[test]
fn two_merchants_cannot_be_the_same_account() {
    let twice = format!("{MAPI}{}", MAPI.replace("shop", "shop2"));
    refused(load(&twice), "merchants.shop2.seller_id", "merchants.shop.seller_id");
    let app = openapi(&key("rsa2048.pub.pem"), "[\"RSA2\"]");
    let twice = format!("{app}{}", app.replace("merchants.app", "merchants.zweite"));
    refused(load(&twice), "merchants.zweite.app_id", "merchants.app.app_id");
    // One account may use both protocols.
    load(&format!("{MAPI}{app}seller_id = \"2088002007018916\"\n")).unwrap();
}
