//! Which signatures a merchant's configuration accepts.

use alipay::{
    Form, KeyError, Md5Key, PrivateKey, Protocol, PublicKey, Rule, SignType, SignatureError,
    Signer, Verified, Verifier,
};

use crate::fixture::{self, AT};

fn private(name: &str) -> PrivateKey {
    PrivateKey::read(&fixture::text(&format!("keys/{name}-pkcs8-private.pem"))).unwrap()
}

fn public(name: &str) -> PublicKey {
    PublicKey::read(&fixture::text(&format!("keys/{name}-spki.pem"))).unwrap()
}

/// A key that signed nothing here.
fn alipays() -> PublicKey {
    let vector = fixture::json("vectors/53-rsa2-sandbox-return.json");
    PublicKey::read(vector["key"].as_str().unwrap()).unwrap()
}

fn md5(secret: &str) -> Md5Key {
    Md5Key::new(secret)
}

fn signed(body: &str, signer: &Signer, rule: Rule) -> Form {
    let mut form = Form::parse(body.as_bytes()).unwrap();
    signer.sign_form(&mut form, rule).unwrap();
    form
}

fn md5_verifier(protocol: Protocol) -> Verifier {
    let keys = vec![md5("old"), md5("new")];
    Verifier::new(protocol, vec![SignType::Md5], keys, vec![]).unwrap()
}

const BODY: &str = "b=2&a=1&notify_id=%E4%B8%AD";
const BODY_WITH_EMPTY: &str = "b=2&a=1&empty=";

#[test]
fn says_how_it_was_verified() {
    let keys = vec![alipays(), public("rsa2048")];
    let types = vec![SignType::Rsa, SignType::Rsa2];
    let verifier = Verifier::new(Protocol::Openapi, types, vec![], keys).unwrap();
    for signer in [Signer::Rsa(private("rsa2048")), Signer::Rsa2(private("rsa2048"))] {
        let mut form = signed(BODY, &signer, Rule::Notification);
        let sign_type = signer.sign_type();
        let expected =
            Verified { sign_type, rule: Rule::Notification, key: 1, without_cert_sn: false };
        assert_eq!(verifier.verify(&form, &[], AT), Ok(expected));
        // Absent or empty, the sign type is one of the configured.
        form.set("sign_type", "");
        assert_eq!(verifier.verify(&form, &[], AT), Ok(expected));
        form.remove("sign_type");
        assert_eq!(verifier.verify(&form, &[], AT), Ok(expected));
        // What is not signed can be anywhere; what is signed cannot change.
        form.set("a", "2");
        assert!(verifier.verify(&form, &[], AT).is_err());
    }
}

#[test]
fn each_protocol_has_its_rule_and_the_other_as_a_fallback() {
    let signer = Signer::Md5(md5("new"));
    let sign_type = SignType::Md5;
    for protocol in [Protocol::Mapi, Protocol::Openapi] {
        let verifier = md5_verifier(protocol);
        for rule in [Rule::DropEmpty, Rule::Notification] {
            let form = signed(BODY_WITH_EMPTY, &signer, rule);
            assert_eq!(
                verifier.verify(&form, &[], AT),
                Ok(Verified { sign_type, rule, key: 1, without_cert_sn: false })
            );
        }
        // Without empty values the rules are the same, and the protocol's own is named.
        let form = signed(BODY, &signer, Rule::Notification);
        let rule = match protocol {
            Protocol::Mapi => Rule::DropEmpty,
            Protocol::Openapi => Rule::Notification,
        };
        assert_eq!(
            verifier.verify(&form, &[], AT),
            Ok(Verified { sign_type, rule, key: 1, without_cert_sn: false })
        );
    }
}

#[test]
fn a_request_is_not_a_notification() {
    for body in [BODY, BODY_WITH_EMPTY] {
        let form = signed(body, &Signer::Md5(md5("new")), Rule::Request);
        assert!(md5_verifier(Protocol::Openapi).verify(&form, &[], AT).is_err());
    }
}

#[test]
fn a_mismatch_says_what_was_tried() {
    let verifier = md5_verifier(Protocol::Mapi);
    let other = Signer::Md5(md5("other"));
    let tried = |form: &Form| match verifier.verify(form, &[], AT) {
        Err(SignatureError::Mismatch { tried }) => tried,
        other => panic!("{other:?}"),
    };
    let verified =
        |rule, key| Verified { sign_type: SignType::Md5, rule, key, without_cert_sn: false };
    // Without empty values the other rule would be the same text: not tried again.
    let form = signed(BODY, &other, Rule::DropEmpty);
    let own_rule = [verified(Rule::DropEmpty, 0), verified(Rule::DropEmpty, 1)];
    assert_eq!(tried(&form), own_rule);
    let form = signed(BODY_WITH_EMPTY, &other, Rule::DropEmpty);
    let other_rule = [verified(Rule::Notification, 0), verified(Rule::Notification, 1)];
    assert_eq!(tried(&form), [own_rule, other_rule].concat());

    let error = verifier.verify(&form, &[], AT).unwrap_err();
    assert_eq!(error.reason_code(), "bad_signature");
    assert_eq!(
        error.to_string(),
        "the sign does not match (tried: MD5 with key 0, empty values left out, \
         MD5 with key 1, empty values left out, MD5 with key 0, empty values signed, \
         MD5 with key 1, empty values signed)"
    );
}

#[test]
fn the_message_cannot_choose_a_sign_type() {
    let rsa2 = Verifier::new(
        Protocol::Openapi,
        vec![SignType::Rsa2],
        vec![md5("known to many")],
        vec![public("rsa2048")],
    )
    .unwrap();
    // Signed well with a key that the verifier holds, but not for this sign type.
    let signers = [Signer::Md5(md5("known to many")), Signer::Rsa(private("rsa2048"))];
    for signer in signers {
        let mut form = signed(BODY, &signer, Rule::Notification);
        let allowed = vec![SignType::Rsa2];
        let sign_type = signer.sign_type().to_string();
        let refused = Err(SignatureError::SignTypeNotAllowed { sign_type, allowed });
        assert_eq!(rsa2.verify(&form, &[], AT), refused);
        // Nor by leaving it out, nor by naming another.
        form.remove("sign_type");
        assert!(rsa2.verify(&form, &[], AT).is_err());
        form.set("sign_type", "RSA2");
        assert!(rsa2.verify(&form, &[], AT).is_err());
    }
    let good = signed(BODY, &Signer::Rsa2(private("rsa2048")), Rule::Notification);
    assert!(rsa2.verify(&good, &[], AT).is_ok());
    for word in ["rsa2", "RSA2 ", "DSA", "\n\u{4e2d}"] {
        let mut form = good.clone();
        form.set("sign_type", word);
        let error = rsa2.verify(&form, &[], AT).unwrap_err();
        assert_eq!(error.reason_code(), "sign_type_not_allowed");
        assert!(error.to_string().is_ascii(), "{error}");
    }
}

#[test]
fn signatures_that_are_none() {
    let verifier = md5_verifier(Protocol::Mapi);
    let mut form = signed(BODY, &Signer::Md5(md5("new")), Rule::DropEmpty);
    let sign = String::from_utf8(form.get("sign").unwrap().to_vec()).unwrap();
    for wrong in [sign.to_uppercase(), sign[1..].to_owned(), format!("{sign} "), "x".to_owned()] {
        form.set("sign", wrong);
        let error = verifier.verify(&form, &[], AT).unwrap_err();
        assert_eq!((&error, error.reason_code()), (&SignatureError::Malformed, "bad_signature"));
    }
    form.set("sign", "");
    assert_eq!(verifier.verify(&form, &[], AT), Err(SignatureError::Missing));
    form.remove("sign");
    let error = verifier.verify(&form, &[], AT).unwrap_err();
    assert_eq!((&error, error.reason_code()), (&SignatureError::Missing, "missing_sign"));
}

#[test]
fn parameters_of_the_merchants_own_routing_are_ignored() {
    let mut form = signed(BODY, &Signer::Md5(md5("new")), Rule::DropEmpty);
    form.set("_route", "pay");
    let verifier = md5_verifier(Protocol::Mapi);
    assert!(verifier.verify(&form, &[], AT).is_err());
    assert!(verifier.verify(&form, &["_route".to_owned()], AT).is_ok());
    assert!(verifier.verify(&form, &["_route".to_owned(), "a".to_owned()], AT).is_err());
}

#[test]
fn a_configuration_that_could_verify_nothing_is_refused() {
    let new = |types: &[SignType], md5_keys, public_keys| {
        Verifier::new(Protocol::Openapi, types.to_vec(), md5_keys, public_keys).map(|_| ())
    };
    let (md5_type, rsa, rsa2) = (SignType::Md5, SignType::Rsa, SignType::Rsa2);
    assert_eq!(new(&[], vec![md5("x")], vec![]), Err(KeyError::NoSignTypes));
    let no_key = |sign_type| Err(KeyError::NoKey { sign_type });
    assert_eq!(new(&[md5_type], vec![], vec![public("rsa2048")]), no_key(md5_type));
    assert_eq!(new(&[rsa], vec![md5("x")], vec![]), no_key(rsa));
    assert_eq!(new(&[md5_type, rsa2], vec![md5("x")], vec![]), no_key(rsa2));
    assert_eq!(new(&[md5_type], vec![md5("x"), md5("")], vec![]), Err(KeyError::Empty));
    let too_short = Err(KeyError::TooShort { bits: 1024, needed: 2048 });
    assert_eq!(new(&[rsa2], vec![], vec![public("rsa2048"), public("rsa1024")]), too_short);
    assert_eq!(new(&[rsa, rsa2], vec![], vec![public("rsa1024")]), too_short);
    assert_eq!(new(&[rsa, rsa2], vec![], vec![public("rsa1024"), public("rsa2048")]), Ok(()));
    assert_eq!(new(&[rsa], vec![], vec![public("rsa1024")]), Ok(()));
    assert_eq!(new(&[md5_type], vec![md5("x")], vec![public("rsa1024")]), Ok(()));
}

#[test]
fn content_as_it_is() {
    let keys = vec![alipays(), public("rsa2048")];
    let types = vec![SignType::Rsa, SignType::Rsa2];
    let verifier = Verifier::new(Protocol::Openapi, types, vec![], keys).unwrap();
    for sign_type in [SignType::Rsa, SignType::Rsa2] {
        let sign = private("rsa2048").sign(sign_type, b" {} ").unwrap();
        assert_eq!(
            verifier.verify_content(b" {} ", sign.as_bytes(), None, AT),
            Ok(()),
            "{sign_type}"
        );
        let error = verifier.verify_content(b"{}", sign.as_bytes(), None, AT).unwrap_err();
        assert_eq!(error.to_string(), "the sign does not match");
    }
    assert_eq!(verifier.verify_content(b"{}", b"", None, AT), Err(SignatureError::Missing));
    assert_eq!(verifier.verify_content(b"{}", b"a b", None, AT), Err(SignatureError::Malformed));
}
