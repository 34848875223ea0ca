//! Gateways that answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alipay::{AnswerError, Fen, Form, Protocol, QueryAnswer, TradeRef, Verifier};
use chrono::{TimeDelta, Utc};
use gateway::{Gateway, GatewayError};

use crate::merchant::{json, mapi, merchant, openapi, xml};
use testkit::{FakeGateway, Reply};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_legacy_gateway() {
    let server = FakeGateway::start(Reply::Good(xml("A-1"))).unwrap();
    let merchant = mapi(&server.url);
    let before = Utc::now();
    let answered = Gateway::new(SOON).query(&merchant, TradeRef::OutTradeNo("A-1")).await.unwrap();
    assert!(answered.asked_at >= before && answered.asked_at - before < TimeDelta::seconds(10));
    assert_eq!(answered.body, xml("A-1"));
    let QueryAnswer::Trade(trade) = &answered.answer else { panic!("{answered:?}") };
    assert_eq!((trade.out_trade_no.as_str(), trade.total), ("A-1", Fen::new(275)));

    let request = server.next_request().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /gateway.do?_input_charset=utf-8 HTTP/1.1\r\n"), "{head}");
    let head = head.to_lowercase();
    assert!(head.contains("\r\ncontent-type: application/x-www-form-urlencoded"), "{head}");
    assert!(head.contains("\r\nhost: 127.0.0.1:"), "{head}");
    let form = Form::parse(body.as_bytes()).unwrap();
    assert_eq!(form.get("partner"), Some(b"2088000000000001".as_slice()));
    assert!(
        merchant.verifier.verify(&form, &[], Utc::now()).is_ok(),
        "signed with the merchant's secret"
    );
}

#[tokio::test]
async fn the_open_platform() {
    let server = FakeGateway::start(Reply::Good(json("A-1"))).unwrap();
    let merchant = openapi(&server.url);
    let gateway = Gateway::new(SOON);
    let answered = gateway.query(&merchant, TradeRef::TradeNo("2019082922001")).await.unwrap();
    let QueryAnswer::Trade(trade) = &answered.answer else { panic!("{answered:?}") };
    assert_eq!((trade.out_trade_no.as_str(), trade.total), ("A-1", Fen::new(275)));
    let request = server.next_request().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /gateway.do?charset=utf-8 HTTP/1.1\r\n"), "{head}");
    let form = Form::parse(body.as_bytes()).unwrap();
    assert_eq!(form.get("biz_content"), Some(br#"{"trade_no":"2019082922001"}"#.as_slice()));
    assert!(!format!("{answered:?}").contains("A-1"), "no data of the buyer in a log");
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = FakeGateway::start(Reply::Good(json("A-1"))).unwrap();
    let merchant = openapi(&server.url);
    let gateway = Gateway::new(SOON);
    for _ in 0..5 {
        gateway.clone().query(&merchant, TradeRef::OutTradeNo("A-1")).await.unwrap();
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let answer = json("A-1");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
    let server = FakeGateway::start(Reply::Raw([head.as_bytes(), &answer].concat())).unwrap();
    let merchant = openapi(&server.url);
    let gateway = Gateway::new(SOON);
    for _ in 0..5 {
        gateway.query(&merchant, TradeRef::OutTradeNo("A-1")).await.unwrap();
    }
    assert_eq!(server.connections(), 5);
}

#[tokio::test]
async fn a_connection_that_closes_under_a_request_is_replaced() {
    let (count, answer) = (AtomicUsize::new(0), json("A-1"));
    let server = FakeGateway::answering(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        1 => Reply::Raw(Vec::new()),
        _ => Reply::Good(answer.clone()),
    })
    .unwrap();
    let merchant = openapi(&server.url);
    let gateway = Gateway::new(SOON);
    for _ in 0..2 {
        gateway.query(&merchant, TradeRef::OutTradeNo("A-1")).await.unwrap();
    }
    let requests = server.requests();
    assert_eq!((server.connections(), requests.len()), (2, 3));
    assert_eq!(requests[1], requests[2]);
}

#[tokio::test]
async fn an_answer_about_another_trade_is_none() {
    let gateway = Gateway::new(SOON);
    let server = FakeGateway::start(Reply::Good(xml("A-1"))).unwrap();
    for which in [TradeRef::OutTradeNo("A-2"), TradeRef::TradeNo("1")] {
        let answer = gateway.query(&mapi(&server.url), which).await;
        assert_eq!(answer.unwrap_err(), GatewayError::OtherTrade);
    }
}

#[tokio::test]
async fn an_answer_signed_by_somebody_else_is_none() {
    let gateway = Gateway::new(SOON);
    let server = FakeGateway::start(Reply::Good(xml("A-1"))).unwrap();
    let mut merchant = mapi(&server.url);
    let other = alipay::Md5Key::new("another");
    merchant.verifier =
        Verifier::new(Protocol::Mapi, merchant.sign_types.clone(), vec![other], vec![]).unwrap();
    let error = gateway.query(&merchant, TradeRef::OutTradeNo("A-1")).await.unwrap_err();
    assert_eq!((error.reason_code(), error.is_transient()), ("bad_signature", false));
}

#[tokio::test]
async fn no_such_trade_and_refusals() {
    let failure = |error: &str| {
        let xml = format!("<alipay><is_success>F</is_success><error>{error}</error></alipay>");
        Reply::Good(xml.into_bytes())
    };
    let gateway = Gateway::new(SOON);
    let server = FakeGateway::start(failure("TRADE_NOT_EXIST")).unwrap();
    let answered = gateway.query(&mapi(&server.url), TradeRef::OutTradeNo("A-1")).await;
    assert_eq!(answered.unwrap().answer, QueryAnswer::NotExist);
    let server = FakeGateway::start(failure("ILLEGAL_SIGN")).unwrap();
    let error = gateway.query(&mapi(&server.url), TradeRef::OutTradeNo("A-1")).await;
    let error = error.unwrap_err();
    assert!(matches!(error, GatewayError::Answer(AnswerError::Refused { .. })), "{error:?}");
    assert_eq!((error.reason_code(), error.is_transient()), ("refused", false));
}

#[test]
fn what_the_configuration_must_have() {
    let address = "http://127.0.0.1:1/gateway.do";
    assert_eq!(Gateway::can_ask(&mapi(address)), Ok(()));
    assert_eq!(Gateway::can_ask(&openapi(address)), Ok(()));

    let mut no_private_key = openapi(address);
    no_private_key.private_key = None;
    let error = Gateway::can_ask(&no_private_key).unwrap_err();
    assert_eq!(error, GatewayError::NoKey { merchant: "m".to_owned(), key: "private_key" });
    assert_eq!(error.to_string().split(' ').next(), Some("merchants.m.private_key"));

    // The first sign type that there is a key for.
    let mut two = mapi(address);
    two.sign_types = vec![alipay::SignType::Rsa, alipay::SignType::Md5];
    assert_eq!(Gateway::can_ask(&two), Ok(()));
    two.md5_key = None;
    let error = GatewayError::NoKey { merchant: "m".to_owned(), key: "private_key" };
    assert_eq!(Gateway::can_ask(&two), Err(error));

    let mut md5_on_openapi = openapi(address);
    md5_on_openapi.sign_types = vec![alipay::SignType::Md5];
    let error = Gateway::can_ask(&md5_on_openapi).unwrap_err();
    assert_eq!(error.reason_code(), "cannot_sign");

    for address in ["http://", "https:///gateway.do", "https://a b/", "http://[::1/gateway.do"] {
        let mut merchant = openapi("http://127.0.0.1/");
        merchant.gateway = address.to_owned();
        let error = Gateway::can_ask(&merchant).unwrap_err();
        assert_eq!(error.reason_code(), "bad_address", "{address}");
    }
}

#[tokio::test]
async fn the_charset_of_the_configuration() {
    for (charset, asked) in [("gbk", "gbk"), ("gb18030", "gbk"), ("utf-8", "utf-8")] {
        let server = FakeGateway::start(Reply::Good(xml("A-1"))).unwrap();
        let merchant = merchant(&format!(
            "protocol = \"mapi\"\nseller_id = \"2088000000000001\"\nsign_types = [\"MD5\"]\n\
             md5_key = \"{}\"\ncharset = \"{charset}\"\ngateway = \"{}?x=1\"",
            crate::merchant::MD5,
            server.url
        ));
        let gateway = Gateway::new(SOON);
        gateway.query(&merchant, TradeRef::OutTradeNo("A-1")).await.unwrap();
        let request = server.next_request().unwrap();
        let line = format!("POST /gateway.do?x=1&_input_charset={asked} HTTP/1.1\r\n");
        assert!(request.starts_with(&line), "{request}");
        assert!(request.contains(&format!("&_input_charset={asked}&")), "{request}");
    }
}
