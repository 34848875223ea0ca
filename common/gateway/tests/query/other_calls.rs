//! Refunds, closing and the two unsigned questions, byte by byte.

use std::time::Duration;

use alipay::{
    AnswerError, CloseAnswer, Fen, Form, NotifyVerifyAnswer, PrivateKey, SignType, TradeRef,
    TradeRefund,
};
use gateway::{Gateway, GatewayError};

use crate::merchant::{PRIVATE, mapi, openapi};
use testkit::{FakeGateway, Reply};

const SOON: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);

const REFUND: TradeRefund<'_> = TradeRefund {
    which: TradeRef::OutTradeNo("A-1"),
    amount: Fen::new(100),
    out_request_no: "R-1",
    reason: "too large",
};

/// The Open Platform's signed answer to a method.
fn answer(name: &str, node: &str) -> Reply {
    let key = PrivateKey::read(PRIVATE).unwrap();
    let sign = key.sign(SignType::Rsa2, node.as_bytes()).unwrap();
    Reply::Good(format!("{{\"{name}\":{node},\"sign\":\"{sign}\"}}").into_bytes())
}

fn refund_answer(order: &str) -> Reply {
    let node = format!(
        "{{\"code\":\"10000\",\"out_trade_no\":\"{order}\",\"trade_no\":\"2019\",\
         \"fund_change\":\"Y\",\"refund_fee\":\"1.00\"}}"
    );
    answer("alipay_trade_refund_response", &node)
}

#[tokio::test]
async fn a_refund_and_what_became_of_it() {
    let gateway = Gateway::new(SOON);
    let server = FakeGateway::start(refund_answer("A-1")).unwrap();
    let merchant = openapi(&server.url);
    let refunded = gateway.refund(&merchant, &REFUND).await.unwrap().answer;
    assert!(refunded.moved && refunded.refunded == Some(Fen::new(100)));
    let request = server.next_request().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /gateway.do?charset=utf-8 HTTP/1.1\r\n"), "{head}");
    let form = Form::parse(body.as_bytes()).unwrap();
    let content = r#"{"out_trade_no":"A-1","refund_amount":"1.00","out_request_no":"R-1","refund_reason":"too large"}"#;
    assert_eq!(form.get("biz_content"), Some(content.as_bytes()));

    let server = FakeGateway::start(refund_answer("A-2")).unwrap();
    let error = gateway.refund(&openapi(&server.url), &REFUND).await.unwrap_err();
    assert!(error == GatewayError::OtherTrade && !error.is_unsent());

    let name = "alipay_trade_fastpay_refund_query_response";
    let node = r#"{"code":"10000","out_trade_no":"A-1","out_request_no":"R-1","refund_status":"REFUND_SUCCESS","refund_amount":"1.00"}"#;
    for (order, found) in [("A-1", true), ("A-2", false)] {
        let server = FakeGateway::start(answer(name, node)).unwrap();
        let which = TradeRef::OutTradeNo(order);
        let asked = gateway.refund_query(&openapi(&server.url), which, "R-1").await;
        match asked {
            Ok(asked) => assert!(found && asked.answer.succeeded("R-1", Fen::new(100))),
            Err(error) => assert!(!found && error == GatewayError::OtherTrade, "{error}"),
        }
    }
}

#[tokio::test]
async fn what_is_wrong_before_it_is_sent() {
    let server = FakeGateway::start(Reply::Good(b"true".to_vec())).unwrap();
    let (old, new) = (mapi(&server.url), openapi(&server.url));
    let gateway = Gateway::new(SOON);
    let which = TradeRef::OutTradeNo("A-1");
    let nothing = TradeRefund { amount: Fen::new(0), ..REFUND };
    let mut keyless = openapi(&server.url);
    keyless.private_key = None;
    for (error, reason) in [
        (gateway.refund(&old, &REFUND).await.unwrap_err(), "not_offered"),
        (gateway.refund_query(&old, which, "R-1").await.unwrap_err(), "not_offered"),
        (gateway.notify_verify(&new, b"n1").await.unwrap_err(), "not_offered"),
        (gateway.query_timestamp(&new).await.unwrap_err(), "not_offered"),
        (gateway.refund(&new, &nothing).await.unwrap_err(), "bad_request"),
        (gateway.refund_query(&new, which, "").await.unwrap_err(), "bad_request"),
        (gateway.close(&keyless, which).await.unwrap_err(), "no_key"),
    ] {
        assert_eq!(error.reason_code(), reason, "{error}");
        assert!(error.is_unsent() && !error.is_transient(), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn closing() {
    let gateway = Gateway::new(SOON);
    let which = TradeRef::OutTradeNo("A-1");
    let xml = |text: &str| Reply::Good(format!("<alipay>{text}</alipay>").into_bytes());
    let server = FakeGateway::start(xml("<is_success>T</is_success>")).unwrap();
    let closed = gateway.close(&mapi(&server.url), which).await;
    assert_eq!(closed, Ok(CloseAnswer::Closed));
    let request = server.next_request().unwrap();
    assert!(request.contains("service=close_trade") && request.contains("out_order_no=A-1"));

    let paid = "<is_success>F</is_success><error>TRADE_STATUS_NOT_AVAILD</error>";
    let server = FakeGateway::start(xml(paid)).unwrap();
    let error = gateway.close(&mapi(&server.url), which).await.unwrap_err();
    assert!(matches!(error, GatewayError::Answer(AnswerError::Refused { .. })), "{error:?}");

    let node = r#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#;
    let server = FakeGateway::start(answer("alipay_trade_close_response", node)).unwrap();
    let closed = gateway.close(&openapi(&server.url), which).await;
    assert_eq!(closed, Ok(CloseAnswer::NotExist));
}

#[tokio::test]
async fn a_close_is_sent_once_only() {
    let server = FakeGateway::start(Reply::Raw(Vec::new())).unwrap();
    let which = TradeRef::OutTradeNo("A-1");
    let error = Gateway::new(SOON).close(&mapi(&server.url), which).await.unwrap_err();
    assert!(matches!(error, GatewayError::Connect { .. }), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn asking_about_a_notification() {
    let gateway = Gateway::new(SOON);
    for (said, expected) in [
        ("true", Ok(NotifyVerifyAnswer::Genuine)),
        ("false", Ok(NotifyVerifyAnswer::NotGenuine)),
        ("invalid", Ok(NotifyVerifyAnswer::WrongQuestion)),
        ("true\n", Err("not_an_answer")),
        ("TRUE", Err("not_an_answer")),
        ("<html>true", Err("not_an_answer")),
        ("", Err("not_an_answer")),
    ] {
        let server = FakeGateway::start(Reply::Good(said.as_bytes().to_vec())).unwrap();
        let answer = gateway.notify_verify(&mapi(&server.url), b"a%2F/+b").await;
        assert_eq!(answer.map_err(|error| error.reason_code()), expected, "{said:?}");
        let request = server.next_request().unwrap();
        let line = "GET /gateway.do?service=notify_verify&partner=2088000000000001\
             &notify_id=a%252F%2F%2Bb HTTP/1.1\r\n";
        assert!(request.starts_with(line), "{request}");
    }
    let silent = FakeGateway::start(Reply::Stall(Vec::new())).unwrap();
    let answer = Gateway::new(SHORT).notify_verify(&mapi(&silent.url), b"n1").await;
    assert_eq!(answer, Err(GatewayError::Timeout { after: SHORT }));

    // One connection for all questions.
    let server = FakeGateway::start(Reply::Good(b"true".to_vec())).unwrap();
    let merchant = mapi(&format!("{}?a=1", server.url));
    for _ in 0..5 {
        gateway.notify_verify(&merchant, b"n1").await.unwrap();
    }
    assert_eq!(server.connections(), 1);
}
