//! An answer of the gateway that waited in a queue is verified as of the time when it was asked for:
//! that Alipay's certificate ended meanwhile does not make it wrong.

#![allow(clippy::expect_used, reason = "a test")]

use std::io::Write as _;

use alipay::{Certificate, Charset, PrivateKey, SignType};
use chrono::{DateTime, TimeDelta, Utc};
use lapin::message::Delivery;
use lapin::types::ShortString;
use queue::{Envelope, Received};
use service::Config;
use worker::incoming::Incoming;

/// Ended in 2022.
const ALIPAY: &str = include_str!("../../common/alipay/tests/fixtures/certificates/alipay.pem");
const PRIVATE: &str =
    include_str!("../../common/alipay/tests/fixtures/keys/rsa2048-pkcs8-private.pem");

fn config() -> Config {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    write!(
        file,
        "[merchants.app]\nprotocol = \"openapi\"\napp_id = \"2021000000000001\"\n\
         sign_types = [\"RSA2\"]\nalipay_public_keys = [\"\"\"{ALIPAY}\"\"\"]\n"
    )
    .expect("written");
    Config::load_from(Some(file.path()), []).expect("a configuration")
}

/// Whether a lane takes the answer to a question of this time; or the reason why not.
fn read(asked_at: DateTime<Utc>, sn: &str) -> Result<(), &'static str> {
    let node = "{\"code\":\"10000\",\"out_trade_no\":\"A1\",\"trade_no\":\"T1\",\
                \"trade_status\":\"TRADE_SUCCESS\",\"total_amount\":\"10.00\"}";
    let key = PrivateKey::read(PRIVATE).expect("a key");
    let sign = key.sign(SignType::Rsa2, node.as_bytes()).expect("a signature");
    let answer = format!(
        "{{\"alipay_trade_query_response\":{node},\"alipay_cert_sn\":\"{sn}\",\"sign\":\"{sign}\"}}"
    );
    let body = answer.as_bytes();
    let envelope = Envelope::query_answer("app", Charset::Utf8, "A1", asked_at, body);
    let mut delivery =
        Delivery::mock(0, "alipay.notify".into(), "0".into(), false, envelope.to_bytes());
    let id = ShortString::from(envelope.message_id().expect("an id"));
    delivery.properties = delivery.properties.with_message_id(id);
    let incoming = Incoming::read(&Received::new(delivery), &config()).expect("an envelope");
    incoming.content.map(drop).map_err(|never| never.reason)
}

#[test]
fn an_answer_counts_as_of_its_question() {
    let certificate = Certificate::read(ALIPAY).expect("a certificate");
    let (end, sn) = (certificate.not_after(), certificate.sn());
    assert_eq!(read(end, sn), Ok(()));
    assert_eq!(read(end + TimeDelta::seconds(1), sn), Err("certificate_expired"));
    assert_eq!(read(end, "another"), Err("unknown_certificate"));
}
