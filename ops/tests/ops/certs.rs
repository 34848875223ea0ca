//! `ops certs`: when certificates end, and a new one from the gateway.

use std::fs;
use std::path::PathBuf;

use alipay::{Certificate, Form, PrivateKey, Rule, Signer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use testkit::{FakeGateway, Reply};

use crate::program::{NOBODY, Ops};

fn path(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../common/alipay/tests/fixtures");
    PathBuf::from(folder).join(name).display().to_string()
}

fn pem(name: &str) -> String {
    fs::read_to_string(path(&format!("certificates/{name}.pem"))).unwrap()
}

/// A merchant in certificate mode. `alipay` and `app-ended` ended in 2022, `alipay-renewed` ends in 2124, `app` in
/// 2122.
fn ops(alipay: &[&str], app: &str) -> Ops {
    let files: Vec<String> =
        alipay.iter().map(|name| path(&format!("certificates/{name}.pem"))).collect();
    [
        ("PROTOCOL", "openapi"),
        ("APP_ID", "2021000000000001"),
        ("SIGN_TYPES", "RSA2"),
        ("ALIPAY_PUBLIC_KEYS_FILE", &files.join(",")),
        ("ALIPAY_ROOT_CERT_FILE", &path("certificates/roots.pem")),
        ("APP_CERT_FILE", &path(&format!("certificates/{app}.pem"))),
        ("PRIVATE_KEY_FILE", &path("keys/app-private.pem")),
    ]
    .into_iter()
    .fold(Ops::at(NOBODY.0, NOBODY.1), |ops, (key, value)| {
        ops.set(&format!("ALIPAY__MERCHANTS__APP__{key}"), value)
    })
}

#[test]
fn every_certificate_is_listed_with_its_end() {
    let good = ops(&["alipay-renewed"], "app");
    let lines = good.json("certs");
    let lines = lines.as_array().unwrap();
    let roles: Vec<_> = lines.iter().map(|line| line["role"].as_str().unwrap()).collect();
    // The first to end comes first.
    assert_eq!(roles, ["app", "alipay", "root"]);
    assert!(lines.iter().all(|line| line["state"] == "valid" && line["merchant"] == "app"));
    let renewed = Certificate::read(&pem("alipay-renewed")).unwrap();
    assert_eq!(lines[0]["sn"], Certificate::read(&pem("app")).unwrap().sn());
    assert_eq!(lines[1]["sn"], renewed.sn());
    assert_eq!(lines[1]["subject"], renewed.subject());
    assert!(lines[1]["issuer"].as_str().unwrap().starts_with("CN=Test Class 2 R1"));
    assert_eq!(lines[1]["not_after"], "2124-04-01T08:00:00+08:00");
    assert!(lines[1]["days_left"].as_i64().unwrap() > 10_000);

    let both = ops(&["alipay", "alipay-renewed"], "app");
    let answer = both
        .run("certs")
        .ended(1, "certificates: 1 expired, 0 not valid yet, 0 to expire within 30");
    let old = Certificate::read(&pem("alipay")).unwrap();
    let line = answer.stdout.lines().find(|line| line.contains(old.sn())).unwrap();
    assert!(line.contains("expired") && line.contains("2022-05-14"), "{line}");
    let json = both.run("certs --output json").ended(1, "").json();
    assert_eq!(
        (&json[0]["state"], json[0]["days_left"].as_i64().unwrap() < 0),
        (&"expired".into(), true)
    );

    let plain = Ops::at(NOBODY.0, NOBODY.1);
    let answer = plain.run("certs").done();
    assert!(answer.stderr.contains("no certificate is configured"), "{}", answer.stderr);
    good.run("certs --merchant none").ended(2, "merchant none is not configured");
}

#[test]
fn a_new_certificate_is_downloaded_and_checked() {
    let renewed = Certificate::read(&pem("alipay-renewed")).unwrap();
    let download = format!("certs download --merchant app --sn {}", renewed.sn());
    let answered = |node: String| {
        let name = "alipay_open_app_alipaycert_download_response";
        let body = format!(r#"{{"{name}":{node},"sign":"bm9ib2R5"}}"#);
        let gateway = FakeGateway::start(Reply::text(&body)).unwrap();
        ops(&["alipay"], "app").set("ALIPAY__MERCHANTS__APP__GATEWAY", &gateway.url).run(&download)
    };
    let certificate = |name: &str| {
        let content = STANDARD.encode(pem(name));
        format!(r#"{{"code":"10000","alipay_cert_content":"{content}"}}"#)
    };
    assert_eq!(answered(certificate("alipay-renewed")).done().stdout, pem("alipay-renewed"));
    answered(certificate("forged")).ended(1, "was asked for, and");
    answered(r#"{"code":"40004","sub_code":"NO_CERT"}"#.to_owned()).ended(1, "NO_CERT");
    answered("1".to_owned()).ended(3, "not_an_answer");
    let good = ops(&["alipay"], "app");
    good.run("certs download --merchant app --sn x").ended(2, "32 hex digits");
    let old_app = ops(&["alipay"], "app-ended");
    old_app.run(&download).ended(2, "merchants.app.app_cert cannot be used");
}

#[test]
fn verify_checks_a_signature_with_a_certificate() {
    let verify = |alipay: &[&str], form: &Form| {
        let arguments = ["verify", "--merchant", "app", "--body-file", "-", "--output", "json"];
        ops(alipay, "app").run_with(&arguments, form.encode().as_bytes())
    };
    let key = fs::read_to_string(path("keys/rsa2048-pkcs8-private.pem")).unwrap();
    let signer = Signer::Rsa2(PrivateKey::read(&key).unwrap());
    let mut form = Form::from_pairs([("out_trade_no", "A-1"), ("app_id", "2021000000000001")]);
    signer.sign_form(&mut form, Rule::Notification).unwrap();
    form.set("alipay_cert_sn", "anything");

    let answer = verify(&["alipay", "alipay-renewed"], &form).done();
    assert!(answer.stderr.contains("alipay_cert_sn is not signed"), "{}", answer.stderr);
    let json = answer.json();
    let renewed = Certificate::read(&pem("alipay-renewed")).unwrap();
    assert_eq!((&json["key"], &json["cert_sn"]), (&1.into(), &renewed.sn().into()));
    assert_eq!(json["canonical"], "app_id=2021000000000001&out_trade_no=A-1");

    let json = verify(&["alipay"], &form).ended(1, "expired at 2022-05-14").json();
    assert_eq!(json["reason"], "certificate_expired");
    assert_eq!(json["remedies"][0]["code"], "certificate_expired");
    let says = json["remedies"][0]["says"].as_str().unwrap();
    assert!(says.contains("ops certs download") && says.contains("SIGHUP"), "{says}");
    assert_eq!(json["remedies"].as_array().unwrap().len(), 1);

    // A certificate that no root issued is not even read.
    verify(&["forged"], &form).ended(2, "is not issued by one of the roots");
}
