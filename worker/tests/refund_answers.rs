//! Which answers to a refund prove that money has moved, and which are rejected: messages of the queue are
//! verified again.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

mod gateway_answer;

use alipay::{Charset, Fen};
use chrono::{DateTime, Utc};
use order::ConfirmedRefund;
use queue::{Envelope, RefundAnswerForm};
use worker::message::Content;

const PUBLIC: &str = include_str!("../../common/alipay/tests/fixtures/keys/rsa2048-spki.pem");

fn signed(method: &str, node: &str) -> Vec<u8> {
    let sign = gateway_answer::sign(node);
    format!("{{\"{method}_response\":{node},\"sign\":\"{sign}\"}}").into_bytes()
}

/// An answer of `alipay.trade.refund`.
fn refund(order: &str, trade: &str, change: &str, total: &str) -> Vec<u8> {
    let node = format!(
        "{{\"code\":\"10000\",\"out_trade_no\":\"{order}\",\"trade_no\":\"{trade}\",\
         \"fund_change\":\"{change}\",\"refund_fee\":\"{total}\",\
         \"gmt_refund_pay\":\"2026-11-23 12:00:00\"}}"
    );
    signed("alipay_trade_refund", &node)
}

/// An answer of `alipay.trade.fastpay.refund.query`.
fn query(fields: &str) -> Vec<u8> {
    signed("alipay_trade_fastpay_refund_query", &format!("{{\"code\":\"10000\"{fields}}}"))
}

const DONE: &str = ",\"out_trade_no\":\"A1\",\"trade_no\":\"T1\",\"out_request_no\":\"R1\",\
     \"refund_amount\":\"3.00\",\"total_amount\":\"10.00\",\"refund_status\":\"REFUND_SUCCESS\",\
     \"gmt_refund_pay\":\"2026-11-23 11:59:00\"";

fn asked_at() -> DateTime<Utc> {
    "2026-11-23T04:00:01Z".parse().expect("a time")
}

/// What a lane reads of these answers to refund `R1` of 3.00 yuan; or the reason why not.
fn read(
    refund: Option<&[u8]>,
    refund_query: Option<&[u8]>,
) -> Result<ConfirmedRefund, &'static str> {
    let form = RefundAnswerForm {
        order: "A1",
        trade_no: "T1",
        request_no: "R1",
        amount: Fen::new(300),
        refund,
        refund_query,
    };
    read_envelope(&Envelope::refund_answer("app", Charset::Utf8, &form, asked_at()))
}

fn read_envelope(envelope: &Envelope) -> Result<ConfirmedRefund, &'static str> {
    let message = gateway_answer::read(envelope, PUBLIC);
    assert_eq!(message.order_id().as_deref(), Some("A1"));
    match message.content {
        Ok(Content::RefundAnswer(said)) => Ok(said),
        Ok(other) => panic!("{other:?}"),
        Err(rejection) => Err(rejection.reason),
    }
}

#[test]
fn answers_that_confirm_a_refund() {
    let moved = read(Some(&refund("A1", "T1", "Y", "5.00")), None).expect("moved");
    let expected = ConfirmedRefund {
        out_trade_no: "A1".into(),
        trade_no: "T1".into(),
        request_no: "R1".into(),
        amount: Fen::new(300),
        refunded: Some(Fen::new(500)),
        total: None,
        gmt_refund: alipay::parse_beijing("2026-11-23 12:00:00").ok(),
        asked_at: asked_at(),
    };
    assert_eq!(moved, expected);

    // Made before: the query says so, and the answer to the refund the total. Its time is that of the
    // latest refund, which may be another one.
    let again = read(Some(&refund("A1", "T1", "N", "5.00")), Some(&query(DONE))).expect("made");
    let gmt_refund = alipay::parse_beijing("2026-11-23 11:59:00").ok();
    let made = ConfirmedRefund { total: Some(Fen::new(1000)), gmt_refund, ..expected };
    assert_eq!(again, made);
    let proved = read(None, Some(&query(DONE))).expect("made");
    assert_eq!(proved, ConfirmedRefund { refunded: None, ..made });
    // Older answers have no state and name no trade: the amount says it. Which refund it is the number
    // says, or all that was refunded.
    let older = ",\"refund_amount\":\"3.00\"";
    let named = format!("{older},\"out_request_no\":\"R1\"");
    read(None, Some(&query(&named))).expect("made");
    read(Some(&refund("A1", "T1", "N", "5.00")), Some(&query(older))).expect("made");
    assert_eq!(read(None, Some(&query(older))), Err("refund_not_confirmed"));
}

#[test]
fn answers_that_do_not_confirm_a_refund() {
    let unmoved = refund("A1", "T1", "N", "3.00");
    assert_eq!(read(Some(&unmoved), None), Err("refund_not_confirmed"));
    assert_eq!(read(None, None), Err("refund_not_confirmed"));
    // Alipay does not know the number; it works on it; it is another amount, another number.
    for fields in [
        String::new(),
        DONE.replace("REFUND_SUCCESS", "REFUND_PROCESSING"),
        DONE.replace("3.00", "2.99"),
        DONE.replace("R1", "R2"),
    ] {
        let answer = query(&fields);
        assert_eq!(read(Some(&unmoved), Some(&answer)), Err("refund_not_confirmed"), "{fields}");
    }
    // A total below this refund: the amount in the form is not what Alipay was asked for.
    let less = refund("A1", "T1", "Y", "2.99");
    assert_eq!(read(Some(&less), None), Err("refund_not_confirmed"));
}

#[test]
fn answers_that_are_rejected() {
    for other in [refund("A2", "T1", "Y", "3.00"), refund("A1", "T2", "Y", "3.00")] {
        assert_eq!(read(Some(&other), None), Err("answer_for_another_order"));
    }
    let good = refund("A1", "T1", "Y", "3.00");
    for (from, to) in [("A1", "A2"), ("T1", "T2")] {
        let answer = query(&DONE.replace(from, to));
        assert_eq!(read(Some(&good), Some(&answer)), Err("answer_for_another_order"));
    }
    let text = String::from_utf8(good.clone()).expect("text");
    let forged = text.replace("3.00", "9.00").into_bytes();
    assert_eq!(read(Some(&forged), None), Err("bad_signature"));
    let unsigned = text.replace("\"sign\"", "\"sing\"").into_bytes();
    assert_eq!(read(Some(&unsigned), None), Err("unsigned_answer"));
    assert_eq!(read(Some(&good), Some(b"<html>")), Err("not_an_answer"));
    // An answer to another question.
    assert_eq!(read(Some(&query(DONE)), None), Err("not_an_answer"));

    let form = "out_trade_no=A1&trade_no=T1&out_request_no=R1&refund_amount=3.00";
    for (from, to) in [
        ("&trade_no=T1", ""),
        ("R1", &"1".repeat(65)),
        ("3.00", "0.00"),
        ("3.00", "three"),
        ("&notify_time=2026-11-23+12%3A00%3A01", ""),
    ] {
        let form = format!("{form}&notify_time=2026-11-23+12%3A00%3A01").replace(from, to);
        let envelope =
            Envelope::new("app", queue::MessageKind::RefundAnswer, Charset::Utf8, asked_at(), form);
        assert_eq!(read_envelope(&envelope), Err("unreadable_request"), "{envelope:?}");
    }
}
