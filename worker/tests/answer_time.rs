//! An answer of the gateway that waited in a queue is verified as of the time when it was asked for:
//! it stays valid if Alipay's certificate expired meanwhile.

#![allow(clippy::expect_used, reason = "a test")]

mod gateway_answer;

use alipay::{Certificate, Charset};
use chrono::{DateTime, TimeDelta, Utc};
use queue::Envelope;

/// Ended in 2022.
const ALIPAY: &str = include_str!("../../common/alipay/tests/fixtures/certificates/alipay.pem");

/// Whether a lane accepts the answer to a query of this time; or the reason why not.
fn read(asked_at: DateTime<Utc>, sn: &str) -> Result<(), &'static str> {
    let node = "{\"code\":\"10000\",\"out_trade_no\":\"A1\",\"trade_no\":\"T1\",\
                \"trade_status\":\"TRADE_SUCCESS\",\"total_amount\":\"10.00\"}";
    let sign = gateway_answer::sign(node);
    let answer = format!(
        "{{\"alipay_trade_query_response\":{node},\"alipay_cert_sn\":\"{sn}\",\"sign\":\"{sign}\"}}"
    );
    let body = answer.as_bytes();
    let envelope = Envelope::query_answer("app", Charset::Utf8, "A1", asked_at, body);
    let message = gateway_answer::read(&envelope, ALIPAY);
    message.content.map(drop).map_err(|rejection| rejection.reason)
}

#[test]
fn an_answer_is_verified_as_of_its_question() {
    let certificate = Certificate::read(ALIPAY).expect("a certificate");
    let (end, sn) = (certificate.not_after(), certificate.sn());
    assert_eq!(read(end, sn), Ok(()));
    assert_eq!(read(end + TimeDelta::seconds(1), sn), Err("certificate_expired"));
    assert_eq!(read(end, "another"), Err("unknown_certificate"));
}
