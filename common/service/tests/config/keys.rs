//! The keys of a merchant: which are usable, which verify, and that none is printed.

use std::time::SystemTime;

use crate::support::{File, MAPI, key, load, openapi, refused};

#[test]
fn unusable_keys_are_named() {
    let good = key("rsa2048.pub.pem");
    load(&openapi(&good, "[\"RSA2\"]")).unwrap();
    load(&openapi(&key("rsa1024.pub.pem"), "[\"RSA\"]")).unwrap();

    let short = load(&openapi(&key("rsa1024.pub.pem"), "[\"RSA2\"]"));
    refused(short, "merchants.app.alipay_public_keys", "1024 bits");
    let rubbish = load(&openapi("not a key", "[\"RSA2\"]"));
    refused(rubbish, "merchants.app.alipay_public_keys", "key number 1");
    let private = load(&openapi(&key("rsa2048.key.pem"), "[\"RSA2\"]"));
    let text = refused(private, "merchants.app.alipay_public_keys", "private key");
    assert!(!text.contains("MII"), "a key was printed: {text}");

    let own = format!("{}private_key = \"\"\"{good}\"\"\"\n", openapi(&good, "[\"RSA2\"]"));
    refused(load(&own), "merchants.app.private_key", "public key");

    let missing = format!("{}private_key_file = \"nowhere.pem\"\n", openapi(&good, "[\"RSA2\"]"));
    refused(load(&missing), "merchants.app.private_key_file", "nowhere.pem");
    let files = "[merchants.app]\nprotocol = \"openapi\"\napp_id = \"1\"\nsign_types = [\"RSA2\"]\n\
                 alipay_public_keys_file = [\"short.pem\"]\n";
    let file = File::new(files).with("short.pem", &key("rsa1024.pub.pem"));
    refused(file.load(&[]), "merchants.app.alipay_public_keys_file", "1024 bits");
    let file = File::new(files).with("short.pem", "\n");
    refused(file.load(&[]), "merchants.app.alipay_public_keys_file", "is empty");
    let der = File::new(files).with("short.pem", &[0x30, 0x82, 0x03, 0x91]);
    refused(der.load(&[]), "merchants.app.alipay_public_keys_file", "are PEM or base64, not DER");
}

#[test]
fn the_md5_key_before_a_change_verifies_and_does_not_sign() {
    let shop = |lines: &str| load(&format!("{MAPI}{lines}\n")).unwrap().merchants["shop"].clone();
    let merchant = shop("md5_old_key = \"before\"");
    let signed = |key: &str| {
        let mut form = alipay::Form::from_pairs([("a", "1")]);
        let signer = alipay::Signer::Md5(alipay::Md5Key::new(key));
        signer.sign_form(&mut form, alipay::Rule::DropEmpty).unwrap();
        form
    };
    let key_of = |key| {
        merchant
            .verifier
            .verify(&signed(key), &[], SystemTime::now().into())
            .map(|verified| verified.key)
    };
    assert_eq!((key_of("a0b1c2d3e4f5"), key_of("before")), (Ok(0), Ok(1)));
    assert!(key_of("another").is_err());
    assert!(shop("").verifier.verify(&signed("before"), &[], SystemTime::now().into()).is_err());
    let sign = |key: alipay::Md5Key| alipay::Signer::Md5(key);
    let mut form = alipay::Form::from_pairs([("a", "1")]);
    sign(merchant.md5_key.unwrap()).sign_form(&mut form, alipay::Rule::DropEmpty).unwrap();
    assert_eq!(form, signed("a0b1c2d3e4f5"));

    let openapi = openapi(&key("rsa2048.pub.pem"), "[\"RSA2\"]");
    let alone = load(&format!("{openapi}md5_old_key = \"x\"\n"));
    refused(alone, "merchants.app.md5_old_key", "without md5_key");
}

#[test]
fn nothing_secret_is_printed() {
    let file = File::new(MAPI);
    let variables =
        [("DATABASE_URL", "mysql://root:hunter2@x/y"), ("AMQP_URL", "amqp://hunter2@x")];
    let printed = format!("{:?}", file.load(&variables).unwrap());
    assert!(!printed.contains("hunter2") && !printed.contains("a0b1c2d3e4f5"), "{printed}");
    for (name, value) in [
        ("DATABASE_URL", "hunter2"),
        ("ALIPAY__MERCHANTS__SHOP__PRIVATE_KEY", "hunter2"),
        ("ALIPAY__MERCHANTS__SHOP__ALIPAY_PUBLIC_KEYS", "[\"hunter2\"]"),
        ("ALIPAY__MERCHANTS__SHOP__ALIPAY_PUBLIC_KEYS", "[hunter2"),
    ] {
        let text = file.load(&[(name, value)]).unwrap_err().to_string();
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn the_merchants_own_public_key_is_not_alipays() {
    let own = key("rsa2048.key.pem");
    let app = openapi(&key("rsa2048.pub.pem"), "[\"RSA2\"]");
    let text = format!("{app}private_key = '''{own}'''\n");
    let path = "merchants.app.alipay_public_keys";
    let said = refused(load(&text), path, "key number 1 is the merchant's own public key");
    assert!(said.contains("支付宝公钥") && said.contains("open.alipay.com"), "{said}");
    // Pasted at one merchant, while the private key is another one's.
    let other = app.replace("merchants.app", "merchants.other").replace("2021001", "2021002");
    let other = other.replace(&key("rsa2048.pub.pem"), &strange_public_key());
    let text = format!("{app}{other}private_key = '''{own}'''\n");
    refused(load(&text), path, "that of merchants.other.private_key");
}

/// A public key that belongs to none of the private ones here.
fn strange_public_key() -> String {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ingress/tests/keys/alipay.pub.pem");
    std::fs::read_to_string(shared).unwrap()
}
