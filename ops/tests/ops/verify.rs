//! `ops verify`, without any server.

use std::path::Path;

use alipay::{Form, Md5Key, PrivateKey, Rule, Signer};

use crate::program::{Answer, NOBODY, Ops};

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../common/alipay/tests/fixtures/keys");

fn ops() -> Ops {
    Ops::at(NOBODY.0, NOBODY.1)
        .set("ALIPAY__MERCHANTS__OLD__PROTOCOL", "mapi")
        .set("ALIPAY__MERCHANTS__OLD__SELLER_ID", "2088000000000001")
        .set("ALIPAY__MERCHANTS__OLD__SIGN_TYPES", "MD5")
        .set("ALIPAY__MERCHANTS__OLD__MD5_KEY", "a-key-nobody-should-see")
        .set("ALIPAY__MERCHANTS__OLD__CHARSET", "gbk")
        .set("ALIPAY__MERCHANTS__NEW__PROTOCOL", "openapi")
        .set("ALIPAY__MERCHANTS__NEW__APP_ID", "2021000000000001")
        .set("ALIPAY__MERCHANTS__NEW__SIGN_TYPES", "RSA2")
        .set(
            "ALIPAY__MERCHANTS__NEW__ALIPAY_PUBLIC_KEYS_FILE",
            &format!("{KEYS}/rsa2048-certificate.pem"),
        )
}

fn form() -> Form {
    Form::from_pairs([
        ("out_trade_no", "A-1"),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_fee", "10.00"),
        ("body", ""),
        ("seller_id", "2088000000000001"),
    ])
}

fn signed_by_md5(mut form: Form) -> String {
    let signer = Signer::Md5(Md5Key::new("a-key-nobody-should-see"));
    signer.sign_form(&mut form, Rule::DropEmpty).unwrap();
    form.encode()
}

fn verify(merchant: &str, body: &[u8]) -> Answer {
    let arguments = ["verify", "--merchant", merchant, "--body-file", "-", "--output", "json"];
    let answer = ops().run_with(&arguments, body);
    for said in [&answer.stdout, &answer.stderr] {
        assert!(!said.contains("a-key-nobody-should-see"), "the key is shown: {said}");
    }
    answer
}

#[test]
fn an_md5_signature_is_valid() {
    let mut form = form();
    form.set("subject", b"\xb2\xe2\xca\xd4");
    let answer = verify("old", signed_by_md5(form).as_bytes()).done().json();
    assert_eq!(answer["valid"], true);
    assert_eq!(answer["sign_type"], "MD5");
    assert_eq!(answer["key"], 0);
    assert_eq!(answer["rule"], Rule::DropEmpty.to_string());
    assert_eq!(answer["fingerprint"], serde_json::Value::Null);
    assert_eq!(
        answer["canonical"],
        "out_trade_no=A-1&seller_id=2088000000000001&subject=测试&total_fee=10.00\
         &trade_status=TRADE_SUCCESS"
    );
    assert_eq!(answer["warnings"], serde_json::json!([]));
}

#[test]
fn a_valid_rsa2_signature_shows_the_key_fingerprint() {
    let pem = std::fs::read_to_string(Path::new(KEYS).join("rsa2048-pkcs1-private.pem")).unwrap();
    let key = PrivateKey::read(&pem).unwrap();
    let fingerprint = key.public_key().fingerprint();
    let mut form = form();
    form.set("app_id", "2021000000000001");
    Signer::Rsa2(key).sign_form(&mut form, Rule::Notification).unwrap();
    let answer = verify("new", form.encode().as_bytes()).done().json();
    assert_eq!(answer["fingerprint"], fingerprint.as_str());
    assert_eq!(answer["algorithm"], "RSA PKCS#1 v1.5 with SHA-256");
}

#[test]
fn a_changed_value_is_refused_with_the_reason() {
    let body = signed_by_md5(form()).replace("10.00", "10.01");
    let answer = verify("old", body.as_bytes()).ended(1, "the signature is not valid").json();
    assert_eq!(answer["valid"], false);
    assert_eq!(answer["reason"], "bad_signature");
    assert_eq!(answer["tried"].as_array().unwrap().len(), 2, "both rules: {answer}");
    assert!(answer["canonical"].as_str().unwrap().contains("total_fee=10.01"), "{answer}");
    assert!(answer["other_canonical"].as_str().unwrap().contains("body=&"), "{answer}");

    for (body, reason) in
        [("a=1", "missing_sign"), ("", "bad_form"), ("a=1&a=2&sign=x", "bad_form")]
    {
        assert_eq!(verify("old", body.as_bytes()).ended(1, "").json()["reason"], reason);
    }
    let stronger = signed_by_md5(form()).replace("sign_type=MD5", "sign_type=RSA2");
    let answer = verify("old", stronger.as_bytes()).ended(1, "").json();
    assert_eq!(answer["reason"], "sign_type_not_allowed");
}

#[test]
fn a_query_string_and_a_final_newline_are_accepted_and_reported() {
    let body = format!("?{}\r\n", signed_by_md5(form()));
    let answer = verify("old", body.as_bytes()).ended(0, "a leading ? was cut off");
    assert!(answer.stderr.contains("newlines at the end"), "{}", answer.stderr);
    assert_eq!(answer.json()["notes"].as_array().unwrap().len(), 2);
}

#[test]
fn another_seller_is_only_a_warning() {
    let mut stranger = form();
    stranger.set("seller_id", "2088999999999999");
    let body = signed_by_md5(stranger);
    let answer = verify("old", body.as_bytes()).ended(0, "seller_id is 2088999999999999");
    assert_eq!(answer.json()["warnings"].as_array().unwrap().len(), 1);
    verify("old", body.replace("10.00", "10.01").as_bytes()).ended(1, "2088999999999999");
}

#[test]
fn exit_code_2_for_wrong_use_of_verify() {
    ops().run("verify --merchant nobody --body-file -").ended(2, "nobody is not configured");
    ops().run("verify --merchant old --body-file /nonexistent").ended(2, "/nonexistent");
    let text = ops().run_with(&["verify", "--merchant", "old", "--body-file", "-"], b"a=1").stdout;
    assert!(text.starts_with("not valid: "), "{text}");
}

#[test]
fn a_valid_signature_of_a_doubtful_notification_is_reported() {
    let warnings = |form: Form| {
        let answer = verify("old", signed_by_md5(form).as_bytes()).done().json();
        assert_eq!(answer["valid"], true);
        answer["warnings"].to_string()
    };
    let with = |name: &str, value: &str| {
        let mut form = form();
        form.set(name, value);
        form
    };
    assert_eq!(warnings(with("passback_params", "a=1&b=2")), "[]");
    let told = warnings(with("subject", "Top-up&trade_status=TRADE_SUCCESS"));
    assert!(told.contains("trade_status may be a part of subject"), "{told}");
    let told = warnings(with("service", "close_trade"));
    assert!(told.contains("it has service, which requests and return URLs have"), "{told}");
    let told = warnings(with("method", "alipay.trade.close"));
    assert!(told.contains("it is a request"), "{told}");
    let told = warnings(with("a-b", "1"));
    assert!(told.contains("the parameter name a-b"), "{told}");
}

#[test]
fn the_charset_is_shown_as_a_worker_reads_it() {
    let gbk = |named: Option<&str>, merchant: &str| {
        let mut form = form();
        form.set("trade_no", "2026112300000001");
        form.set("notify_type", "trade_status_sync");
        form.set("gmt_payment", "2026-05-10 10:00:00");
        form.set("subject", b"\xb2\xe2\xca\xd4");
        form.set("buyer_email", b"\xb2\xe2@example.com");
        if let Some(named) = named {
            form.set("charset", named);
        }
        let arguments = ["verify", "--merchant", merchant, "--body-file", "-", "--output", "json"];
        let ops = ops().set("ALIPAY__MERCHANTS__OLD__CHARSET", "utf-8");
        ops.run_with(&arguments, signed_by_md5(form).as_bytes()).done()
    };
    // The signature over the bytes is valid, but the values are not text in the configured charset.
    let answer = gbk(None, "old");
    assert!(answer.stderr.contains("they are gbk: set merchants.old.charset"), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("a worker makes a dead letter of it (invalid_charset"),
        "{}",
        answer.stderr
    );
    let json = answer.json();
    assert_eq!((&json["valid"], &json["charset"]), (&true.into(), &"utf-8".into()));
    assert_eq!(json["undecodable"], serde_json::json!(["buyer_email", "subject"]));
    assert_eq!(json["worker_rejects"], "invalid_charset");
    // The form names its charset.
    let json = gbk(Some("GBK"), "old").json();
    assert_eq!(
        (&json["charset"], &json["worker_rejects"]),
        (&"gbk".into(), &serde_json::Value::Null)
    );
    assert_eq!(
        (&json["undecodable"], &json["charset_from"]),
        (&serde_json::json!([]), &"the form says so".into())
    );
    let unknown = gbk(Some("big5"), "old");
    assert_eq!(unknown.json()["worker_rejects"], "unknown_charset");
}
