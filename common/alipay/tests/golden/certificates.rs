//! Certificates: their numbers, their times, and what is none.

use alipay::{Certificate, CertificateError, KeyError, PublicKey, RootCertificates};
use chrono::TimeDelta;

use crate::fixture;

pub(crate) fn certificate(name: &str) -> Certificate {
    Certificate::read(&fixture::text(&format!("certificates/{name}.pem"))).unwrap()
}

pub(crate) fn roots(name: &str) -> RootCertificates {
    RootCertificates::read(&fixture::text(&format!("certificates/{name}.pem"))).unwrap()
}

#[test]
fn numbers_that_alipays_sdks_compute() {
    let cases = fixture::json("cert_sn.json");
    let cases = cases.as_array().unwrap();
    for case in cases {
        let pem = case["pem"].as_str().unwrap();
        let sn = match case["root"].as_bool().unwrap() {
            true => RootCertificates::read(pem).unwrap().sn(),
            false => Certificate::read(pem).unwrap().sn().to_owned(),
        };
        assert_eq!(sn, case["sn"].as_str().unwrap(), "{}", case["id"]);
    }
    assert_eq!(cases.len(), 2);
}

/// The number of `openssl x509 -issuer -serial`, put together by hand: a serial number of 16 bytes, and
/// an issuer whose attributes stand in the other order inside.
#[test]
fn a_number_and_what_it_is_made_of() {
    let real = certificate("real-app-and-issuer");
    assert_eq!(
        real.issuer(),
        "CN=Ant Financial Certification Authority Class 1 R1,OU=Certification Authority,O=Ant Financial,C=CN"
    );
    assert!(real.subject().starts_with("CN=2088831204659217-2021001161683774,OU=Alipay,O="));
    assert_eq!(real.not_before().to_rfc3339(), "2020-05-18T05:28:47+00:00");
    assert_eq!(real.not_after().to_rfc3339(), "2022-05-18T05:28:47+00:00");
    // md5 of the issuer above and of 0x20200518... in decimal.
    assert_eq!(real.sn(), "866efef280dec9137a87d047ac446315");
}

#[test]
fn a_key_keeps_its_certificate() {
    let text = fixture::text("certificates/alipay.pem");
    let key = PublicKey::read(&text).unwrap();
    assert_eq!(key.certificate(), Some(&certificate("alipay")));
    assert_eq!(certificate("alipay").public_key(), key);
    // The key alone is the same key, whatever it came in.
    let alone = PublicKey::read(&fixture::text("keys/rsa2048-spki.pem")).unwrap();
    assert_eq!(alone, key);
    assert_eq!(alone.certificate(), None);
    let renewed = certificate("alipay-renewed");
    assert_eq!(renewed.public_key(), key);
    assert_ne!(renewed.sn(), certificate("alipay").sn());
    assert_ne!(renewed, certificate("alipay"));
    // Windows line ends, and one line of base64.
    let crlf = Certificate::read(&text.replace('\n', "\r\n")).unwrap();
    assert_eq!(crlf, certificate("alipay"));
    let first = text.split("-----").nth(2).unwrap();
    assert_eq!(Certificate::read(first).unwrap(), certificate("alipay"));
}

#[test]
fn a_certificate_is_written_as_a_file() {
    let text = fixture::text("certificates/alipay.pem");
    let noisy = format!("\u{1b}[31m{}", text.replace("-----BEGIN", "noise\n-----BEGIN"));
    assert_eq!(Certificate::read(&noisy).unwrap().pem().unwrap(), text);
}

#[test]
fn a_certificate_is_valid_from_its_first_to_its_last_second() {
    let certificate = certificate("alipay");
    let (first, last) = (certificate.not_before(), certificate.not_after());
    let (second, moment) = (TimeDelta::seconds(1), TimeDelta::milliseconds(999));
    for at in [first, first + second, last, last + moment] {
        assert_eq!(certificate.check_time(at), Ok(()), "{at}");
    }
    let sn = certificate.sn().to_owned();
    let expired = Err(CertificateError::Expired { sn: sn.clone(), not_after: last });
    assert_eq!(certificate.check_time(last + second), expired);
    let early = Err(CertificateError::NotYetValid { sn, not_before: first });
    assert_eq!(certificate.check_time(first - TimeDelta::milliseconds(1)), early);
}

#[test]
fn what_is_no_certificate() {
    let read = |text: &str| Certificate::read(text).map(drop).unwrap_err();
    let pem = |name: &str| fixture::text(name);
    assert_eq!(read(""), KeyError::Empty);
    for (name, found) in [
        ("keys/rsa2048-spki.pem", "public key"),
        ("keys/rsa2048-pkcs1.pem", "public key"),
        ("keys/rsa2048-pkcs8-private.pem", "private key"),
    ] {
        let expected = "certificate";
        assert_eq!(read(&pem(name)), KeyError::Unexpected { expected, found }, "{name}");
    }
    assert!(matches!(read(&pem("certificates/ec-root.pem")), KeyError::NotRsa { .. }));
    // One that is right, and then something else.
    let good = pem("certificates/alipay.pem");
    assert!(Certificate::read(&format!("{good}{}", pem("certificates/ec-root.pem"))).is_ok());
    assert!(matches!(
        read(&format!("{good}{}", pem("keys/rsa2048-spki.pem"))),
        KeyError::Unexpected { .. }
    ));
    assert!(matches!(
        read(&format!("{good}-----BEGIN CERTIFICATE-----\nMII")),
        KeyError::UnfinishedPem { .. }
    ));
    let many = good.repeat(9);
    assert_eq!(
        read(&many).to_string(),
        "the key or certificate is not usable: it has more than 16 certificates"
    );
    assert!(RootCertificates::read(&many).is_err());
    assert!(matches!(
        RootCertificates::read(&pem("certificates/ec-root.pem")),
        Err(KeyError::NotRsa { .. })
    ));
}

/// Every prefix, and every byte changed: nothing panics, and nothing that was changed is issued.
#[test]
fn damaged_certificates() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let text = fixture::text("certificates/alipay.pem");
    let base64: String = text.split("-----").nth(2).unwrap().split_whitespace().collect();
    let der = STANDARD.decode(base64).unwrap();
    let issuer = text.rsplit_once("-----BEGIN").map(|(_, issuer)| format!("-----BEGIN{issuer}"));
    let issuer = issuer.unwrap();
    let pem = |der: &[u8]| {
        format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n{issuer}",
            STANDARD.encode(der)
        )
    };
    let roots = roots("roots");
    let whole = Certificate::read(&pem(&der)).unwrap();
    assert_eq!(roots.check_issuer(&whole), Ok(()));
    for length in 0..der.len() {
        assert!(Certificate::read(&pem(&der[..length])).is_err(), "{length} bytes");
    }
    let mut readable = 0;
    for at in 0..der.len() {
        let mut changed = der.clone();
        changed[at] ^= 0x11;
        let Ok(changed) = Certificate::read(&pem(&changed)) else { continue };
        readable += 1;
        assert!(roots.check_issuer(&changed).is_err(), "byte {at}");
    }
    assert!(readable > 500, "{readable}");
}
