//! What a lane accepts of a signed form in the queue: only what Alipay signed for this
//! merchant, with a key that was valid when the form was received.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

use std::io::Write as _;

use alipay::{Charset, Form, Md5Key, PrivateKey, Rule, Signer};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use config::Config;
use diesel::connection::SimpleConnection;
use lapin::message::Delivery;
use lapin::types::ShortString;
use queue::{Envelope, MessageKind, ReceivedMessage, message_id};
use testkit::Sandbox;
use worker::message::{Content, InboundMessage};

const PRIVATE: &str =
    include_str!("../../common/alipay/tests/fixtures/keys/rsa2048-pkcs8-private.pem");
const PUBLIC: &str = include_str!("../../common/alipay/tests/fixtures/keys/rsa2048-spki.pem");

/// Two sellers under Alipay's one key of the legacy gateway; one of them had an MD5 key before.
fn config(more: &str) -> Config {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    write!(
        file,
        "[merchants.one]\nprotocol = \"mapi\"\nseller_id = \"2088000000000001\"\n\
         sign_types = [\"RSA\"]\nalipay_public_keys = [\"\"\"{PUBLIC}\"\"\"]\n{more}\n\
         [merchants.two]\nprotocol = \"mapi\"\nseller_id = \"2088000000000002\"\n\
         sign_types = [\"RSA\"]\nalipay_public_keys = [\"\"\"{PUBLIC}\"\"\"]\n"
    )
    .expect("written");
    Config::load_from(Some(file.path()), []).expect("a configuration")
}

/// The MD5 key of `one`, retired so long ago.
fn retired(ago: TimeDelta) -> Config {
    let until = (Utc::now() - ago).to_rfc3339();
    config(&format!("[[merchants.one.retired_keys]]\nmd5_key = \"before\"\nuntil = \"{until}\""))
}

fn rsa() -> Signer {
    Signer::Rsa(PrivateKey::read(PRIVATE).expect("a key"))
}

fn md5(key: &str) -> Signer {
    Signer::Md5(Md5Key::new(key))
}

/// A payment of this time, signed for the seller `one`.
fn signed(signer: &Signer, at: DateTime<Utc>) -> Form {
    let time = alipay::format_beijing(at.trunc_subsecs(0));
    let mut form = Form::from_pairs([
        ("notify_type", "trade_status_sync"),
        ("notify_id", "n1"),
        ("notify_time", time.as_str()),
        ("out_trade_no", "A1"),
        ("trade_no", "T1"),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_fee", "10.00"),
        ("seller_id", "2088000000000001"),
        ("gmt_payment", time.as_str()),
    ]);
    signer.sign_form(&mut form, Rule::DropEmpty).expect("signed");
    form
}

fn envelope(form: &Form, received_at: DateTime<Utc>) -> Envelope {
    Envelope::new("one", MessageKind::TradeStatus, Charset::Utf8, received_at, form.encode())
}

fn received(envelope: &Envelope) -> ReceivedMessage {
    let mut delivery =
        Delivery::mock(0, "alipay.notify".into(), "0".into(), false, envelope.to_bytes());
    let form = Form::parse(envelope.form.as_bytes()).expect("a form");
    let id = message_id(&envelope.merchant, envelope.kind, &form);
    delivery.properties = delivery.properties.with_message_id(ShortString::from(id));
    ReceivedMessage::new(delivery)
}

fn outcome(message: InboundMessage) -> Result<(), &'static str> {
    match message.content {
        Ok(Content::Trade(_)) => Ok(()),
        Ok(other) => panic!("{other:?}"),
        Err(rejection) => Err(rejection.reason),
    }
}

fn read(config: &Config, envelope: &Envelope) -> Result<(), &'static str> {
    outcome(InboundMessage::receive(&received(envelope), config).expect("an envelope"))
}

#[test]
fn unsigned_messages_are_rejected() {
    let config = config("");
    let form = signed(&rsa(), Utc::now());
    let good = envelope(&form, Utc::now());
    assert_eq!(read(&config, &good), Ok(()));

    // Four parameters that anybody can write.
    let bare = "out_trade_no=A1&trade_no=T1&trade_status=TRADE_SUCCESS&total_fee=10.00";
    let with_form = |form: &str| Envelope { form: form.to_owned(), ..good.clone() };
    assert_eq!(read(&config, &with_form(bare)), Err("missing_sign"));
    assert_eq!(read(&config, &with_form(&format!("{bare}&sign=AAAA"))), Err("bad_signature"));
    let cheaper = good.form.replace("10.00", "0.01");
    assert_eq!(read(&config, &with_form(&cheaper)), Err("bad_signature"));
    let batch = "notify_type=batch_refund_notify&batch_no=B1&success_num=1&\
                 result_details=T1%5E10.00%5ESUCCESS";
    let forged = Envelope { kind: MessageKind::BatchRefund, ..with_form(batch) };
    assert_eq!(read(&config, &forged), Err("missing_sign"));
    assert_eq!(
        read(&config, &envelope(&signed(&md5("guess"), Utc::now()), Utc::now())),
        Err("sign_type_not_allowed")
    );
}

#[test]
fn an_envelope_cannot_name_another_merchant() {
    let config = config("");
    let form = signed(&rsa(), Utc::now());
    let other = Envelope { merchant: "two".to_owned(), ..envelope(&form, Utc::now()) };
    assert_eq!(read(&config, &other), Err("not_this_merchant"));
    let mut without = signed(&rsa(), Utc::now());
    without.remove("seller_id");
    rsa().sign_form(&mut without, Rule::DropEmpty).expect("signed");
    assert_eq!(read(&config, &envelope(&without, Utc::now())), Err("not_this_merchant"));
}

#[test]
fn only_the_key_named_in_the_envelope_verifies() {
    let config = retired(TimeDelta::days(1));
    let verifier = &config.merchants["one"].verifier;
    let before = Utc::now() - TimeDelta::days(2);
    for signer in [rsa(), md5("before")] {
        let form = signed(&signer, before);
        let verified = verifier.verify(&form, &[], before).expect("a signature");
        let fingerprint = verifier.fingerprint(&verified).expect("a key").to_owned();
        assert_eq!(fingerprint.len(), 16);
        let named = envelope(&form, before).verified_by(Some(&fingerprint));
        assert_eq!(read(&config, &named), Ok(()));
        // A message with a key that is no longer configured needs a person.
        let gone = envelope(&form, before).verified_by(Some("0123456789abcdef"));
        assert_eq!(read(&config, &gone), Err("unknown_key"));
        let other = if matches!(signer, Signer::Md5(_)) {
            signed(&rsa(), before)
        } else {
            signed(&md5("before"), before)
        };
        let wrong = envelope(&other, before).verified_by(Some(&fingerprint));
        assert_eq!(read(&config, &wrong), Err("bad_signature"));
    }
}

#[test]
fn a_retired_key_verifies_messages_received_before_its_end() {
    let day = TimeDelta::days(1);
    let at = |config: &Config, ago: TimeDelta| {
        let at = Utc::now() - ago;
        read(config, &envelope(&signed(&md5("before"), at), at))
    };
    let config = retired(day * 10);
    assert_eq!(at(&config, day * 11), Ok(()));
    // The ingress asks the same verifier, as of now.
    assert_eq!(at(&config, day * 9), Err("sign_type_not_allowed"));
    let form = signed(&md5("before"), Utc::now());
    let ingress = config.merchants["one"].verifier.verify(&form, &[], Utc::now());
    assert_eq!(ingress.expect_err("refused").reason_code(), "sign_type_not_allowed");
    // The publisher can write any time of receipt. It is accepted 40 days back.
    let config = retired(day * 50);
    assert_eq!(at(&config, day * 60), Err("sign_type_not_allowed"));
    assert_eq!(at(&config, day * 4000), Err("sign_type_not_allowed"));
    // An end that is still to come, for the time of a change.
    assert_eq!(at(&retired(day * -1), TimeDelta::zero()), Ok(()));
}

#[test]
fn the_inbox_proves_an_earlier_receipt() {
    let sandbox = Sandbox::database_only();
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().expect("a connection");
    store::migrate::run(&mut connection, drop).expect("the schema");
    let day = TimeDelta::days(1);
    let config = retired(day * 100);
    let then = Utc::now() - day * 130;
    let letter = received(&envelope(&signed(&md5("before"), then), then));
    let mut judge = || {
        let mut message = InboundMessage::receive(&letter, &config).expect("an envelope");
        message
            .prove_receipt(&mut connection, &letter.headers, &letter.body, &config)
            .expect("asked");
        outcome(message)
    };
    assert_eq!(judge(), Err("sign_type_not_allowed"));

    // Processed 120 days ago, and dead-lettered since.
    let mut repeat = signed(&md5("before"), then);
    repeat.set("notify_time", "2026-11-24 12:00:00");
    md5("before").sign_form(&mut repeat, Rule::DropEmpty).expect("signed");
    let row = |form: &str, days: i64| {
        let mut connection =
            store::Pool::new(&sandbox.database_url, 1).get().expect("a connection");
        let id = &letter.message_id;
        connection
            .batch_execute(&format!(
                "REPLACE INTO notification (merchant, kind, message_id, charset, form, outcome, \
                 received_at, first_seen) VALUES ('one', 'trade_status', '{id}', 'utf-8', '{form}', \
                 'rejected', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) - INTERVAL {days} DAY)"
            ))
            .expect("a row");
    };
    row(&repeat.encode(), 120);
    assert_eq!(judge(), Ok(()));
    // Its key had ended by then, and 40 days back from then.
    row(&repeat.encode(), 50);
    assert_eq!(judge(), Err("sign_type_not_allowed"));
    // Another text under the same id proves nothing.
    row(&repeat.encode().replace("10.00", "9.00"), 120);
    assert_eq!(judge(), Err("sign_type_not_allowed"));
}
