//! `ops verify` on what goes wrong between Alipay and a shop: it says what would make the signature hold.

use std::path::Path;

use alipay::{Form, Md5Key, PrivateKey, Rule, Signer};
use serde_json::Value;

use crate::program::{NOBODY, Ops};

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../common/alipay/tests/fixtures/keys");
const OLD: &str = "a-key-nobody-should-see";
const SECOND: &str = "another-key-nobody-should-see";

fn private_key() -> PrivateKey {
    let pem = std::fs::read_to_string(Path::new(KEYS).join("rsa2048-pkcs1-private.pem")).unwrap();
    PrivateKey::read(&pem).unwrap()
}

fn ops() -> Ops {
    let certificate = format!("{KEYS}/rsa2048-certificate.pem");
    [
        ("OLD__PROTOCOL", "mapi"),
        ("OLD__SELLER_ID", "2088000000000001"),
        ("OLD__SIGN_TYPES", "MD5"),
        ("OLD__MD5_KEY", OLD),
        ("SECOND__PROTOCOL", "mapi"),
        ("SECOND__SELLER_ID", "2088000000000002"),
        ("SECOND__SIGN_TYPES", "MD5"),
        ("SECOND__MD5_KEY", SECOND),
        ("NEW__PROTOCOL", "openapi"),
        ("NEW__APP_ID", "2021000000000001"),
        ("NEW__SIGN_TYPES", "RSA2"),
        ("NEW__ALIPAY_PUBLIC_KEYS_FILE", &certificate),
    ]
    .into_iter()
    .fold(Ops::at(NOBODY.0, NOBODY.1), |ops, (name, value)| {
        ops.set(&format!("ALIPAY__MERCHANTS__{name}"), value)
    })
}

/// The codes of the remedies.
fn remedies(merchant: &str, body: &[u8]) -> Vec<String> {
    let arguments = ["verify", "--merchant", merchant, "--body-file", "-", "--output", "json"];
    let answer = ops().run_with(&arguments, body).ended(1, "");
    for key in [OLD, SECOND] {
        assert!(!answer.stdout.contains(key) && !answer.stderr.contains(key), "a key is shown");
    }
    let answer: Value = answer.json();
    let all = answer["remedies"].as_array().unwrap();
    all.iter().map(|remedy| remedy["code"].as_str().unwrap().to_owned()).collect()
}

fn form(more: &[(&str, &[u8])]) -> Form {
    let mut form = Form::from_pairs([
        ("out_trade_no", "A-1"),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_fee", "10.00"),
        ("seller_id", "2088000000000001"),
    ]);
    for (name, value) in more {
        form.set(name, value);
    }
    form
}

fn md5(mut form: Form, key: &str) -> Form {
    Signer::Md5(Md5Key::new(key)).sign_form(&mut form, Rule::DropEmpty).unwrap();
    form
}

fn rsa2(more: &[(&str, &[u8])]) -> Form {
    let mut form = form(more);
    Signer::Rsa2(private_key()).sign_form(&mut form, Rule::Notification).unwrap();
    form
}

/// A signed form, with some of its values changed afterwards.
fn changed(more: &[(&str, &[u8])], after: &[(&str, &[u8])]) -> Vec<u8> {
    let mut form = md5(form(more), OLD);
    for (name, value) in after {
        form.set(name, value);
    }
    form.encode().into_bytes()
}

#[test]
fn verify_names_common_changes_of_a_body() {
    let text = "测试".as_bytes();
    let gbk = b"\xb2\xe2\xca\xd4";
    for (body, code) in [
        (changed(&[("subject", gbk)], &[("subject", text)]), "charset"),
        (changed(&[("subject", text)], &[("subject", gbk)]), "charset"),
        (
            changed(&[("subject", b"a & \"b\"")], &[("subject", b"a &amp; &quot;b&quot;")]),
            "html_escapes",
        ),
        (changed(&[("body", br#"{"a":"b"}"#)], &[("body", br#"{\"a\":\"b\"}"#)]), "slashes_added"),
        (changed(&[("subject", b"gift ")], &[("subject", b"gift")]), "values_trimmed"),
        (changed(&[("subject", b"\r\ngift")], &[("subject", b"gift")]), "values_trimmed"),
        (changed(&[("subject", b"gift")], &[("subject", b"gift\n")]), "whitespace_added"),
        (changed(&[("body", b"a\r\nb")], &[("body", b"a\nb")]), "line_ends"),
        (changed(&[("body", b"a\nb")], &[("body", b"a\r\nb")]), "line_ends"),
        (changed(&[], &[("q", b"notify/shop")]), "not_alipays_parameter"),
        (changed(&[], &[("s", b"/a"), ("lang", b"zh")]), "not_alipays_parameter"),
        (changed(&[("subject", b"50% + 1")], &[("subject", b"50%25 %2B 1")]), "encoded_twice"),
    ] {
        assert_eq!(remedies("old", &body), [code], "{}", body.escape_ascii());
    }
    // A body copied from a log, already decoded once.
    let form = md5(form(&[("subject", b"1+1 %41")]), OLD);
    let pairs: Vec<Vec<u8>> =
        form.iter().map(|(name, value)| [name, b"=", value].concat()).collect();
    assert_eq!(remedies("old", &pairs.join(&b'&')), ["decoded_twice"]);
    // A form that was copied out of an HTML page.
    let page = form.encode().replace('&', "&amp;");
    assert_eq!(remedies("old", page.as_bytes()), ["html_escapes"]);
}

#[test]
fn verify_recognises_plus_signs_that_became_spaces() {
    // A signature with a plus sign: signatures differ with the text.
    let (form, sign) = (0..)
        .map(|n| {
            let form = rsa2(&[("subject", format!("gift {n}").as_bytes())]);
            let sign = String::from_utf8(form.get("sign").unwrap().to_vec()).unwrap();
            (form, sign)
        })
        .find(|(_, sign)| sign.contains('+'))
        .unwrap();
    let mut lost = form;
    lost.set("sign", sign.replace('+', " "));
    assert_eq!(remedies("new", lost.encode().as_bytes()), ["plus_signs_lost"]);
}

#[test]
fn verify_names_the_key_or_sign_type_that_fits() {
    let stranger = md5(form(&[]), SECOND).encode();
    assert_eq!(remedies("old", stranger.as_bytes()), ["another_merchant"]);
    let lied = md5(form(&[]), OLD).encode().replace("sign_type=MD5", "sign_type=RSA2");
    assert_eq!(remedies("old", lied.as_bytes())[0], "sign_type");

    let mut weaker = form(&[]);
    Signer::Rsa(private_key()).sign_form(&mut weaker, Rule::Notification).unwrap();
    assert_eq!(remedies("new", weaker.encode().as_bytes())[0], "sign_type");

    let mut alipays = rsa2(&[]);
    alipays.set("sign", "QUJD");
    assert_eq!(remedies("new", alipays.encode().as_bytes()), [""; 0]);
    let text = ops().run_with(
        &["verify", "--merchant", "new", "--body-file", "-"],
        alipays.encode().as_bytes(),
    );
    assert!(text.stdout.contains("nothing that was tried"), "{}", text.stdout);

    // Parameters of the shop's routing may be ignored in a return URL, but never in a notification.
    for (changed, advice) in [
        (
            changed(&[("is_success", b"T")], &[("q", b"pay")]),
            "put it into merchants.old.ignore_params",
        ),
        (changed(&[], &[("q", b"pay")]), "ignore_params is for the return URL alone"),
    ] {
        let arguments = ["verify", "--merchant", "old", "--body-file", "-"];
        let text = ops().run_with(&arguments, &changed);
        assert!(text.stdout.contains(advice), "{}", text.stdout);
    }
}

/// A frequent mistake at set-up: Alipay's console shows two public keys, and the wrong one is configured.
#[test]
fn the_application_public_key_is_refused_as_alipay_public_key() {
    let private = format!("{KEYS}/rsa2048-pkcs1-private.pem");
    let mixed = ops().set("ALIPAY__MERCHANTS__NEW__PRIVATE_KEY_FILE", &private);
    let said = mixed.run_with(&["verify", "--merchant", "new", "--body-file", "-"], b"a=1");
    let said = said.ended(2, "is the merchant's own public key").stderr;
    assert!(
        said.contains("merchants.NEW.alipay_public_keys_file")
            || said.contains("merchants.new.alipay_public_keys_file"),
        "{said}"
    );
    assert!(said.contains("open.alipay.com") && said.contains("应用公钥"), "{said}");
}
