//! Certificates, as our own code reads them.

use std::fs;
use std::process::{Command, Output};

use alipay::{Certificate, CertificateError, PrivateKey, RootCertificates, SignType};
use chrono::{TimeDelta, Utc};
use simulator::{Authority, ValidTime};

#[test]
fn an_authority_issues_valid_certificates() {
    let at = Utc::now();
    let authority = Authority::new(at).unwrap();
    let roots = RootCertificates::read(&authority.roots_pem()).unwrap();
    assert_eq!(roots.sn().len(), 32, "the ECC root has no number");
    let issued = authority.alipay(ValidTime::days(30, at)).unwrap();
    let alipay = Certificate::read(&issued.bundle_pem).unwrap();
    roots.check(&alipay, at).unwrap();
    // Its file has no issuer certificate, so it cannot be verified.
    let alone = Certificate::read(&issued.pem).unwrap();
    assert_eq!(alone.sn(), alipay.sn());
    assert!(matches!(roots.check(&alone, at), Err(CertificateError::UnknownIssuer { .. })));
    assert!(alipay.subject().starts_with("CN=支付宝模拟器-2088"), "{}", alipay.subject());
    assert!(alipay.subject().ends_with(",C=CN"), "{}", alipay.subject());
    let key = PrivateKey::read(&issued.private_pem).unwrap();
    let sign = key.sign(SignType::Rsa2, b"content").unwrap();
    alipay.public_key().verify(SignType::Rsa2, b"content", sign.as_bytes()).unwrap();

    let expired = authority.app("2021", ValidTime::expired(at)).unwrap();
    let expired = Certificate::read(&expired.bundle_pem).unwrap();
    roots.check_issuer(&expired).unwrap();
    assert!(matches!(roots.check(&expired, at), Err(CertificateError::Expired { .. })));
    roots.check(&expired, at - TimeDelta::days(2)).unwrap();

    let other = Authority::new(at).unwrap();
    let foreign = other.alipay(ValidTime::days(30, at)).unwrap();
    let foreign = Certificate::read(&foreign.bundle_pem).unwrap();
    // It has the same name as the authority that is trusted, and another key.
    assert_eq!(foreign.issuer(), alipay.issuer());
    roots.check(&foreign, at).unwrap_err();
}

#[test]
fn the_program_writes_certificate_files() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("certs");
    let run = |days: &str| -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_simulator"));
        program.args(["certificates", "--app-id", "2021000000000009", "--days", days, "--dir"]);
        program.arg(&dir).output().unwrap()
    };
    assert_eq!(run("0").status.code(), Some(2));
    let made = run("30");
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    assert_eq!(String::from_utf8(made.stdout).unwrap().lines().count(), 7);
    let text = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    let roots = RootCertificates::read(&text("alipayRootCert.crt")).unwrap();
    for (certificate, key) in [
        ("alipayCertPublicKey_RSA2.crt", "alipay_private.pem"),
        ("alipayCertPublicKey_RSA2_next.crt", "alipay_next_private.pem"),
        ("appCertPublicKey.crt", "app_private.pem"),
    ] {
        let read = Certificate::read(&text(certificate)).unwrap();
        let sign = PrivateKey::read(&text(key)).unwrap().sign(SignType::Rsa2, b"content").unwrap();
        let verified = read.public_key().verify(SignType::Rsa2, b"content", sign.as_bytes());
        verified.unwrap();
        match certificate.starts_with("alipay") {
            true => roots.check(&read, Utc::now()).unwrap(),
            false => assert!(read.subject().contains("2021000000000009"), "{}", read.subject()),
        }
    }
    let again = run("30");
    assert_eq!(again.status.code(), Some(2), "files that exist are kept: {again:?}");
}
