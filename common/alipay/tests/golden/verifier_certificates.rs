//! Signatures by keys out of certificates: right, and of their time.

use alipay::{
    Certificate, Form, PrivateKey, Protocol, PublicKey, Rule, SignType, SignatureError, Signer,
    Verifier,
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::certificates::certificate;
use crate::fixture;

const RULE: Rule = Rule::Notification;

fn private() -> PrivateKey {
    PrivateKey::read(&fixture::text("keys/rsa2048-pkcs8-private.pem")).unwrap()
}

fn verifier(keys: Vec<PublicKey>) -> Verifier {
    Verifier::new(Protocol::Openapi, vec![SignType::Rsa2], vec![], keys).unwrap()
}

fn signed(parameters: &[(&str, &str)]) -> Form {
    let mut form = Form::from_pairs(parameters.iter().copied());
    Signer::Rsa2(private()).sign_form(&mut form, RULE).unwrap();
    form
}

fn after(certificate: &Certificate) -> DateTime<Utc> {
    certificate.not_after() + TimeDelta::seconds(1)
}

#[test]
fn a_key_counts_while_its_certificate_does() {
    let certificate = certificate("alipay");
    let verifier = verifier(vec![certificate.public_key()]);
    let form = signed(&[("a", "1")]);
    for at in [certificate.not_before(), certificate.not_after()] {
        assert!(verifier.verify(&form, &[], at).is_ok());
    }
    let (sn, not_after) = (certificate.sn().to_owned(), certificate.not_after());
    let expired = SignatureError::CertificateExpired { sn: sn.clone(), not_after };
    assert_eq!(verifier.verify(&form, &[], after(&certificate)), Err(expired.clone()));
    assert_eq!(expired.reason_code(), "certificate_expired");
    let not_before = certificate.not_before();
    let early = SignatureError::CertificateNotYetValid { sn, not_before };
    let before = not_before - TimeDelta::seconds(1);
    assert_eq!(verifier.verify(&form, &[], before), Err(early.clone()));
    assert_eq!(early.reason_code(), "certificate_not_yet_valid");
    // A signature that is wrong is wrong, whatever the time.
    let mut other = form.clone();
    other.set("a", "2");
    let wrong = verifier.verify(&other, &[], after(&certificate)).unwrap_err();
    assert_eq!(wrong.reason_code(), "bad_signature");
}

#[test]
fn a_renewed_certificate_or_a_bare_key_takes_over() {
    let (old, renewed) = (certificate("alipay"), certificate("alipay-renewed"));
    let form = signed(&[("a", "1")]);
    let at = after(&old);
    let both = verifier(vec![old.public_key(), renewed.public_key()]);
    assert_eq!(both.verify(&form, &[], at).map(|verified| verified.key), Ok(1));
    assert_eq!(both.verify(&form, &[], old.not_after()).map(|verified| verified.key), Ok(0));
    let bare = verifier(vec![old.public_key(), private().public_key()]);
    assert_eq!(bare.verify(&form, &[], at).map(|verified| verified.key), Ok(1));
}

/// A notification and the certificate of the sandbox that signed it, both published.
#[test]
fn a_real_message_under_a_real_certificate() {
    let vector = fixture::json("vectors/40-rsa2-return-page-pay.json");
    let key = PublicKey::read(vector["key"].as_str().unwrap()).unwrap();
    let certificate = key.certificate().unwrap().clone();
    let verifier = verifier(vec![key]);
    let mut form = fixture::form(&vector);
    form.set("sign", vector["sign"].as_str().unwrap());
    form.set("sign_type", "RSA2");
    let ignore: Vec<String> = vector["exclude"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    assert!(verifier.verify(&form, &ignore, certificate.not_after()).is_ok());
    let late = verifier.verify(&form, &ignore, after(&certificate)).unwrap_err();
    assert_eq!(late.reason_code(), "certificate_expired");
}

/// Sources disagree whether notifications have one; where they do, it is not signed.
#[test]
fn a_certificate_number_in_a_notification_need_not_be_signed() {
    let verifier = verifier(vec![private().public_key()]);
    let at = DateTime::UNIX_EPOCH;
    let mut form = signed(&[("a", "1"), ("empty", "")]);
    assert!(!verifier.verify(&form, &[], at).unwrap().without_cert_sn);
    form.set("alipay_cert_sn", "6f1e366a31d9575cd546914add04f4af");
    let verified = verifier.verify(&form, &[], at).unwrap();
    assert!(verified.without_cert_sn);
    assert_eq!(verified.rule, RULE);
    assert!(verified.to_string().ends_with("alipay_cert_sn left out"), "{verified}");
    // Signed, it is a parameter like any other.
    let both = signed(&[("a", "1"), ("alipay_cert_sn", "x")]);
    assert!(!verifier.verify(&both, &[], at).unwrap().without_cert_sn);
    // Nothing else may be left out.
    form.set("other", "1");
    assert!(verifier.verify(&form, &[], at).is_err());
}

#[test]
fn an_answer_names_its_certificate() {
    let (old, renewed) = (certificate("alipay"), certificate("alipay-renewed"));
    let sign = private().sign(SignType::Rsa2, b"{}").unwrap();
    let at = old.not_before();
    let both = verifier(vec![old.public_key(), renewed.public_key()]);
    let check = |verifier: &Verifier, sn: Option<&str>, at| {
        verifier.verify_content(b"{}", sign.as_bytes(), sn, at)
    };
    for sn in [None, Some(""), Some(old.sn()), Some(renewed.sn())] {
        assert_eq!(check(&both, sn, renewed.not_before()), Ok(()), "{sn:?}");
    }
    // The one that it names has ended, though the other one has the same key.
    let expired = check(&both, Some(old.sn()), after(&old)).unwrap_err();
    assert_eq!(expired.reason_code(), "certificate_expired");
    assert_eq!(check(&both, Some(renewed.sn()), after(&old)), Ok(()));
    let unknown = check(&both, Some("0123"), at).unwrap_err();
    assert_eq!(unknown, SignatureError::UnknownCertificate { sn: "0123".to_owned() });
    assert_eq!(unknown.reason_code(), "unknown_certificate");
    // Where no certificate is configured the number means nothing, and beside one a bare key counts.
    let bare = verifier(vec![private().public_key()]);
    assert_eq!(check(&bare, Some("0123"), at), Ok(()));
    let mixed = verifier(vec![old.public_key(), private().public_key()]);
    assert_eq!(check(&mixed, Some("0123"), at), Ok(()));
    // A known one and another text: a mismatch.
    let wrong = both.verify_content(b"{ }", sign.as_bytes(), Some(old.sn()), at).unwrap_err();
    assert_eq!(wrong, SignatureError::Mismatch { tried: vec![] });
}
