//! Keys that are retired, and keys that a message names.

use alipay::{
    Form, KeyError, Md5Key, OldKey, PrivateKey, Protocol, PublicKey, RetiredKey, Rule, SignType,
    SignatureError, Signer, Verifier,
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::fixture::{self, AT};

fn private(name: &str) -> PrivateKey {
    PrivateKey::read(&fixture::text(&format!("keys/{name}-pkcs8-private.pem"))).unwrap()
}

fn public(name: &str) -> PublicKey {
    PublicKey::read(&fixture::text(&format!("keys/{name}-spki.pem"))).unwrap()
}

fn signed(signer: &Signer) -> Form {
    let mut form = Form::parse(b"b=2&a=1&notify_id=%E4%B8%AD").unwrap();
    signer.sign_form(&mut form, Rule::DropEmpty).unwrap();
    form
}

fn md5(key: &str) -> Signer {
    Signer::Md5(Md5Key::new(key))
}

/// MD5 with the key `new`, before it `old`, and before that RSA.
fn verifier() -> Verifier {
    let keys = vec![Md5Key::new("new")];
    let verifier = Verifier::new(Protocol::Mapi, vec![SignType::Md5], keys, vec![]).unwrap();
    let retired = |key, sign_types| RetiredKey { key, sign_types, until: AT };
    verifier
        .with_retired(vec![
            retired(OldKey::Md5(Md5Key::new("old")), vec![SignType::Md5]),
            retired(OldKey::Public(public("rsa1024")), vec![SignType::Rsa]),
        ])
        .unwrap()
}

fn reason(verifier: &Verifier, form: &Form, at: DateTime<Utc>) -> &'static str {
    verifier.verify(form, &[], at).err().map_or("good", |error| error.reason_code())
}

#[test]
fn a_retired_key_counts_before_its_end() {
    let verifier = verifier();
    let just_before = AT - TimeDelta::microseconds(1);
    let (new, old, rsa) =
        (signed(&md5("new")), signed(&md5("old")), signed(&Signer::Rsa(private("rsa1024"))));
    for (form, at, expected) in [
        (&new, AT, "good"),
        (&old, just_before, "good"),
        (&old, AT, "key_retired"),
        (&rsa, just_before, "good"),
        // A sign type that is not configured any more.
        (&rsa, AT, "sign_type_not_allowed"),
        (&signed(&md5("strange")), just_before, "bad_signature"),
    ] {
        assert_eq!(reason(&verifier, form, at), expected);
    }
    // Where the form names no sign type the end is told.
    let mut rsa = rsa;
    rsa.set("sign_type", "");
    assert_eq!(reason(&verifier, &rsa, AT), "key_retired");
    // A retired key counts for its sign types alone.
    let rsa2 = signed(&Signer::Rsa2(private("rsa1024")));
    assert_eq!(reason(&verifier, &rsa2, just_before), "sign_type_not_allowed");
    // The gateway's answers too.
    let sign = private("rsa1024").sign(SignType::Rsa, b"answer").unwrap();
    let answer = |at| verifier.verify_content(b"answer", sign.as_bytes(), None, at);
    assert_eq!(answer(just_before), Ok(()));
    assert_eq!(answer(AT).unwrap_err().reason_code(), "key_retired");
}

#[test]
fn a_named_key_is_the_only_one() {
    let verifier = verifier();
    let before = AT - TimeDelta::days(1);
    let print = |form: &Form| {
        let verified = verifier.verify(form, &[], before).unwrap();
        verifier.fingerprint(&verified).unwrap().to_owned()
    };
    let (new, old) = (signed(&md5("new")), signed(&md5("old")));
    let rsa = signed(&Signer::Rsa(private("rsa1024")));
    let prints = [&new, &old, &rsa].map(print);
    assert_eq!(prints[0], Md5Key::new("new").fingerprint());
    assert!(public("rsa1024").fingerprint().starts_with(&prints[2]));
    for (at, form) in [&new, &old, &rsa].into_iter().enumerate() {
        for (other, print) in prints.iter().enumerate() {
            let found = verifier.verify_with(Some(print), form, &[], before);
            if at == other {
                assert!(found.is_ok(), "{found:?}");
            } else {
                assert!(matches!(found, Err(SignatureError::Mismatch { .. })), "{found:?}");
            }
        }
        let unknown = verifier.verify_with(Some("0123456789abcdef"), form, &[], before);
        assert_eq!(unknown.unwrap_err().reason_code(), "unknown_key");
    }
}

#[test]
fn a_retired_key_that_could_verify_nothing_is_refused() {
    let add = |key, sign_types: &[SignType]| {
        let retired = RetiredKey { key, sign_types: sign_types.to_vec(), until: AT };
        verifier().with_retired(vec![retired]).map(drop)
    };
    let short = || OldKey::Public(public("rsa1024"));
    assert_eq!(add(OldKey::Md5(Md5Key::new("")), &[SignType::Md5]), Err(KeyError::Empty));
    assert_eq!(add(OldKey::Md5(Md5Key::new("x")), &[SignType::Rsa]), Err(KeyError::NoSignTypes));
    assert_eq!(add(short(), &[]), Err(KeyError::NoSignTypes));
    assert_eq!(add(short(), &[SignType::Md5]), Err(KeyError::NoSignTypes));
    assert_eq!(
        add(short(), &[SignType::Rsa2]),
        Err(KeyError::TooShort { bits: 1024, needed: 2048 })
    );
    assert_eq!(add(short(), &[SignType::Rsa]), Ok(()));
}
