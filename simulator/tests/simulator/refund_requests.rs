//! Refunds and closes that a merchant requests.

use alipay::{
    AnswerError, Charset, CloseAnswer, Fen, Form, Notification, NotifyVerify, PlatformRefund,
    PlatformRefundItem, QueryTimestamp, RefundAnswer, RefundQuery, RefundQueryAnswer, TradeClose,
    TradeRef, TradeRefund, link,
};
use chrono::Utc;
use simulator::{PayLinkUrls, Status};

use crate::alipay_server::{AlipayServer, now};
use crate::notify_server::NotifyServer;

async fn refund(
    server: &AlipayServer,
    order: &str,
    fen: i64,
    number: &str,
) -> Result<RefundAnswer, AnswerError> {
    let merchant = server.merchant("app");
    let refund = TradeRefund {
        which: TradeRef::OutTradeNo(order),
        amount: Fen::new(fen),
        out_request_no: number,
        reason: "不要了",
    };
    let app_id = merchant.app_id.as_deref().unwrap();
    let form = refund.openapi(app_id, Charset::Utf8, now(), &server.signer("app")).unwrap();
    let answer = server.ask(&form, Charset::Utf8).await;
    RefundAnswer::read(&answer.body, Charset::Utf8, &merchant.verifier, Utc::now())
}

fn code<T: std::fmt::Debug>(answer: Result<T, AnswerError>) -> String {
    match answer {
        Err(AnswerError::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_number_refunds_once() {
    let server = AlipayServer::start().await;
    let shop = NotifyServer::start(|_, _| (200, "success")).await;
    server.trade("app", "R1", |trade| drop(trade.pay(now()).unwrap()));
    let notify_url = Some(shop.url.to_string());
    server
        .trade_store
        .update::<_, simulator::TradeFileError>(|trades| {
            let link = PayLinkUrls { notify_url, ..PayLinkUrls::default() };
            trades.of("app", "R1")[0].link = Some(link);
            Ok(())
        })
        .unwrap();
    let first = refund(&server, "R1", 3_00, "N1").await.unwrap();
    assert!(first.moved);
    assert_eq!(first.refunded, Some(Fen::new(3_00)));
    let again = refund(&server, "R1", 3_00, "N1").await.unwrap();
    assert!(!again.moved);
    assert_eq!(again.refunded, Some(Fen::new(3_00)));
    let second = refund(&server, "R1", 2_00, "N2").await.unwrap();
    assert_eq!((second.moved, second.refunded), (true, Some(Fen::new(5_00))), "a running total");

    assert_eq!(code(refund(&server, "R1", 4_00, "N1").await), "ACQ.DISCORDANT_REPEAT_REQUEST");
    assert_eq!(code(refund(&server, "R1", 5_01, "N3").await), "ACQ.REASON_TRADE_REFUND_FEE_ERR");
    assert_eq!(code(refund(&server, "R9", 1_00, "N3").await), "ACQ.TRADE_NOT_EXIST");
    server.trade("app", "WAIT", |_| {});
    assert_eq!(code(refund(&server, "WAIT", 1_00, "N3").await), "ACQ.TRADE_STATUS_ERROR");
    assert!(refund(&server, "R1", 5_00, "N3").await.unwrap().moved);
    assert_eq!(server.kept("app", "R1").unwrap().trade.status, Status::TradeClosed);
    assert_eq!(code(refund(&server, "R1", 1_00, "N4").await), "ACQ.TRADE_HAS_CLOSE");
    assert!(!refund(&server, "R1", 5_00, "N3").await.unwrap().moved, "also when it is closed");

    // One notification for each refund that moved money, to the address of the payment.
    let heard = shop.wait_for(3).await;
    let mut numbers: Vec<&[u8]> = heard.iter().map(|it| it.get("out_biz_no").unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [b"N1", b"N2", b"N3"]);
}

#[tokio::test]
async fn a_refund_can_be_queried() {
    let server = AlipayServer::start().await;
    server.trade("app", "Q1", |trade| drop(trade.pay(now()).unwrap()));
    refund(&server, "Q1", 3_00, "N1").await.unwrap();
    let merchant = server.merchant("app");
    let asked = async |number: &str| {
        let app_id = merchant.app_id.as_deref().unwrap();
        let which = TradeRef::OutTradeNo("Q1");
        let signer = server.signer("app");
        let form =
            RefundQuery::openapi(app_id, which, number, Charset::Utf8, now(), &signer).unwrap();
        let answer = server.ask(&form, Charset::Utf8).await;
        RefundQueryAnswer::read(&answer.body, Charset::Utf8, &merchant.verifier, Utc::now())
            .unwrap()
    };
    let known = asked("N1").await;
    assert_eq!(known.refund_amount, Some(Fen::new(3_00)));
    assert_eq!(known.out_request_no.as_deref(), Some("N1"));
    let unknown = asked("N2").await;
    assert_eq!(unknown.refund_amount, None, "10000 without amounts");
}

/// As they stand in the answers: who reads them may want any. (docs/protocol.md §12)
#[tokio::test]
async fn refund_notifications_carry_every_field() {
    let server = AlipayServer::start().await;
    let paid = server.trade("app", "F1", |trade| drop(trade.pay(now()).unwrap()));
    let (app_id, signer) = (server.merchant("app").app_id.clone().unwrap(), server.signer("app"));
    let (which, charset) = (TradeRef::OutTradeNo("F1"), Charset::Utf8);
    let told = async |form: Form| {
        let answer = server.ask(&form, charset).await;
        let mut json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let (_, node) = json.as_object_mut().unwrap().iter_mut().next().unwrap();
        node.take()
    };
    let refund = async |fen: i64, number: &str| {
        let amount = Fen::new(fen);
        let refund = TradeRefund { which, amount, out_request_no: number, reason: "不要了" };
        told(refund.openapi(&app_id, charset, now(), &signer).unwrap()).await
    };
    let first = refund(3_00, "N1").await;
    let at = first["gmt_refund_pay"].as_str().unwrap().to_owned();
    alipay::parse_beijing(&at).unwrap();
    let told_of = |changed: &str, fee: &str, back: &str, at: &str| {
        serde_json::json!({
            "code": "10000", "msg": "Success",
            "buyer_logon_id": "buy***@example.com", "buyer_user_id": "2088000000000001",
            "fund_change": changed, "gmt_refund_pay": at,
            "out_trade_no": "F1", "trade_no": paid.trade_no,
            "refund_detail_item_list": [{"amount": back, "fund_channel": "ALIPAYACCOUNT"}],
            "refund_fee": fee, "send_back_fee": back,
        })
    };
    assert_eq!(first, told_of("Y", "3.00", "3.00", &at));
    let second = refund(2_00, "N2").await;
    let later = second["gmt_refund_pay"].as_str().unwrap().to_owned();
    assert_eq!(second, told_of("Y", "5.00", "2.00", &later));
    // The first one's own time and amount, and the total of today.
    assert_eq!(refund(3_00, "N1").await, told_of("N", "5.00", "3.00", &at));

    let query = RefundQuery::openapi(&app_id, which, "N2", charset, now(), &signer).unwrap();
    let expected = serde_json::json!({
        "code": "10000", "msg": "Success", "gmt_refund_pay": later,
        "out_request_no": "N2", "out_trade_no": "F1", "trade_no": paid.trade_no,
        "refund_amount": "2.00", "refund_status": "REFUND_SUCCESS", "total_amount": "10.00",
    });
    assert_eq!(told(query).await, expected);
    let query = RefundQuery::openapi(&app_id, which, "N9", charset, now(), &signer).unwrap();
    assert_eq!(told(query).await, serde_json::json!({"code": "10000", "msg": "Success"}));
}

#[tokio::test]
async fn only_unpaid_trades_are_closed() {
    let server = AlipayServer::start().await;
    for (name, paid) in [("shop", "TRADE_STATUS_NOT_AVAILD"), ("app", "ACQ.TRADE_STATUS_ERROR")] {
        server.trade(name, "WAIT", |_| {});
        server.trade(name, "PAID", |trade| drop(trade.pay(now()).unwrap()));
        let merchant = server.merchant(name);
        let close = async |order: &str| {
            let (which, signer) = (TradeRef::OutTradeNo(order), server.signer(name));
            let charset = Charset::Utf8;
            let form = match &merchant.app_id {
                None => {
                    TradeClose::mapi(merchant.partner.as_deref().unwrap(), which, charset, &signer)
                }
                Some(app_id) => TradeClose::openapi(app_id, which, charset, now(), &signer),
            };
            let answer = server.ask(&form.unwrap(), charset).await;
            CloseAnswer::read(
                &answer.body,
                merchant.protocol,
                charset,
                &merchant.verifier,
                Utc::now(),
            )
        };
        assert_eq!(close("WAIT").await, Ok(CloseAnswer::Closed));
        assert_eq!(server.kept(name, "WAIT").unwrap().trade.status, Status::TradeClosed);
        assert_eq!(close("NONE").await, Ok(CloseAnswer::NotExist));
        assert_eq!(code(close("PAID").await), paid);
    }
}

#[tokio::test]
async fn a_legacy_batch_waits_for_the_payment_password() {
    testkit::clock::wait_past_midnight();
    let server = AlipayServer::start().await;
    let shop = NotifyServer::start(|_, _| (200, "success")).await;
    let paid = server.trade("gbk", "B1", |trade| drop(trade.pay(now()).unwrap()));
    let wait = server.trade("gbk", "B2", |_| {});
    let other = server.trade("shop", "B3", |trade| drop(trade.pay(now()).unwrap()));
    let item =
        |trade_no, fen| PlatformRefundItem { trade_no, amount: Fen::new(fen), reason: "退款" };
    let items = [
        item(paid.trade_no.as_str(), 4_00),
        item(&wait.trade_no, 1_00),
        item(&other.trade_no, 1_00),
        item("2026112322001000000000000000", 1_00),
    ];
    let notify = shop.url.to_string();
    let refund = PlatformRefund { serial: "001", items: &items, notify_url: Some(&notify) };
    let merchant = server.merchant("gbk");
    let seller = merchant.seller_id.as_deref().unwrap();
    let (charset, today) = (Charset::Gbk, chrono::Utc::now());
    let sign = |refund: &PlatformRefund<'_>, at| {
        refund.mapi(seller, seller, charset, at, &server.signer("gbk")).unwrap()
    };
    let form = sign(&refund, today);
    let asked = server.get(&link("/gateway.do", &form)).await;
    let page = asked.location.unwrap();
    assert!(server.get(&page).await.text().contains("退款"), "the reason, from GBK");
    assert_eq!(server.post(&page, "password=").await.status, 400);
    assert_eq!(server.kept("gbk", "B1").unwrap().trade.refunded(), Fen::new(0));
    assert_eq!(server.post(&page, "password=x").await.status, 200);
    assert_eq!(server.post(&page, "password=x").await.status, 404, "once");
    assert_eq!(server.kept("gbk", "B1").unwrap().trade.refunded(), Fen::new(4_00));
    assert_eq!(server.kept("shop", "B3").unwrap().trade.refunded(), Fen::new(0));

    let batch = shop.wait_for(1).await.pop().expect("a batch_refund_notify");
    merchant.verifier.verify(&batch, &[], Utc::now()).unwrap();
    let read = Notification::read(&batch, merchant.protocol, charset).unwrap();
    let Notification::BatchRefund(read) = read else { panic!("no batch") };
    assert_eq!(read.batch_no, refund.batch_no(today));
    let details = String::from_utf8(batch.get("result_details").unwrap().to_vec()).unwrap();
    let codes: Vec<&str> = details.split('#').map(|it| it.rsplit('^').next().unwrap()).collect();
    let not_ours = "NOT_THIS_PARTNERS_TRADE";
    assert_eq!(codes, ["SUCCESS", "TRADE_STATUS_ERROR", not_ours, not_ours]);

    let refused = async |form: &Form, code: &str| {
        let answer = server.get(&link("/gateway.do", form)).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(code), "{code}: {}", answer.text());
    };
    refused(&form, "DUPLICATE_BATCH_NO").await;
    let yesterday =
        sign(&PlatformRefund { serial: "002", ..refund }, today - chrono::TimeDelta::days(1));
    refused(&yesterday, "REFUND_DATE_ERROR").await;
    let mut short = sign(&PlatformRefund { serial: "003", ..refund }, today);
    short.set("batch_num", "3");
    refused(&short, "ILLEGAL_SIGN").await;
    server.signer("gbk").sign_form(&mut short, alipay::Rule::DropEmpty).unwrap();
    refused(&short, "BATCH_NUM_NOT_EQUAL_TOTAL").await;
}

#[tokio::test]
async fn gateway_ids_and_timestamps_are_valid() {
    let server = AlipayServer::start().await;
    let said = server.trade("shop", "V1", |_| {});
    let said = {
        let mut trade = said;
        let said = trade.pay(now()).unwrap();
        server
            .trade_store
            .update::<_, simulator::TradeFileError>(|trades| {
                trades.of("shop", "V1")[0].notifications.push(said.clone());
                Ok(())
            })
            .unwrap();
        said
    };
    let partner = server.merchant("shop").partner.clone().unwrap();
    let verify = async |partner: &str, id: &str| {
        let form = NotifyVerify::mapi(partner, id.as_bytes());
        server.get(&link("/gateway.do", &form)).await.text()
    };
    assert_eq!(verify(&partner, &said.notify_id).await, "true");
    assert_eq!(verify(&partner, "20261123").await, "false");
    assert_eq!(verify(&partner, "").await, "invalid");
    assert_eq!(verify("2088999999999999", &said.notify_id).await, "invalid");
    let other = server.merchant("gbk").partner.clone().unwrap();
    assert_eq!(verify(&other, &said.notify_id).await, "false", "not that merchant's");

    let form = QueryTimestamp::mapi(&partner, Charset::Utf8);
    let answer = server.get(&link("/gateway.do", &form)).await.text();
    let (_, key) = answer.split_once("<encrypt_key>").unwrap();
    assert_eq!(key.split_once("</encrypt_key>").unwrap().0.len(), 32);
}
