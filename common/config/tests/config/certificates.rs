//! Certificate mode: what belongs together, and that the clock has no part in it.

use std::fs;
use std::path::Path;

use config::certificates::{self, CertificateRole};

use crate::support::{File, load, refused};

/// Of the crate that reads them.
fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../alipay/tests/fixtures");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn certificate(name: &str) -> String {
    fixture(&format!("certificates/{name}.pem"))
}

/// A merchant of the Open Platform with these certificates of Alipay, and other keys of its section.
fn merchant(alipay: &[&str], more: &[(&str, &str)]) -> String {
    let keys: Vec<String> = alipay.iter().map(|pem| format!("'''{pem}'''")).collect();
    let more: Vec<String> =
        more.iter().map(|(name, value)| format!("{name} = '''{value}'''")).collect();
    format!(
        "[merchants.app]\nprotocol = \"openapi\"\napp_id = \"2021001\"\nsign_types = [\"RSA2\"]\n\
         alipay_public_keys = [{}]\n{}\n",
        keys.join(", "),
        more.join("\n")
    )
}

#[test]
fn certificate_mode() {
    let (alipay, renewed) = (certificate("alipay"), certificate("alipay-renewed"));
    let (roots, private, own) =
        (certificate("roots"), fixture("keys/app-private.pem"), certificate("app"));
    let text = merchant(
        &[&alipay, &renewed],
        &[("alipay_root_cert", &roots), ("app_cert", &own), ("private_key", &private)],
    );
    let config = load(&text).unwrap();
    let app = config.merchant("app").unwrap();
    assert_eq!(app.public_keys.len(), 2);
    let found: Vec<(CertificateRole, &str)> =
        certificates::of(app).map(|(role, certificate)| (role, certificate.sn())).collect();
    let own = alipay::Certificate::read(&own).unwrap();
    let renewed = alipay::Certificate::read(&renewed).unwrap();
    let old = alipay::Certificate::read(&alipay).unwrap();
    let root = app.alipay_root_cert.as_ref().unwrap().sn();
    assert_eq!(
        found,
        [
            (CertificateRole::App, own.sn()),
            (CertificateRole::Alipay, old.sn()),
            (CertificateRole::Alipay, renewed.sn()),
            (CertificateRole::Root, &root)
        ]
    );
    // Without app_cert: enough to verify, not to ask.
    let text = merchant(&[&alipay], &[("alipay_root_cert", &roots), ("private_key", &private)]);
    assert!(load(&text).unwrap().merchant("app").unwrap().app_cert.is_none());
    // Without roots a certificate is a key with an end.
    assert!(load(&merchant(&[&alipay], &[])).is_ok());
}

#[test]
fn files_and_what_they_name() {
    let file = File::new(
        "[merchants.app]\nprotocol = \"openapi\"\napp_id = \"2021001\"\nsign_types = [\"RSA2\"]\n\
         alipay_public_keys_file = \"alipay.crt\"\nalipay_root_cert_file = \"roots.crt\"\n\
         app_cert_file = \"app.crt\"\napp_auth_token_file = \"token\"\n",
    )
    .with("alipay.crt", &certificate("alipay"))
    .with("roots.crt", &certificate("roots"))
    .with("app.crt", &certificate("alipay"))
    .with("token", "202508BBtoken\n");
    let config = file.load(&[]).unwrap();
    let app = config.merchant("app").unwrap();
    assert!(app.app_cert.is_some() && app.alipay_root_cert.is_some());
    assert_eq!(app.app_auth_token.as_ref().unwrap().expose_secret(), "202508BBtoken");
    assert!(!format!("{app:?} {config:?}").contains("202508BBtoken"));
    let missing = file.load(&[("ALIPAY__MERCHANTS__APP__APP_CERT_FILE", "none.crt")]);
    refused(missing, "merchants.app.app_cert_file", "none.crt");
}

/// A merchant whose certificate ended last night must not keep the others from starting.
#[test]
fn the_clock_has_no_part() {
    let real = certificate("real-app-and-issuer");
    let cases: serde_json::Value = serde_json::from_str(&fixture("cert_sn.json")).unwrap();
    let roots = cases.as_array().unwrap().iter().find(|case| case["root"] == true).unwrap();
    let roots = roots["pem"].as_str().unwrap();
    let text = merchant(&[&real], &[("alipay_root_cert", roots), ("app_cert", &real)]);
    let config = load(&text).unwrap();
    let ended = config.merchant("app").unwrap().app_cert.as_ref().unwrap().not_after();
    assert_eq!(ended.to_rfc3339(), "2022-05-18T05:28:47+00:00");
}

#[test]
fn what_does_not_belong_together() {
    let (alipay, roots) = (certificate("alipay"), certificate("roots"));
    let keys = "merchants.app.alipay_public_keys";
    let rooted = |alipay: &[&str]| load(&merchant(alipay, &[("alipay_root_cert", &roots)]));
    let bare = fixture("keys/rsa2048-spki.pem");
    refused(
        rooted(&[&alipay, &bare]),
        keys,
        "key number 2 is a public key, and with alipay_root_cert",
    );
    refused(rooted(&[&certificate("forged")]), keys, "key number 1: the certificate ");
    refused(rooted(&[&alipay, &certificate("forged")]), keys, "is not issued by one of the roots");
    let alone = alipay.split_at(alipay.rfind("-----BEGIN").unwrap()).0;
    refused(rooted(&[alone]), keys, "append that of its issuer");
    let foreign = certificate("other-root-of-the-same-name");
    let other_root = load(&merchant(&[&alipay], &[("alipay_root_cert", &foreign)]));
    refused(other_root, keys, "is not issued by one of the roots");

    let no_root = load(&merchant(&[&alipay], &[("app_cert", &alipay)]));
    refused(no_root, "merchants.app.alipay_root_cert", "required beside app_cert");
    let more =
        [("alipay_root_cert", roots.as_str()), ("app_cert", &certificate("real-app-and-issuer"))];
    let private = fixture("keys/app-private.pem");
    let strange = load(&merchant(&[&alipay], &[more[0], more[1], ("private_key", &private)]));
    refused(
        strange,
        "merchants.app.app_cert",
        "is not the certificate of this merchant's private_key",
    );
    let bare = load(&merchant(&[&alipay], &[more[0], ("app_cert", &bare)]));
    refused(bare, "merchants.app.app_cert", "a public key was given where a certificate belongs");
    let own = certificate("app");
    let own = load(&merchant(&[&alipay, &own], &[more[0], ("private_key", &private)]));
    refused(own, keys, "key number 2 is the merchant's own public key");
    let none = load(&merchant(&[&alipay], &[("alipay_root_cert", "x")]));
    refused(none, "merchants.app.alipay_root_cert", "");
}

#[test]
fn the_legacy_gateway_has_none() {
    let alipay = certificate("alipay");
    for (name, value) in
        [("app_cert", alipay.as_str()), ("alipay_root_cert", &alipay), ("app_auth_token", "x")]
    {
        let text = format!("{}{name} = '''{value}'''\n", crate::support::MAPI);
        refused(load(&text), &format!("merchants.shop.{name}"), "is for protocol openapi");
    }
}
