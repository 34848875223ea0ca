//! Signatures with a known key.

use alipay::{
    Certificate, Charset, Md5Key, Protocol, PublicKey, Rule, SignType, Verifier, canonical,
    md5_sign,
};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::fixture::{self, AT};

fn string<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap_or_else(|| panic!("no {field} in {vector}"))
}

fn sign_type(vector: &Value) -> SignType {
    string(vector, "kind").to_uppercase().parse().unwrap()
}

fn rule(vector: &Value) -> Option<Rule> {
    match string(vector, "rule") {
        "v1" | "v1-keep-empty" => Some(Rule::Notification),
        "legacy" => Some(Rule::DropEmpty),
        "v2" => Some(Rule::Request),
        "content" => None,
        other => panic!("a rule that this test does not know: {other}"),
    }
}

fn excluded(vector: &Value) -> Vec<String> {
    let names = vector["exclude"].as_array();
    names.into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// The text that the signature of a vector covers.
fn content(vector: &Value) -> Vec<u8> {
    match rule(vector) {
        Some(rule) => canonical(&fixture::form(vector), rule, &excluded(vector)),
        None => fixture::charset(vector).encode(string(vector, "content")).unwrap(),
    }
}

/// Whether the signature of a vector verifies over a text.
fn verifies(vector: &Value, content: &[u8]) -> bool {
    let (key, sign) = (string(vector, "key"), string(vector, "sign"));
    match sign_type(vector) {
        SignType::Md5 => md5_sign(&Md5Key::new(key), content) == sign,
        rsa => PublicKey::read(key).unwrap().verify(rsa, content, sign.as_bytes()).is_ok(),
    }
}

/// A verifier of a vector's key, where a [`Verifier`] takes such a key and rule at all.
fn verifier(vector: &Value, protocol: Protocol) -> Option<Verifier> {
    let (key, sign_type) = (string(vector, "key"), sign_type(vector));
    if !matches!(rule(vector)?, Rule::Notification | Rule::DropEmpty) {
        return None;
    }
    let (md5_keys, public_keys) = match sign_type {
        SignType::Md5 => (vec![Md5Key::new(key)], vec![]),
        _ => (vec![], vec![PublicKey::read(key).unwrap()]),
    };
    Verifier::new(protocol, vec![sign_type], md5_keys, public_keys).ok()
}

/// A time at which a vector's key was good.
fn at(vector: &Value) -> DateTime<Utc> {
    let key = PublicKey::read(string(vector, "key")).ok();
    let certificate = key.as_ref().and_then(PublicKey::certificate);
    certificate.map_or(AT, Certificate::not_before)
}

#[test]
fn every_vector_under_its_own_rule() {
    let vectors = fixture::folder("vectors");
    let mut valid = 0;
    for (name, vector) in &vectors {
        let expected = string(vector, "expect") == "valid";
        assert_eq!(verifies(vector, &content(vector)), expected, "{name}: {}", vector["note"]);
        valid += usize::from(expected);
    }
    println!("{} vectors, {valid} of them valid", vectors.len());
    assert_eq!((vectors.len(), valid), (22, 13), "files are missing or new: adapt these numbers");
}

#[test]
fn every_vector_through_a_verifier() {
    let mut ran = 0;
    for (name, vector) in &fixture::folder("vectors") {
        for protocol in [Protocol::Mapi, Protocol::Openapi] {
            let Some(verifier) = verifier(vector, protocol) else { continue };
            let mut form = fixture::form(vector);
            form.set("sign", string(vector, "sign"));
            form.set("sign_type", sign_type(vector).name());
            let verified = verifier.verify(&form, &excluded(vector), at(vector));
            let expected = string(vector, "expect") == "valid";
            assert_eq!(verified.is_ok(), expected, "{name} {protocol}: {verified:?}");
            ran += 1;
        }
    }
    println!("{ran} verifications");
    assert_eq!(ran, 32, "files are missing or new: adapt this number");
}

#[test]
fn one_changed_byte_breaks_every_valid_vector() {
    for (name, vector) in &fixture::folder("vectors") {
        let mut content = content(vector);
        content[0] ^= 1;
        assert!(!verifies(vector, &content), "{name}");
    }
}

/// This message was signed over GBK bytes. Its vector says that it must fail as UTF-8; encoded in
/// GBK it verifies, which proves the whole way from bytes to the signature of Alipay's own key.
#[test]
fn alipay_signs_gbk_bytes() {
    let vector = fixture::json("vectors/25-rsa-f2f-gbk-as-utf8.json");
    let form = fixture::form_in(Charset::Gbk, &vector["params"]);
    assert!(verifies(&vector, &canonical(&form, Rule::Notification, &[])));
    let form = fixture::form_in(Charset::Gb18030, &vector["params"]);
    assert!(verifies(&vector, &canonical(&form, Rule::Notification, &[])));
}
