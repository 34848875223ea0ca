//! Who issued a certificate: one of the roots, or somebody who says so.

use alipay::{Certificate, CertificateError, RootCertificates};
use chrono::TimeDelta;

use crate::certificates::{certificate, roots};
use crate::fixture;

/// What Alipay itself issued: a certificate out of the official Node SDK's tests, the intermediate of
/// Alipay's files, and the roots that everybody gets.
#[test]
fn a_real_certificate_up_to_alipays_root() {
    let cases = fixture::json("cert_sn.json");
    let real_roots = cases.as_array().unwrap().iter().find(|case| case["root"] == true).unwrap();
    let real_roots = RootCertificates::read(real_roots["pem"].as_str().unwrap()).unwrap();
    let real = certificate("real-app-and-issuer");
    // It ended in 2022, which is no reason to say that nobody issued it.
    assert_eq!(real_roots.check_issuer(&real), Ok(()));
    assert_eq!(real_roots.check(&real, real.not_after()), Ok(()));
    let late = real.not_after() + TimeDelta::seconds(1);
    assert!(matches!(real_roots.check(&real, late), Err(CertificateError::Expired { .. })));
    // Of the sandbox, with a file that holds nothing but itself.
    let sandbox = cases.as_array().unwrap().iter().find(|case| case["root"] == false).unwrap();
    let sandbox = Certificate::read(sandbox["pem"].as_str().unwrap()).unwrap();
    let unknown = real_roots.check_issuer(&sandbox).unwrap_err();
    assert!(matches!(unknown, CertificateError::UnknownIssuer { .. }), "{unknown}");
    assert!(unknown.to_string().contains("Class 2 R1 test"), "{unknown}");
    // Other roots than its own.
    assert!(roots("roots").check_issuer(&real).is_err());
}

#[test]
fn only_what_a_root_issued() {
    let own = roots("roots");
    for name in ["alipay", "alipay-renewed"] {
        let good = certificate(name);
        assert_eq!(own.check_issuer(&good), Ok(()), "{name}");
        assert_eq!(own.check(&good, good.not_before()), Ok(()), "{name}");
    }
    let refused = |roots: &RootCertificates, certificate: &Certificate| {
        roots.check_issuer(certificate).unwrap_err()
    };
    // Signed by another key of the same name, which is what a forger would do.
    let forged = refused(&own, &certificate("forged"));
    assert!(matches!(forged, CertificateError::NotIssued { .. }), "{forged}");
    assert!(forged.to_string().contains("another key has signed"), "{forged}");
    let other = roots("other-root-of-the-same-name");
    let foreign = refused(&other, &certificate("alipay"));
    assert!(matches!(foreign, CertificateError::NotIssued { .. }), "{foreign}");
    // Whoever has a certificate is no authority.
    let below = refused(&own, &certificate("below-a-leaf"));
    assert!(matches!(below, CertificateError::NotIssued { .. }), "{below}");
    // Without its issuer's certificate.
    let bundle = fixture::text("certificates/alipay.pem");
    let (alone, _) = bundle.split_at(bundle.rfind("-----BEGIN").unwrap());
    let alone = refused(&own, &Certificate::read(alone).unwrap());
    assert!(matches!(alone, CertificateError::UnknownIssuer { .. }), "{alone}");
    // One that vouches for itself.
    let itself = Certificate::read(&fixture::text("keys/rsa2048-certificate.pem")).unwrap();
    assert!(own.check_issuer(&itself).is_err());
}

/// What is easily mixed up: the order within a file, and the file of the roots with Alipay's.
#[test]
fn files_in_each_others_place() {
    let bundle = fixture::text("certificates/alipay.pem");
    let (leaf, issuer) = bundle.split_at(bundle.rfind("-----BEGIN").unwrap());
    let turned = Certificate::read(&format!("{issuer}{leaf}")).unwrap();
    let turned = roots("roots").check_issuer(&turned).unwrap_err().to_string();
    assert!(turned.contains("must be the first of its file"), "{turned}");

    let no_roots = RootCertificates::read(&bundle).unwrap_err().to_string();
    assert!(
        no_roots.contains("is no root certificate; roots are in alipayRootCert.crt"),
        "{no_roots}"
    );
    // An authority's without its own issuer vouches for what is below it, if somebody wants that.
    assert!(RootCertificates::read(issuer).unwrap().check_issuer(&certificate("alipay")).is_ok());
}

#[test]
fn a_path_has_a_time() {
    let (own, good) = (roots("roots"), certificate("alipay"));
    let second = TimeDelta::seconds(1);
    let check = |at| own.check(&good, at);
    assert!(matches!(check(good.not_before() - second), Err(CertificateError::NotYetValid { .. })));
    assert_eq!(check(good.not_after()), Ok(()));
    assert!(matches!(check(good.not_after() + second), Err(CertificateError::Expired { .. })));
}
