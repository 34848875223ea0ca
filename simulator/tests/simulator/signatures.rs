//! What the simulator signs, a merchant verifies.

use alipay::{
    Charset, Fen, Form, Md5Key, PrivateKey, Protocol, PublicKey, SignType, SignatureError, Signer,
    Verifier,
};
use chrono::Utc;
use simulator::{Faults, KeyPair, MerchantIdentity, UnsignedNotification};

use crate::merchants::{MD5_KEY, mapi, md5, openapi, time, trade};

fn verifier(protocol: Protocol, sign_type: SignType, public_key: Option<&str>) -> Verifier {
    let md5_keys = match sign_type {
        SignType::Md5 => vec![Md5Key::new(MD5_KEY)],
        SignType::Rsa | SignType::Rsa2 => vec![],
    };
    let public_keys = public_key.map(|key| PublicKey::read(key).unwrap());
    Verifier::new(protocol, vec![sign_type], md5_keys, public_keys.into_iter().collect()).unwrap()
}

/// All notifications about trades of one merchant.
fn every_notification(merchant: &MerchantIdentity) -> Vec<UnsignedNotification> {
    let at = time("2026-11-23 13:00:00");
    let mut first = trade(merchant);
    let mut all = vec![first.wait(at).unwrap(), first.pay(at).unwrap()];
    all.push(first.refund_closed(at).unwrap());
    all.extend(first.refund(Fen::new(3_00), None, at).unwrap());
    all.extend(first.refund(Fen::new(7_00), None, at).unwrap());
    all.push(trade(merchant).pending(at).unwrap());
    all.push(trade(merchant).pay_finished(at).unwrap());
    all.push(trade(merchant).close(at).unwrap());
    let mut second = trade(merchant);
    all.push(second.pay(at).unwrap());
    all.push(second.clone().close_after_payment(at).unwrap());
    all.push(second.finish(at).unwrap());
    all
}

#[test]
fn every_notification_verifies_with_every_algorithm_and_charset() {
    let pair = KeyPair::generate().unwrap();
    let private = PrivateKey::read(&pair.private_pem).unwrap();
    let public = Some(pair.public_pem.as_str());
    for merchant in [mapi(), openapi()] {
        let protocol = merchant.protocol;
        for (signer, verifier) in [
            (md5(), verifier(protocol, SignType::Md5, None)),
            (Signer::Rsa(private.clone()), verifier(protocol, SignType::Rsa, public)),
            (Signer::Rsa2(private.clone()), verifier(protocol, SignType::Rsa2, public)),
        ] {
            for charset in [Charset::Utf8, Charset::Gbk] {
                for notification in every_notification(&merchant.clone().with_charset(charset)) {
                    let what = format!("{protocol} {} {charset:?}", signer.sign_type());
                    let subject = notification.parameter("subject").map(str::to_owned);
                    let signed = notification.sign(&signer).unwrap();
                    let form = Form::parse(&signed.body()).unwrap();
                    let verified = verifier.verify(&form, &[], Utc::now()).expect(&what);
                    assert_eq!(verified.sign_type, signer.sign_type());
                    // Only the Open Platform says its charset.
                    assert_eq!(form.get("charset").is_some(), protocol == Protocol::Openapi);
                    assert_eq!(Charset::of(&form, charset).unwrap(), charset);
                    let decoded = form.get("subject").map(|bytes| charset.decode(bytes).unwrap());
                    assert_eq!(decoded, subject, "{what}");
                }
            }
        }
    }
}

#[test]
fn gbk_bodies_are_gbk() {
    let paid = trade(&mapi()).pay(time("2026-11-23 13:00:00")).unwrap();
    let signed = paid.in_charset(Charset::Gbk).sign(&md5()).unwrap();
    let body = String::from_utf8(signed.body()).unwrap();
    assert!(body.contains("subject=%B9%BA%C2%F2%B6%A9%B5%A5"), "{body}");
}

#[test]
fn repeats_keep_the_identity_and_change_time_and_signature() {
    let paid = trade(&openapi()).pay(time("2026-11-23 13:00:00")).unwrap();
    let first = paid.sign(&md5()).unwrap();
    let again = first.at(time("2026-11-23 13:04:00")).unwrap();
    assert_eq!(again.notify_id(), first.notify_id());
    let changed: Vec<String> = first
        .form()
        .iter()
        .zip(again.form().iter())
        .filter(|(first, again)| first != again)
        .map(|(first, _)| String::from_utf8(first.0.to_vec()).unwrap())
        .collect();
    assert_eq!(changed, ["sign", "notify_time"]);
    assert_eq!(again.form().get("notify_time"), Some(b"2026-11-23 13:04:00".as_slice()));
    let verifier = verifier(Protocol::Openapi, SignType::Md5, None);
    verifier.verify(again.form(), &[], Utc::now()).unwrap();
}

#[test]
fn a_corrupt_signature_is_well_formed_and_never_valid() {
    let pair = KeyPair::generate().unwrap();
    let rsa2 = Signer::Rsa2(PrivateKey::read(&pair.private_pem).unwrap());
    let mut faults = Faults::seeded(1);
    for (signer, verifier) in [
        (md5(), verifier(Protocol::Openapi, SignType::Md5, None)),
        (rsa2, verifier(Protocol::Openapi, SignType::Rsa2, Some(&pair.public_pem))),
    ] {
        for _ in 0..50 {
            let paid = trade(&openapi()).pay(time("2026-11-23 13:00:00")).unwrap();
            let corrupt = faults.corrupt(&paid.sign(&signer).unwrap()).unwrap();
            let repeated = corrupt.at(time("2026-11-23 13:04:00")).unwrap();
            for signed in [corrupt, repeated] {
                let error = verifier.verify(signed.form(), &[], Utc::now()).unwrap_err();
                assert!(matches!(error, SignatureError::Mismatch { .. }), "{error:?}");
            }
        }
    }
}

#[test]
fn wrong_values_have_valid_signatures() {
    let at = time("2026-11-23 13:00:00");
    for (merchant, total, whom) in
        [(mapi(), "total_fee", "seller_id"), (openapi(), "total_amount", "app_id")]
    {
        let right = trade(&merchant).pay(at).unwrap();
        let wrong = right.clone().wrong_amount(Fen::new(9_99)).wrong_merchant();
        assert_eq!(wrong.parameter(total), Some("9.99"));
        assert_ne!(wrong.parameter(whom), right.parameter(whom));
        let signed = wrong.sign(&md5()).unwrap();
        let verifier = verifier(merchant.protocol, SignType::Md5, None);
        verifier.verify(signed.form(), &[], Utc::now()).unwrap();
    }
}

#[test]
fn text_outside_gbk_is_an_error() {
    let mut trade = trade(&mapi().with_charset(Charset::Gbk));
    trade.subject = "\u{1f600}".to_owned();
    let paid = trade.pay(time("2026-11-23 13:00:00")).unwrap();
    let error = paid.sign(&md5()).unwrap_err();
    assert!(error.to_string().starts_with("parameter subject: "), "{error}");
}
