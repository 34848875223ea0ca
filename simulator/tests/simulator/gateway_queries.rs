//! Queries about a trade, read as merchants read the answers.

use std::time::{Duration, Instant};

use alipay::{
    AnswerError, Charset, Fen, Protocol, QueryAnswer, RefundStatus, SignatureError, TradeQuery,
    TradeRef, TradeStatus,
};
use chrono::Utc;
use simulator::{GatewayFaults, ServeSettings, TradeFile, TradeStore};
use testkit::clock::beijing;

use crate::alipay_server::{AlipayServer, Read, now};

async fn query(
    server: &AlipayServer,
    name: &str,
    which: TradeRef<'_>,
    charset: Charset,
) -> Result<QueryAnswer, AnswerError> {
    let answer = asked(server, name, which, charset).await;
    assert_eq!(answer.status, 200);
    let merchant = server.merchant(name);
    QueryAnswer::read(&answer.body, merchant.protocol, charset, &merchant.verifier, Utc::now())
}

async fn asked(server: &AlipayServer, name: &str, which: TradeRef<'_>, charset: Charset) -> Read {
    let merchant = server.merchant(name);
    let signer = server.signer(name);
    let form = match merchant.protocol {
        Protocol::Mapi => {
            TradeQuery::mapi(merchant.partner.as_deref().unwrap(), which, charset, &signer)
        }
        Protocol::Openapi => {
            let app_id = merchant.app_id.as_deref().unwrap();
            TradeQuery::openapi(app_id, which, charset, now(), &signer)
        }
    };
    server.ask(&form.unwrap(), charset).await
}

fn trade(answer: Result<QueryAnswer, AnswerError>) -> alipay::TradeStatusSync {
    match answer {
        Ok(QueryAnswer::Trade(trade)) => *trade,
        other => panic!("{other:?}"),
    }
}

/// Every merchant with every charset that it may ask in.
const CASES: [(&str, Charset); 7] = [
    ("shop", Charset::Utf8),
    ("shop", Charset::Gbk),
    ("gbk", Charset::Gbk),
    ("gbk", Charset::Utf8),
    ("rsa", Charset::Gb18030),
    ("app", Charset::Utf8),
    ("app", Charset::Gbk),
];

#[tokio::test]
async fn a_payment_is_queried_in_every_protocol_and_charset() {
    let server = AlipayServer::start().await;
    for (name, charset) in CASES {
        let order = format!("A-{charset}");
        let kept = server.trade(name, &order, |trade| {
            trade.subject = "<购买> & \"订单\" '1' / 2".to_owned();
            trade.pay(now()).unwrap();
        });
        for which in [TradeRef::OutTradeNo(&order), TradeRef::TradeNo(&kept.trade_no)] {
            let read = trade(query(&server, name, which, charset).await);
            assert_eq!(read.trade_status, TradeStatus::TradeSuccess, "{name} {charset}");
            assert_eq!(read.out_trade_no, order);
            assert_eq!(read.trade_no, kept.trade_no);
            assert_eq!(read.total, Fen::new(10_00));
            assert_eq!(read.gmt_payment, Some(now()));
        }
    }
}

#[tokio::test]
async fn queries_show_every_later_state() {
    let server = AlipayServer::start().await;
    server.trade("shop", "WAIT", |_| {});
    server.trade("shop", "PART", |trade| {
        trade.pay(now()).unwrap();
        trade.refund(Fen::new(3_00), None, now()).unwrap();
    });
    server.trade("shop", "BACK", |trade| {
        trade.pay(now()).unwrap();
        trade.refund(Fen::new(4_00), None, now()).unwrap();
        trade.refund(Fen::new(6_00), None, now()).unwrap();
    });
    server.trade("shop", "CLOSED", |trade| drop(trade.close(now()).unwrap()));
    let read = async |order: &str| {
        trade(query(&server, "shop", TradeRef::OutTradeNo(order), Charset::Utf8).await)
    };
    let wait = read("WAIT").await;
    assert_eq!((wait.trade_status, wait.gmt_payment), (TradeStatus::WaitBuyerPay, None));
    let part = read("PART").await;
    assert_eq!(
        (part.trade_status, part.refund_fee),
        (TradeStatus::TradeSuccess, Some(Fen::new(3_00)))
    );
    assert_eq!(part.refund_status, Some(RefundStatus::Success));
    let back = read("BACK").await;
    assert_eq!(
        (back.trade_status, back.refund_fee),
        (TradeStatus::TradeClosed, Some(Fen::new(10_00)))
    );
    assert_eq!(back.gmt_close, Some(now()));
    let closed = read("CLOSED").await;
    assert_eq!((closed.trade_status, closed.gmt_payment), (TradeStatus::TradeClosed, None));
    // The notification's flags are Y and N, the answer's T and F. (docs/protocol.md §9.3)
    let xml = asked(&server, "shop", TradeRef::OutTradeNo("BACK"), Charset::Utf8).await.text();
    assert!(xml.contains("<use_coupon>F</use_coupon>"), "{xml}");
    let refunded_at = format!("<gmt_refund>{}.000</gmt_refund>", beijing(now()));
    assert!(xml.contains(&refunded_at), "{xml}");
}

#[tokio::test]
async fn trades_of_other_merchants_are_not_found() {
    let server = AlipayServer::start().await;
    let other = server.trade("gbk", "OTHER", |_| {});
    for (name, charset) in CASES {
        for which in [TradeRef::OutTradeNo("A-1"), TradeRef::TradeNo("2026")] {
            let read = query(&server, name, which, charset).await;
            assert_eq!(read, Ok(QueryAnswer::NotExist), "{name}");
        }
    }
    for which in [TradeRef::OutTradeNo("OTHER"), TradeRef::TradeNo(&other.trade_no)] {
        let read = query(&server, "shop", which, Charset::Utf8).await;
        assert_eq!(read, Ok(QueryAnswer::NotExist));
    }
}

#[tokio::test]
async fn a_query_finds_the_paid_one_of_two_trades() {
    let server = AlipayServer::start().await;
    let paid = server.trade("shop", "TWICE", |trade| drop(trade.pay(now()).unwrap()));
    server.trade("shop", "TWICE", |_| {});
    let read = query(&server, "shop", TradeRef::OutTradeNo("TWICE"), Charset::Utf8).await;
    assert_eq!(trade(read).trade_no, paid.trade_no);
}

#[tokio::test]
async fn forged_requests_are_refused() {
    let server = AlipayServer::start().await;
    server.trade("shop", "A1", |trade| drop(trade.pay(now()).unwrap()));
    server.trade("app", "A1", |trade| drop(trade.pay(now()).unwrap()));
    for (name, code) in [("shop", "ILLEGAL_SIGN"), ("app", "isv.invalid-signature")] {
        let merchant = server.merchant(name);
        // Signed for one order, sent for another.
        let signer = server.signer(name);
        let which = TradeRef::OutTradeNo("A2");
        let mut form = match merchant.protocol {
            Protocol::Mapi => {
                let partner = merchant.partner.as_deref().unwrap();
                TradeQuery::mapi(partner, which, Charset::Utf8, &signer).unwrap()
            }
            Protocol::Openapi => {
                let app_id = merchant.app_id.as_deref().unwrap();
                TradeQuery::openapi(app_id, which, Charset::Utf8, now(), &signer).unwrap()
            }
        };
        for parameter in ["out_trade_no", "biz_content"] {
            if let Some(value) = form.get(parameter) {
                let value = String::from_utf8(value.to_vec()).unwrap().replace("A2", "A1");
                form.set(parameter, value);
            }
        }
        let answer = server.ask(&form, Charset::Utf8).await;
        let read = QueryAnswer::read(
            &answer.body,
            merchant.protocol,
            Charset::Utf8,
            &merchant.verifier,
            Utc::now(),
        );
        let Err(AnswerError::Refused { code: refused, .. }) = read else { panic!("{read:?}") };
        assert_eq!(refused, code);
        // Another merchant's key.
        form.set("sign", "0123456789abcdef0123456789abcdef");
        let answer = server.ask(&form, Charset::Utf8).await;
        assert!(answer.text().contains(code), "{}", answer.text());
    }
}

#[tokio::test]
async fn invalid_queries_get_alipays_error_codes() {
    let server = AlipayServer::start().await;
    let app = server.merchant("app").app_id.clone().unwrap();
    let sign = |change: &dyn Fn(&mut alipay::Form)| {
        let which = TradeRef::OutTradeNo("A1");
        let signer = server.signer("app");
        let mut form = TradeQuery::openapi(&app, which, Charset::Utf8, now(), &signer).unwrap();
        change(&mut form);
        let signed = form.get("sign").is_some();
        if signed {
            signer.sign_form(&mut form, alipay::Rule::Request).unwrap();
        }
        form
    };
    type Change = dyn Fn(&mut alipay::Form);
    let without = |name: &'static str| move |form: &mut alipay::Form| assert!(form.remove(name));
    let cases: [(Box<Change>, &str, &str); 10] = [
        (Box::new(without("method")), "40001", "isv.missing-method"),
        (Box::new(|form| form.set("method", "alipay.nothing")), "40002", "isv.invalid-method"),
        (Box::new(without("app_id")), "40001", "isv.missing-app-id"),
        (Box::new(|form| form.set("app_id", "2021999999999999")), "40002", "isv.invalid-app-id"),
        (Box::new(without("timestamp")), "40001", "isv.missing-timestamp"),
        (Box::new(|form| form.set("timestamp", "today")), "40002", "isv.invalid-timestamp"),
        (Box::new(without("version")), "40001", "isv.missing-version"),
        (Box::new(without("sign")), "40001", "isv.missing-signature"),
        (Box::new(|form| form.set("format", "XML")), "40002", "isv.invalid-format"),
        (Box::new(|form| form.set("biz_content", "{")), "40002", "isv.invalid-parameter"),
    ];
    for (change, code, sub_code) in cases {
        let answer = server.post("/gateway.do", sign(&*change).encode()).await;
        let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let node = json.as_object().unwrap().iter().find(|(name, _)| *name != "sign").unwrap();
        let known = !sub_code.ends_with("method");
        let name = if known { "alipay_trade_query_response" } else { "error_response" };
        assert_eq!(node.0, name, "{sub_code}");
        assert_eq!((&node.1["code"], &node.1["sub_code"]), (&code.into(), &sub_code.into()));
    }
    let keyless = server.merchant("keyless").app_id.clone().unwrap();
    let which = TradeRef::OutTradeNo("A1");
    let signer = server.signer("keyless");
    let form = TradeQuery::openapi(&keyless, which, Charset::Utf8, now(), &signer).unwrap();
    let answer = server.ask(&form, Charset::Utf8).await.text();
    assert!(answer.contains("isv.missing-signature-config"), "{answer}");

    for (query, code) in [
        ("", "ILLEGAL_SERVICE"),
        ("?service=nothing", "ILLEGAL_SERVICE"),
        ("?service=single_trade_query&partner=1", "ILLEGAL_PARTNER"),
        ("?service=single_trade_query&_input_charset=latin1", "ILLEGAL_CHARSET"),
    ] {
        let answer = server.get(&format!("/gateway.do{query}")).await;
        assert!(answer.text().contains(&format!("<error>{code}</error>")), "{}", answer.text());
    }
}

#[tokio::test]
async fn gateway_faults_are_served() {
    let gateway =
        GatewayFaults { delay: Duration::from_millis(300), fail_percent: 0, wrong_signature: true };
    let server = AlipayServer::with(ServeSettings { gateway, ..ServeSettings::default() }).await;
    for name in ["shop", "app"] {
        server.trade(name, "A1", |trade| drop(trade.pay(now()).unwrap()));
        let begun = Instant::now();
        let read = query(&server, name, TradeRef::OutTradeNo("A1"), Charset::Utf8).await;
        assert!(begun.elapsed() >= gateway.delay);
        let mismatch = matches!(read, Err(AnswerError::Signature(SignatureError::Mismatch { .. })));
        assert!(mismatch, "{read:?}");
    }
    let gateway = GatewayFaults { fail_percent: 100, ..GatewayFaults::default() };
    let server = AlipayServer::with(ServeSettings { gateway, ..ServeSettings::default() }).await;
    assert_eq!(server.get("/gateway.do?service=query_timestamp").await.status, 503);
    assert_eq!(server.get("/").await.status, 200, "pages do not fail");
}

#[tokio::test]
async fn the_trade_file_is_read_at_each_query() {
    let folder = tempfile::tempdir().unwrap();
    let file = TradeFile::new(folder.path().join("trades.json"));
    let trade_store = TradeStore::of_file(file.clone());
    let server = AlipayServer::serving(ServeSettings::default(), trade_store).await;
    let which = TradeRef::OutTradeNo("A1");
    assert_eq!(query(&server, "app", which, Charset::Utf8).await, Ok(QueryAnswer::NotExist));
    server.trade("app", "A1", |trade| drop(trade.pay(now()).unwrap()));
    assert!(file.read().unwrap().merchants["app"].contains_key("A1"));
    let read = trade(query(&server, "app", which, Charset::Utf8).await);
    assert_eq!(read.trade_status, TradeStatus::TradeSuccess);
}
