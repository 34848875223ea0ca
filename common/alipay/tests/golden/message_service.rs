//! Forms of the message service: what is read of them, and what hostile ones come to.

use alipay::{
    Charset, DepositBack, DepositBackStatus, Fen, Form, Notification, Protocol, Unreadable,
    order_in_biz_content, parse_beijing,
};

const METHOD: &str = "alipay.trade.refund.depositback.completed";
const FAILED: &str = r#"{"trade_no":"2026122022001400000000000002","out_trade_no":"C2-02",
    "out_request_no":"C2-02-R1","dback_status":"F","dback_amount":"10.00",
    "bank_ack_time":"2026-12-21 12:00:00","est_bank_receipt_time":"2026-12-22 12:00:00"}"#;

fn form(method: &str, content: &str) -> Form {
    Form::from_pairs([
        ("app_id", "2021000000000001"),
        ("biz_content", content),
        ("charset", "UTF-8"),
        ("msg_method", method),
        ("notify_id", "2026122000222100000000000000000004"),
        ("utc_timestamp", "1797732000000"),
        ("version", "1.1"),
    ])
}

fn read(content: &str) -> Result<DepositBack, (&'static str, String)> {
    match Notification::read(&form(METHOD, content), Protocol::Openapi, Charset::Utf8) {
        Ok(Notification::DepositBack(said)) => Ok(*said),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err((error.reason_code(), error.to_string())),
    }
}

#[test]
fn a_bank_sent_a_refund_back() {
    let said = read(FAILED).unwrap();
    assert_eq!(said.out_trade_no, "C2-02");
    assert_eq!(said.trade_no.as_deref(), Some("2026122022001400000000000002"));
    assert_eq!(said.request_no.as_deref(), Some("C2-02-R1"));
    assert_eq!(said.status, DepositBackStatus::Failed);
    assert_eq!(said.amount, Some(Fen::new(1000)));
    assert_eq!(said.bank_time, parse_beijing("2026-12-21 12:00:00").ok());
}

#[test]
fn only_the_order_and_the_status_are_needed() {
    let said =
        read(r#"{"out_trade_no":"A","dback_status":"S","out_request_no":"","trade_no":null}"#);
    let expected = DepositBack {
        out_trade_no: "A".to_owned(),
        trade_no: None,
        request_no: None,
        status: DepositBackStatus::Done,
        amount: None,
        bank_time: None,
    };
    assert_eq!(said, Ok(expected.clone()));
    // A number is taken as it is written: no float comes near it.
    let said =
        read(r#"{"out_trade_no":20261220000000000001,"dback_status":"P","dback_amount":10.10}"#);
    assert_eq!(
        said,
        Ok(DepositBack {
            out_trade_no: "20261220000000000001".to_owned(),
            status: DepositBackStatus::InProgress,
            amount: Some(Fen::new(1010)),
            ..expected
        })
    );
}

#[test]
fn what_nobody_reads_may_be_anything() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for more in [deep.as_str(), "1e999999", "{\"a\":1,\"a\":2}", "\"\\ud800\""] {
        let content = format!(r#"{{"x":{more},"x":1,"out_trade_no":"A","dback_status":"F"}}"#);
        assert_eq!(
            read(&content).map(|said| said.status),
            Ok(DepositBackStatus::Failed),
            "{more:.20}"
        );
    }
}

#[test]
fn hostile_content_is_named_and_never_repeated() {
    let long = "9".repeat(70);
    for (content, problem) in [
        ("", "the parameter biz_content is missing"),
        ("secret", "biz_content: it is no JSON object"),
        ("{\"out_trade_no\":\"secret\"", "biz_content: it is no JSON object"),
        ("[\"secret\"]", "biz_content: it is no JSON object"),
        ("{} {}", "biz_content: it is no JSON object"),
        ("null", "biz_content: it is no JSON object"),
        ("{}", "biz_content: it has no out_trade_no"),
        (r#"{"out_trade_no":"A"}"#, "biz_content: it has no dback_status"),
        (
            r#"{"out_trade_no":"A","dback_status":"secret"}"#,
            "biz_content: dback_status is none of S, F, P",
        ),
        (
            r#"{"out_trade_no":"A","dback_status":"f"}"#,
            "biz_content: dback_status is none of S, F, P",
        ),
        (
            r#"{"out_trade_no":"A","out_trade_no":"B","dback_status":"F"}"#,
            "biz_content: out_trade_no is there twice",
        ),
        (
            r#"{"out_trade_no":"A","dback_status":"S","dback_\u0073tatus":"F"}"#,
            "biz_content: dback_status is there twice",
        ),
        (
            r#"{"out_trade_no":["A"],"dback_status":"F"}"#,
            "biz_content: out_trade_no is neither a string nor a number",
        ),
        (
            r#"{"out_trade_no":"A","dback_status":true}"#,
            "biz_content: dback_status is neither a string nor a number",
        ),
        (
            r#"{"out_trade_no":"A\n","dback_status":"F"}"#,
            "biz_content: out_trade_no: it contains a control character",
        ),
        (
            r#"{"out_trade_no":"A\ud800","dback_status":"F"}"#,
            "biz_content: out_trade_no holds a character that does not exist",
        ),
        (
            &format!(r#"{{"out_trade_no":{long},"dback_status":"F"}}"#),
            "biz_content: out_trade_no: it has more than 64 bytes",
        ),
        (
            &format!(r#"{{"out_trade_no":"A","trade_no":"{long}","dback_status":"F"}}"#),
            "biz_content: trade_no: it has more than 64 bytes",
        ),
    ] {
        let (code, message) = read(content).unwrap_err();
        assert_eq!(message, problem, "{content}");
        let expected =
            if content.is_empty() { "missing_parameter" } else { "unreadable_biz_content" };
        assert_eq!(code, expected);
        assert!(!message.contains("secret"));
    }
    for (member, value) in [
        ("dback_amount", "1e2"),
        ("dback_amount", "-1"),
        ("dback_amount", "99999999999999999999"),
        ("dback_amount", "1.234"),
        ("bank_ack_time", "20261221"),
    ] {
        let content = format!(r#"{{"out_trade_no":"A","dback_status":"F","{member}":{value}}}"#);
        let (code, message) = read(&content).unwrap_err();
        assert_eq!(code, "unreadable_biz_content");
        assert!(message.starts_with(&format!("biz_content: {member}: ")), "{message}");
    }
}

#[test]
fn other_messages_are_named() {
    for method in [
        "alipay.fund.trans.order.changed",
        "alipay.merchant.tradecomplain.changed",
        "alipay.trade.refund.depositback.completed2",
        "ALIPAY.TRADE.REFUND.DEPOSITBACK.COMPLETED",
        "anything at all",
    ] {
        let error = Notification::read(&form(method, FAILED), Protocol::Openapi, Charset::Utf8);
        let error = error.unwrap_err();
        assert_eq!(error.reason_code(), "unhandled_msg_method");
        let said = format!("message service, msg_method {method}, not handled here");
        assert_eq!(error.to_string(), said);
        assert_eq!(order_in_biz_content(&form(method, FAILED), Charset::Utf8).unwrap(), "C2-02");
    }
    // A legacy merchant's key signs the merchant's own requests, too: no word of a bank is taken from there.
    let error = Notification::read(&form(METHOD, FAILED), Protocol::Mapi, Charset::Utf8);
    assert!(matches!(error, Err(Unreadable::MsgMethod { .. })), "{error:?}");
    // What says that it is a notification of a trade is one.
    let mut both = form(METHOD, FAILED);
    both.set("notify_type", "trade_status_sync");
    let error = Notification::read(&both, Protocol::Openapi, Charset::Utf8).unwrap_err();
    assert_eq!(error.to_string(), "the parameter out_trade_no is missing");
}
