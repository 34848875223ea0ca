//! What holds for every input, not only for those that somebody thought of.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use alipay::{
    BatchRefundItem, Charset, CloseAnswer, Fen, Form, MAX_PARAMETERS, Md5Key, Notification,
    PrivateKey, Protocol, PublicKey, QueryAnswer, Rule, SignType, Signer, Verifier, ascii_form,
    canonical, format_beijing, parse_beijing,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use proptest::collection::{btree_map, vec};
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_assume, prop_oneof,
    proptest,
};
use proptest::sample::{Index, select};

static RSA: LazyLock<PrivateKey> = LazyLock::new(|| {
    PrivateKey::read(include_str!("fixtures/keys/rsa2048-pkcs8-private.pem")).unwrap()
});

fn signers() -> impl Strategy<Value = Signer> {
    let md5 = vec(any::<u8>(), 1..80).prop_map(|secret| Signer::Md5(Md5Key::new(secret)));
    let rsa = Just(Signer::Rsa(RSA.clone()));
    let rsa2 = Just(Signer::Rsa2(RSA.clone()));
    prop_oneof![md5, rsa, rsa2]
}

fn verifier(signer: &Signer, protocol: Protocol) -> Verifier {
    let (md5_keys, public_keys) = match signer {
        Signer::Md5(key) => (vec![key.clone()], vec![]),
        Signer::Rsa(key) | Signer::Rsa2(key) => (vec![], vec![key.public_key()]),
    };
    Verifier::new(protocol, vec![signer.sign_type()], md5_keys, public_keys).unwrap()
}

fn protocols() -> impl Strategy<Value = Protocol> {
    select(vec![Protocol::Mapi, Protocol::Openapi])
}

fn charsets() -> impl Strategy<Value = Charset> {
    select(vec![Charset::Utf8, Charset::Gbk, Charset::Gb18030])
}

/// Any form: names and values of any bytes.
fn forms() -> impl Strategy<Value = Form> {
    let names = prop_oneof![
        vec(any::<u8>(), 0..8),
        select(vec!["a", "ab", "a_b", "A", "sign", "sign_type", "notify_id"])
            .prop_map(|name| name.as_bytes().to_vec()),
    ];
    let pairs = btree_map(names, vec(any::<u8>(), 0..20), 1..40);
    // Off the order of the map: a form keeps the order in which it was sent.
    pairs.prop_map(|pairs| pairs.into_iter().rev().collect())
}

/// Bytes that look like a form, so that the parser sees more than one segment.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let pieces = select(vec![
        "&",
        "=",
        "+",
        "%",
        "%4",
        "%41",
        "%e4",
        "%26",
        "%3D",
        "a",
        "b=",
        "sign=",
        "\u{e4}",
        "\0",
        "charset=GBK&",
        "notify_type=batch_refund_notify&",
        "result_details=",
        "^",
        "#",
        "$",
        "|",
        "1",
        ".",
        "SUCCESS",
        "out_trade_no=1&",
        "total_fee=",
        "trade_no=2&",
        "trade_status=T&",
    ]);
    let pieces = vec(pieces, 0..30).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![pieces, vec(any::<u8>(), 0..200)]
}

/// Bytes that look like an answer of a gateway.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let pieces = select(vec![
        "{\"alipay_trade_query_response\":{\"code\":\"10000\",",
        "{\"error_response\":{",
        "\"sign\":\"",
        "{",
        "}",
        "[",
        "\"",
        "\\",
        "\\u",
        "d83d",
        ":",
        ",",
        "1",
        "null",
        "<?xml version=\"1.0\" encoding=\"",
        "\"?>",
        "GBK",
        "<alipay><is_success>T</is_success>",
        "<response><trade>",
        "<out_trade_no>1</out_trade_no>",
        "<sign>00000000000000000000000000000000</sign>",
        "</trade></response></alipay>",
        "<",
        ">",
        "</",
        "<![CDATA[",
        "]]>",
        "<!DOCTYPE a [",
        "<!ENTITY b \"&b;\">",
        "&amp;",
        "&#1;",
        "&",
        "\u{6d4b}",
        "\r\n",
        " ",
    ]);
    let pieces = vec(pieces, 0..30).prop_map(|pieces| pieces.concat().into_bytes());
    // One byte of it changed, so that most of it is still well-formed.
    let damaged =
        (pieces.clone(), any::<Index>(), any::<u8>()).prop_map(|(mut bytes, at, byte)| {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        });
    prop_oneof![pieces, damaged, vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn no_answer_panics(body in answers(), charset in charsets()) {
        let openapi = verifier(&Signer::Rsa2(RSA.clone()), Protocol::Openapi);
        drop(QueryAnswer::read(&body, Protocol::Openapi, charset, &openapi, DateTime::UNIX_EPOCH));
        let mapi = verifier(&Signer::Md5(Md5Key::new("x")), Protocol::Mapi);
        drop(QueryAnswer::read(&body, Protocol::Mapi, charset, &mapi, DateTime::UNIX_EPOCH));
        drop(CloseAnswer::read(&body, Protocol::Mapi, charset, &mapi, DateTime::UNIX_EPOCH));
    }

    /// The place of a part of the text among the bytes, through any text around it.
    #[test]
    fn a_node_is_signed_wherever_it_stands(
        before in any::<String>(),
        inside in any::<String>(),
        after in any::<String>(),
        charset in charsets(),
    ) {
        let json = |text: &str| serde_json::Value::from(text).to_string();
        let node = format!("{{\"sub_code\":\"ACQ.TRADE_NOT_EXIST\",\"x\":{}}}", json(&inside));
        let parts = [
            format!("{{\"before\":{},\"alipay_trade_query_response\":", json(&before)),
            node,
            format!(",\"after\":{}", json(&after)),
        ];
        let parts = parts.map(|part| charset.encode(&part));
        prop_assume!(parts.iter().all(Result::is_ok));
        let [before, node, after] = parts.map(Result::unwrap);
        let sign = RSA.sign(SignType::Rsa2, &node).unwrap();
        let end = format!(",\"sign\":\"{sign}\"}}");
        let body = [&before, &node, &after, end.as_bytes()].concat();
        let verifier = verifier(&Signer::Rsa2(RSA.clone()), Protocol::Openapi);
        let answer = QueryAnswer::read(&body, Protocol::Openapi, charset, &verifier, DateTime::UNIX_EPOCH);
        prop_assert_eq!(answer, Ok(QueryAnswer::NotExist));
    }

    #[test]
    fn a_form_comes_back_from_its_encoding(form in forms()) {
        let encoded = form.encode();
        prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic()));
        let decoded = Form::parse(encoded.as_bytes()).unwrap();
        prop_assert_eq!(decoded.encode(), encoded);
        prop_assert!(decoded == form);
    }

    #[test]
    fn the_ascii_form_decodes_to_the_same(body in bodies()) {
        let ascii = ascii_form(&body);
        prop_assert!(ascii.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        prop_assert!(Form::parse(ascii.as_bytes()) == Form::parse(&body));
        prop_assert_eq!(ascii_form(ascii.as_bytes()), ascii);
    }

    #[test]
    fn parsing_keeps_every_parameter_once(body in bodies()) {
        let segments = body.split(|&byte| byte == b'&').filter(|part| !part.is_empty()).count();
        if let Ok(form) = Form::parse(&body) {
            prop_assert_eq!(form.len(), segments);
            prop_assert!(form.len() <= MAX_PARAMETERS);
            let copy: Form = form.iter().collect();
            prop_assert!(copy == form);
        }
    }

    #[test]
    fn the_canonical_text_does_not_depend_on_order(form in forms(), seed in any::<Index>()) {
        let mut pairs: Vec<_> = form.iter().collect();
        let middle = seed.index(pairs.len());
        pairs.rotate_left(middle);
        let other: Form = pairs.into_iter().collect();
        for rule in [Rule::Notification, Rule::DropEmpty, Rule::Request] {
            let text = canonical(&form, rule, &[]);
            prop_assert_eq!(&text, &canonical(&other, rule, &[]));
            let mut taken: Vec<(&[u8], &[u8])> = form
                .iter()
                .filter(|&(name, value)| match rule {
                    Rule::Notification => name != b"sign" && name != b"sign_type",
                    Rule::DropEmpty => {
                        name != b"sign" && name != b"sign_type" && !value.is_empty()
                    }
                    Rule::Request => name != b"sign",
                })
                .collect();
            taken.sort_by_key(|&(name, _)| name);
            let joined: Vec<Vec<u8>> =
                taken.into_iter().map(|(name, value)| [name, b"=", value].concat()).collect();
            prop_assert_eq!(text, joined.join(&b'&'));
        }
    }

    #[test]
    fn money_comes_back_from_its_text(fen in 0..=i64::MAX) {
        let amount = Fen::new(fen);
        prop_assert_eq!(Fen::parse(&amount.to_string()), Ok(amount));
        if fen % 10 == 0 {
            prop_assert_eq!(Fen::parse(&format!("{}.{}", fen / 100, fen / 10 % 10)), Ok(amount));
        }
    }

    #[test]
    fn an_amount_is_never_negative(text in r"[-+ .0-9e]{0,24}") {
        if let Ok(amount) = Fen::parse(&text) {
            prop_assert!(amount >= Fen::default());
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
        }
    }

    #[test]
    fn time_comes_back_from_its_text(
        seconds in 0..253_402_200_000_i64,
        nanoseconds in 0..1_000_000_000_u32,
    ) {
        let time = DateTime::from_timestamp(seconds, nanoseconds).unwrap();
        prop_assert_eq!(parse_beijing(&format_beijing(time)), Ok(time));
        let whole = DateTime::from_timestamp(seconds, 0).unwrap();
        prop_assert_eq!(format_beijing(whole).len(), 19);
        prop_assert_eq!(parse_beijing(&format_beijing(whole)), Ok(whole));
    }

    #[test]
    fn text_comes_back_from_its_bytes(text in any::<String>(), charset in charsets()) {
        if let Ok(bytes) = charset.encode(&text) {
            prop_assert_eq!(charset.decode(&bytes), Ok(text));
        } else {
            prop_assert!(charset != Charset::Utf8);
        }
    }

    #[test]
    fn nothing_panics_on_any_bytes(
        body in bodies(),
        protocol in protocols(),
        charset in charsets(),
    ) {
        let text = String::from_utf8_lossy(&body);
        drop(PublicKey::read(&text));
        drop(PrivateKey::read(&text));
        drop(PublicKey::read(&STANDARD.encode(&body)));
        drop(PrivateKey::read(&STANDARD.encode(&body)));
        drop(BatchRefundItem::parse_details(&text));
        drop(parse_beijing(&text));
        drop(Fen::parse(&text));
        if let Ok(form) = Form::parse(&body) {
            let charset = Charset::of(&form, charset).unwrap_or(charset);
            drop(Notification::read(&form, protocol, charset));
            drop(verifier(&Signer::Rsa2(RSA.clone()), protocol).verify(&form, &[], DateTime::UNIX_EPOCH));
            drop(verifier(&Signer::Md5(Md5Key::new("x")), protocol).verify(&form, &[], DateTime::UNIX_EPOCH));
        }
    }

    #[test]
    fn details_of_any_text_panic_nowhere(text in r"[0-9.^#$|a-zA-Z\n]{0,60}|\PC{0,40}") {
        if let Ok(items) = BatchRefundItem::parse_details(&text) {
            prop_assert_eq!(items.len(), text.split('#').count());
        }
    }
}

proptest! {
    // Each case reads or uses an RSA private key.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_signed_verifies_and_what_is_changed_does_not(
        form in forms(),
        signer in signers(),
        protocol in protocols(),
        rule in select(vec![Rule::Notification, Rule::DropEmpty]),
        at in any::<Index>(),
    ) {
        let mut form = form;
        signer.sign_form(&mut form, rule).unwrap();
        let form = Form::parse(form.encode().as_bytes()).unwrap();
        let verifier = verifier(&signer, protocol);
        let verified = verifier.verify(&form, &[], DateTime::UNIX_EPOCH).unwrap();
        prop_assert_eq!(verified.sign_type, signer.sign_type());
        let text = canonical(&form, verified.rule, &[]);
        prop_assert_eq!(text, canonical(&form, rule, &[]));

        let names: Vec<Vec<u8>> = form.iter().map(|(name, _)| name.to_vec()).collect();
        let name = &names[at.index(names.len())];
        prop_assume!(name != b"sign" && name != b"sign_type");
        let mut changed = form.clone();
        changed.set(name, b"changed after signing, longer than any value here");
        prop_assert!(verifier.verify(&changed, &[], DateTime::UNIX_EPOCH).is_err());
    }

    #[test]
    fn damaged_keys_panic_nowhere(at in any::<Index>(), byte in any::<u8>()) {
        let pem = include_str!("fixtures/keys/rsa2048-pkcs1-private.pem");
        for (pem, private) in [
            (pem, true),
            (include_str!("fixtures/keys/rsa2048-pkcs8-private.pem"), true),
            (include_str!("fixtures/keys/rsa2048-spki.pem"), false),
            (include_str!("fixtures/keys/rsa2048-certificate.pem"), false),
        ] {
            let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            let mut der = STANDARD.decode(lines).unwrap();
            let at = at.index(der.len());
            der[at] = byte;
            let text = STANDARD.encode(der);
            if private && let Ok(key) = PrivateKey::read(&text) {
                drop(key.sign(alipay::SignType::Rsa, b"a=1"));
                drop(key.sign(alipay::SignType::Rsa2, b"a=1"));
            }
            if let Ok(key) = PublicKey::read(&text) {
                drop(key.verify(alipay::SignType::Rsa2, b"a=1", b""));
            }
        }
    }
}
