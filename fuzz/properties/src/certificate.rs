//! Keys and certificates in the forms in which people store them.

use alipay::{
    Certificate, CertificateAnswer, CertificateError, Charset, PrivateKey, PublicKey,
    RootCertificates, SignType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;

use crate::input;

/// Whatever was read is the same read again in another form, verifies nothing that it did not sign, and
/// vouches for nothing before or after its time.
pub fn holds(mut data: &[u8]) {
    // As DER, so that a fuzzer need not write base64; or as it is.
    let text = match input::byte(&mut data) % 2 {
        0 => String::from_utf8_lossy(data).into_owned(),
        _ => STANDARD.encode(data),
    };
    let public = PublicKey::read(&text);
    if let Ok(key) = &public {
        a_key(key);
        let spread: Vec<String> = text.lines().map(|line| format!(" {line}\r")).collect();
        assert_eq!(PublicKey::read(&spread.join("\n")).as_ref(), Ok(key));
    }
    if let Ok(key) = PrivateKey::read(&text) {
        assert!(public.is_err(), "a private key is no public one");
        a_private_key(&key);
    }
    if let Ok(certificate) = Certificate::read(&text) {
        // Of whatever there is in a text, the first block is the certificate and so the key.
        assert_eq!(public.as_ref(), Ok(&certificate.public_key()));
        a_certificate(&certificate);
        if let Ok(roots) = RootCertificates::read(&text) {
            roots_vouch(&roots, &certificate);
            a_download(&text, &roots, &certificate);
        }
    }
}

fn a_key(key: &PublicKey) {
    assert!((1024..=8192).contains(&key.bits()));
    assert!(is_hex(&key.fingerprint(), 64));
    for sign_type in [SignType::Rsa, SignType::Rsa2] {
        for signature in ["", "AAAA", "AQ=="] {
            assert!(key.verify(sign_type, b"a=1", signature.as_bytes()).is_err());
        }
    }
}

fn a_private_key(key: &PrivateKey) {
    let public = key.public_key();
    a_key(&public);
    // A broken key may fail to sign, and may sign what it cannot verify: never what another would.
    if let Ok(signature) = key.sign(SignType::Rsa2, b"a=1") {
        assert!(public.verify(SignType::Rsa2, b"a=2", signature.as_bytes()).is_err());
    }
}

fn a_certificate(certificate: &Certificate) {
    assert!(is_hex(certificate.sn(), 32));
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let second = TimeDelta::seconds(1);
    if from <= until {
        assert_eq!(certificate.check_time(from), Ok(()));
        assert_eq!(certificate.check_time(until), Ok(()));
    }
    if let Some(early) = from.checked_sub_signed(second) {
        let error = certificate.check_time(early);
        assert!(matches!(error, Err(CertificateError::NotYetValid { .. })));
    }
    if let Some(late) = until.checked_add_signed(second).filter(|late| *late >= from) {
        let error = certificate.check_time(late);
        assert!(matches!(error, Err(CertificateError::Expired { .. })));
    }
}

fn roots_vouch(roots: &RootCertificates, certificate: &Certificate) {
    assert!(roots.sn().split('_').all(|sn| is_hex(sn, 32)));
    let at = certificate.not_before();
    let vouched = roots.check(certificate, at).is_ok();
    assert!(!vouched || certificate.check_time(at).is_ok());
    assert!(!vouched || roots.check_issuer(certificate).is_ok());
}

/// What the gateway answers to who asks for it is worth what the roots say, and is no other one.
fn a_download(text: &str, roots: &RootCertificates, certificate: &Certificate) {
    let body = format!(
        "{{\"alipay_open_app_alipaycert_download_response\":{{\"code\":\"10000\",\
         \"alipay_cert_content\":\"{}\"}}}}",
        STANDARD.encode(text)
    );
    let answer = || CertificateAnswer::read(body.as_bytes(), Charset::Utf8).unwrap();
    let trusted = answer().trusted(certificate.sn(), roots);
    assert_eq!(trusted, roots.check_issuer(certificate).map(|()| certificate.clone()));
    assert!(answer().trusted("another", roots).is_err());
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
