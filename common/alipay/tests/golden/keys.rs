//! The forms in which keys are stored.

use alipay::{KeyError, PrivateKey, PublicKey, SignType, SignatureError};

use crate::fixture;

fn pem(name: &str) -> String {
    fixture::text(&format!("keys/{name}.pem"))
}

/// The inside of a PEM block as one line.
fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

#[test]
fn a_public_key_is_the_same_in_every_form() {
    let spki = pem("rsa2048-spki");
    let expected = PublicKey::read(&spki).unwrap();
    assert_eq!(expected.bits(), 2048);
    assert_eq!(expected.fingerprint().len(), 64);
    let mut forms = vec![
        spki.replace('\n', "\r\n"),
        spki.replace('\n', "\n   "),
        format!("\u{feff}Public key of the shop:\n\n{spki}\nmore text\n"),
    ];
    for name in ["rsa2048-spki", "rsa2048-pkcs1", "rsa2048-certificate"] {
        let pem = pem(name);
        forms.push(pem.clone());
        forms.push(bare(&pem));
        forms.push(format!(" {} \n", bare(&pem).as_str().replace('A', "A \t\r\n")));
        // A label that does not say what is inside: often seen around bare keys.
        forms.push(format!("-----BEGIN PUBLIC KEY-----{}-----END PUBLIC KEY-----", bare(&pem)));
    }
    for form in forms {
        assert_eq!(PublicKey::read(&form), Ok(expected.clone()), "{form}");
    }
    assert_ne!(PublicKey::read(&pem("rsa1024-spki")), Ok(expected));
}

#[test]
fn the_first_certificate_of_a_bundle_counts() {
    let first = fixture::json("vectors/40-rsa2-return-page-pay.json");
    let bundle = first["key"].as_str().unwrap();
    assert_eq!(bundle.matches("BEGIN CERTIFICATE").count(), 2);
    let (leaf, issuer) = bundle.split_at(bundle.rfind("-----BEGIN").unwrap());
    assert_eq!(PublicKey::read(bundle), PublicKey::read(leaf));
    assert_ne!(PublicKey::read(bundle), PublicKey::read(issuer));
}

/// Certificates as Alipay hands them out, among them roots with SM2 keys.
#[test]
fn alipays_certificates() {
    let certificates = fixture::json("cert_sn.json");
    let mut found = Vec::new();
    for entry in certificates.as_array().unwrap() {
        let pem = entry["pem"].as_str().unwrap();
        for (index, _) in pem.match_indices("-----BEGIN") {
            found.push(match PublicKey::read(&pem[index..]) {
                Ok(key) => key.bits().to_string(),
                Err(KeyError::NotRsa { algorithm }) => algorithm,
                Err(other) => panic!("{}: {other}", entry["id"]),
            });
        }
    }
    assert_eq!(found, ["2048", "1.2.840.10045.2.1", "4096", "1.2.840.10045.2.1", "2048"]);
}

#[test]
fn a_private_key_is_the_same_in_every_form() {
    let public = PublicKey::read(&pem("rsa2048-spki")).unwrap();
    let mut signatures = Vec::new();
    for name in ["rsa2048-pkcs1-private", "rsa2048-pkcs8-private"] {
        let pem = pem(name);
        for form in [pem.clone(), bare(&pem), pem.replace('\n', "\r\n ")] {
            let key = PrivateKey::read(&form).unwrap();
            assert_eq!(key.public_key(), public);
            signatures.push(key.sign(SignType::Rsa2, b"a=1").unwrap());
        }
    }
    signatures.dedup();
    assert_eq!(signatures.len(), 1, "PKCS#1 v1.5 signatures do not vary");
}

#[test]
fn signs_with_both_lengths_and_algorithms() {
    for bits in [1024, 2048] {
        let key = PrivateKey::read(&pem(&format!("rsa{bits}-pkcs8-private"))).unwrap();
        let public = key.public_key();
        assert_eq!(public.bits(), bits);
        let mut signatures = Vec::new();
        for sign_type in [SignType::Rsa, SignType::Rsa2] {
            let signature = key.sign(sign_type, b"a=1").unwrap();
            let signature = signature.as_bytes();
            assert_eq!(public.verify(sign_type, b"a=1", signature), Ok(()));
            let mismatch = Err(SignatureError::Mismatch { tried: vec![] });
            assert_eq!(public.verify(sign_type, b"a=2", signature), mismatch);
            signatures.push(signature.to_vec());
        }
        let crossed = public.verify(SignType::Rsa, b"a=1", &signatures[1]);
        assert_eq!(crossed, Err(SignatureError::Mismatch { tried: vec![] }));
        let sign_type = SignType::Md5;
        assert_eq!(key.sign(sign_type, b"a=1"), Err(KeyError::NotForRsa { sign_type }));
        let error = public.verify(sign_type, b"a=1", b"").unwrap_err();
        assert_eq!(error.reason_code(), "sign_type_not_allowed");
    }
}

#[test]
fn a_signature_is_strict_base64() {
    let key = PrivateKey::read(&pem("rsa2048-pkcs8-private")).unwrap();
    let public = key.public_key();
    let good = key.sign(SignType::Rsa2, b"a=1").unwrap();
    assert!(good.ends_with("=="), "padding is part of the test: {good}");
    let mut bad = vec![
        good.trim_end_matches('=').to_owned(),
        good.replace("==", "="),
        format!("{good}="),
        format!(" {good}"),
        format!("{good}\n"),
        good.replacen('/', " ", 1).replacen('+', " ", 1),
        good.replace('+', "-").replace('/', "_"),
    ];
    // The unused bits of the last letter must be zero: another letter would be another spelling.
    let last = good.as_bytes()[good.len() - 3];
    bad.push(format!("{}{}==", &good[..good.len() - 3], char::from(last + 1)));
    for signature in bad {
        let result = public.verify(SignType::Rsa2, b"a=1", signature.as_bytes());
        assert_eq!(result, Err(SignatureError::Malformed), "{signature}");
    }
    let short = public.verify(SignType::Rsa2, b"a=1", b"");
    assert_eq!(short, Err(SignatureError::Mismatch { tried: vec![] }));
}

#[test]
fn errors_say_what_was_found() {
    let public = |text: &str| PublicKey::read(text).unwrap_err().to_string();
    let private = |text: &str| PrivateKey::read(text).unwrap_err().to_string();
    let found = "a private key was given where a public key or certificate belongs";
    for name in ["rsa2048-pkcs1-private", "rsa2048-pkcs8-private"] {
        assert_eq!(public(&pem(name)), found);
        assert_eq!(public(&bare(&pem(name))), found);
    }
    let found = "a public key or certificate was given where a private key belongs";
    for name in ["rsa2048-spki", "rsa2048-pkcs1", "rsa2048-certificate"] {
        assert_eq!(private(&pem(name)), found);
        assert_eq!(private(&bare(&pem(name))), found);
    }
    let found = "the key is encrypted with a password; store it without one";
    for name in ["encrypted-pkcs1-private", "encrypted-pkcs8-private"] {
        assert_eq!(private(&pem(name)), found);
        assert_eq!(public(&pem(name)), found);
    }
    let found = "not an RSA key (its algorithm is 1.2.840.10045.2.1)";
    assert_eq!(public(&pem("ec-spki")), found);
    assert_eq!(private(&pem("ec-pkcs8-private")), found);
    assert!(
        private(&pem("ec-sec1-private"))
            .starts_with("the text decodes, but is not a known kind of key")
    );
    let found = "the RSA key has 512 bits, at least 1024 are needed";
    assert_eq!(public(&pem("rsa512-spki")), found);

    assert_eq!(public(""), "the key is empty");
    assert_eq!(public(" \n"), "the key is empty");
    assert_eq!(public("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"), "the key is empty");
    let found = "the PEM block PUBLIC KEY has no END line";
    assert_eq!(public("-----BEGIN PUBLIC KEY-----\nMIIB"), found);
    assert!(public("/etc/alipay/key.pem").starts_with("the key is neither PEM nor base64"));
    assert!(public("TUlJQg==").starts_with("the text decodes, but is not a known kind of key"));
    let cut = bare(&pem("rsa2048-spki"));
    assert!(
        public(&cut[..cut.len() - 4])
            .starts_with("the text decodes, but is not a known kind of key")
    );
}

#[test]
fn a_private_key_is_never_printed() {
    let key = PrivateKey::read(&pem("rsa2048-pkcs8-private")).unwrap();
    let fingerprint = key.public_key().fingerprint();
    let expected = format!("PrivateKey(secret, of PublicKey(2048 bits, SHA-256 {fingerprint}))");
    assert_eq!(format!("{key:?}"), expected);
}
