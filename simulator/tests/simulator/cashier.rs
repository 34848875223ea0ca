//! A pay link, the cashier, its notifications, and the return to the merchant.

use std::collections::BTreeMap;

use alipay::{
    Charset, Fen, Form, Notification, NotifyVerify, Payment, Protocol, TradeStatus, link,
};
use chrono::Utc;
use simulator::{Fault, RepeatSchedule, SendSettings, ServeSettings, Status};
use testkit::until_async;

use crate::alipay_server::{AlipayServer, Read};
use crate::notify_server::NotifyServer;

const SUBJECT: &str = "点卡 <b>\"'</b> 100%";

fn pay_form(
    server: &AlipayServer,
    (name, order): (&str, &str),
    total: i64,
    charset: Charset,
    notify: Option<&str>,
) -> Form {
    let merchant = server.merchant(name);
    let payment = Payment {
        out_trade_no: order,
        subject: SUBJECT,
        total: Fen::new(total),
        notify_url: notify,
        return_url: Some("http://shop.example/done"),
        more: match merchant.protocol {
            Protocol::Mapi => &[("extra_common_param", "echo 回")],
            Protocol::Openapi => &[("passback_params", "echo%3D1")],
        },
        nested: &[],
    };
    server.pay_form(name, &payment, charset)
}

/// Follows a pay link to the cashier; returns the cashier's path.
async fn open(server: &AlipayServer, form: &Form) -> String {
    let answer = server.get(&link("/gateway.do", form)).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let cashier = answer.location.unwrap();
    assert!(cashier.starts_with("/cashier/"), "{cashier}");
    cashier
}

async fn friendly() -> NotifyServer {
    NotifyServer::start(|_, _| (200, "success")).await
}

#[tokio::test]
async fn a_buyer_pays_in_every_protocol_and_charset() {
    let server = AlipayServer::start().await;
    for (name, charset) in [
        ("shop", Charset::Utf8),
        // In the request's charset, not the configured one. (docs/protocol.md §2)
        ("shop", Charset::Gbk),
        ("gbk", Charset::Gbk),
        ("rsa", Charset::Utf8),
        ("app", Charset::Utf8),
        ("app", Charset::Gbk),
    ] {
        let shop = friendly().await;
        let order = format!("P-{name}-{charset}");
        let notify = shop.url.to_string();
        let form = pay_form(&server, (name, &order), 10_00, charset, Some(&notify));
        let cashier = open(&server, &form).await;
        let page = server.get(&cashier).await;
        assert_eq!(page.status, 200);
        let text = page.text();
        assert!(text.contains("点卡 &lt;b&gt;&quot;&#39;&lt;/b&gt; 100%"), "{text}");
        assert!(!text.contains("<b>&"), "{text}");
        // The same link again leads to the same trade.
        assert_eq!(open(&server, &form).await, cashier);

        let paid = server.post(&format!("{cashier}/pay"), "fault=").await;
        assert_eq!(paid.status, 303, "{}", paid.text());
        let merchant = server.merchant(name);
        check_return(&server, name, charset, &paid.location.unwrap());

        let said = shop.wait_for(1).await.remove(0);
        merchant.verifier.verify(&said, &[], Utc::now()).unwrap();
        let charset = Charset::of(&said, charset).unwrap();
        let read = Notification::read(&said, merchant.protocol, charset).unwrap();
        let Notification::Trade(read) = read else { panic!("{name}: no trade") };
        assert_eq!(read.out_trade_no, order);
        assert_eq!(read.trade_status, TradeStatus::TradeSuccess);
        assert_eq!(charset.decode(said.get("subject").unwrap()).unwrap(), SUBJECT);
        let echo = said.get("passback_params").or(said.get("extra_common_param")).unwrap();
        let expected = if name == "app" { "echo%3D1" } else { "echo 回" };
        assert_eq!(charset.decode(echo).unwrap(), expected);

        let again = server.post(&format!("{cashier}/pay"), "").await;
        assert_eq!(again.status, 409, "paid once");
        assert_eq!(server.get(&link("/gateway.do", &form)).await.status, 400);
    }
}

/// The return page's parameters verify with the merchant's own verifier.
fn check_return(server: &AlipayServer, name: &str, charset: Charset, url: &str) {
    let (address, query) = url.split_once('?').unwrap();
    assert_eq!(address, "http://shop.example/done");
    let form = Form::parse(query.as_bytes()).unwrap();
    let merchant = server.merchant(name);
    merchant.verifier.verify(&form, &[], Utc::now()).unwrap();
    match merchant.protocol {
        Protocol::Mapi => {
            assert_eq!(form.get("is_success"), Some(&b"T"[..]));
            let subject = charset.decode(form.get("subject").unwrap()).unwrap();
            assert_eq!(subject, SUBJECT);
            // Encoded twice on the wire. (docs/protocol.md §4)
            let id = String::from_utf8(form.get("notify_id").unwrap().to_vec()).unwrap();
            assert!(id.contains("%2F") && query.contains("%252F"), "{id}");
        }
        Protocol::Openapi => {
            // It proves a redirect, not a payment. (docs/protocol.md §10)
            assert_eq!(form.get("trade_status"), None);
            assert_eq!(form.get("notify_id"), None);
            assert_eq!(form.get("method"), Some(&b"alipay.trade.page.pay.return"[..]));
        }
    }
}

#[tokio::test]
async fn a_buyer_can_leave_and_return_to_pay() {
    let server = AlipayServer::start().await;
    let cashier =
        open(&server, &pay_form(&server, ("app", "L1"), 10_00, Charset::Utf8, None)).await;
    let left = server.post(&format!("{cashier}/leave"), "").await;
    assert_eq!(left.status, 200);
    assert!(left.text().contains(&cashier), "a way back");
    assert_eq!(server.kept("app", "L1").unwrap().trade.status, Status::WaitBuyerPay);
    // Without a notify URL the payment is made, and nothing is sent.
    assert_eq!(server.post(&format!("{cashier}/pay"), "").await.status, 303);
    let trade = cashier.replace("/cashier/", "/trades/");
    let page = server.get(&trade).await.text();
    assert!(page.contains("No address"), "{page}");
}

#[tokio::test]
async fn invalid_pay_links_are_refused() {
    let server = AlipayServer::start().await;
    let refused = async |answer: Read, code: &str| {
        assert_eq!(answer.status, 400, "{code}");
        assert!(answer.text().contains(code), "{code}: {}", answer.text());
    };
    for (name, forged, taken, total) in [
        ("shop", "ILLEGAL_SIGN", "TRADE_TOTALFEE_NOT_MATCH", "total_fee"),
        ("app", "isv.invalid-signature", "ACQ.CONTEXT_INCONSISTENT", "biz_content"),
    ] {
        let mut form = pay_form(&server, (name, "W1"), 10_00, Charset::Utf8, None);
        let cheaper = String::from_utf8(form.get(total).unwrap().to_vec()).unwrap();
        form.set(total, cheaper.replace("10.00", "0.01"));
        refused(server.get(&link("/gateway.do", &form)).await, forged).await;
        assert_eq!(server.kept(name, "W1").map(|_| ()), None);

        open(&server, &pay_form(&server, (name, "W2"), 10_00, Charset::Utf8, None)).await;
        let other = pay_form(&server, (name, "W2"), 11_00, Charset::Utf8, None);
        refused(server.get(&link("/gateway.do", &other)).await, taken).await;
        // An address that is no web page.
        let bad =
            pay_form(&server, (name, "W3"), 10_00, Charset::Utf8, Some("javascript:alert(1)"));
        let code = if name == "shop" { "ILLEGAL_ARGUMENT" } else { "ACQ.INVALID_PARAMETER" };
        refused(server.get(&link("/gateway.do", &bad)).await, code).await;
    }
}

#[tokio::test]
async fn refused_notifications_are_repeated_and_shown() {
    let sending =
        SendSettings { schedule: RepeatSchedule::alipay(24_000), ..SendSettings::default() };
    let settings = ServeSettings { sending, ..ServeSettings::default() };
    let server = AlipayServer::with(settings).await;
    let shop = NotifyServer::start(|_, number| match number {
        0 => (200, "success\n"),
        1 => (500, "<script>alert(1)</script>"),
        _ => (200, "success"),
    })
    .await;
    let notify = shop.url.to_string();
    let form = pay_form(&server, ("shop", "R1"), 10_00, Charset::Utf8, Some(&notify));
    let cashier = open(&server, &form).await;
    server.post(&format!("{cashier}/pay"), "").await;
    let said = shop.wait_for(3).await;
    for repeat in &said {
        assert_eq!(repeat.get("notify_id"), said[0].get("notify_id"));
        server.merchant("shop").verifier.verify(repeat, &[], Utc::now()).unwrap();
    }
    let trade = cashier.replace("/cashier/", "/trades/");
    let page = until(&server, &trade, "200 success (").await;
    assert!(page.contains("200 success\\n"), "what is not exactly success shows why: {page}");
    assert!(page.contains("500 &lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    assert!(!page.contains("<script"), "{page}");

    // Its id is no longer valid: the merchant has answered `success`. (docs/protocol.md §6)
    let id = String::from_utf8(said[0].get("notify_id").unwrap().to_vec()).unwrap();
    let partner = server.merchant("shop").partner.clone().unwrap();
    let verify = link("/gateway.do", &NotifyVerify::mapi(&partner, id.as_bytes()));
    assert_eq!(server.get(&verify).await.text(), "false");

    // Resent by hand: the same event.
    let resent = server.post(&format!("{trade}/resend"), format!("fault=&notify_id={id}")).await;
    assert_eq!(resent.location.as_deref(), Some(trade.as_str()));
    assert_eq!(shop.wait_for(4).await[3].get("notify_id"), said[0].get("notify_id"));
}

/// Reads a page until it shows a text.
async fn until(server: &AlipayServer, path: &str, text: &str) -> String {
    until_async(&format!("{path} with {text}"), async || {
        server.get(path).await.text().contains(text)
    })
    .await;
    server.get(path).await.text()
}

#[tokio::test]
async fn faults_can_be_chosen_on_the_page() {
    let server = AlipayServer::start().await;
    let shop = friendly().await;
    let notify = shop.url.to_string();
    let pay = async |order: &str, fault: Fault| {
        let before = shop.received().len();
        let form = pay_form(&server, ("app", order), 10_00, Charset::Utf8, Some(&notify));
        let cashier = open(&server, &form).await;
        let paid = server.post(&format!("{cashier}/pay"), format!("fault={}", fault.name())).await;
        assert_eq!(paid.status, 303);
        (cashier.replace("/cashier/", "/trades/"), before)
    };
    let verifier = &server.merchant("app").verifier;
    let (_, before) = pay("F1", Fault::Duplicate).await;
    assert_eq!(shop.wait_for(before + 2).await.len(), before + 2);
    let (_, before) = pay("F2", Fault::Corrupt).await;
    verifier.verify(&shop.wait_for(before + 1).await[before], &[], Utc::now()).unwrap_err();
    let (_, before) = pay("F3", Fault::WrongAmount).await;
    let wrong = shop.wait_for(before + 1).await[before].clone();
    verifier.verify(&wrong, &[], Utc::now()).unwrap();
    assert_eq!(wrong.get("total_amount"), Some(&b"0.01"[..]));
    let (_, before) = pay("F4", Fault::WrongApp).await;
    let wrong = shop.wait_for(before + 1).await[before].clone();
    verifier.verify(&wrong, &[], Utc::now()).unwrap();
    assert_ne!(
        wrong.get("app_id").unwrap(),
        server.merchant("app").app_id.clone().unwrap().as_bytes()
    );
    let (_, before) = pay("F5", Fault::Gbk).await;
    let gbk = shop.wait_for(before + 1).await[before].clone();
    verifier.verify(&gbk, &[], Utc::now()).unwrap();
    assert_eq!(Charset::Gbk.decode(gbk.get("subject").unwrap()).unwrap(), SUBJECT);
    let (_, before) = pay("F6", Fault::SlowBody).await;
    verifier.verify(&shop.wait_for(before + 1).await[before], &[], Utc::now()).unwrap();
    // Lost: the payment was made without a notification.
    let (trade, before) = pay("F7", Fault::Drop).await;
    let page = until(&server, &trade, "drop</b>").await;
    assert!(page.contains("TRADE_SUCCESS"), "{page}");
    assert_eq!(shop.received().len(), before);
    assert_eq!(server.kept("app", "F7").unwrap().trade.status, Status::TradeSuccess);
    let unknown = server.post(&format!("{trade}/finish"), "fault=earthquake").await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn drop_at_100_percent_sends_no_notification() {
    let faults = BTreeMap::from([(Fault::Drop, 100)]);
    let sending = SendSettings { faults, ..SendSettings::default() };
    let server = AlipayServer::with(ServeSettings { sending, ..ServeSettings::default() }).await;
    let shop = friendly().await;
    let notify = shop.url.to_string();
    let form = pay_form(&server, ("app", "S1"), 10_00, Charset::Utf8, Some(&notify));
    let cashier = open(&server, &form).await;
    server.post(&format!("{cashier}/pay"), "").await;
    until(&server, &cashier.replace("/cashier/", "/trades/"), "drop</b>").await;
    assert!(shop.received().is_empty());
}

#[tokio::test]
async fn the_trade_page_performs_every_step() {
    let server = AlipayServer::start().await;
    let shop = friendly().await;
    let notify = shop.url.to_string();
    let form = pay_form(&server, ("shop", "T1"), 10_00, Charset::Utf8, Some(&notify));
    let trade = open(&server, &form).await.replace("/cashier/", "/trades/");
    let status = || server.kept("shop", "T1").unwrap().trade.status;
    for (step, body, expected) in [
        ("refund", "amount=1.00", 409),
        ("pay", "", 303),
        ("close", "", 409),
        ("refund", "amount=", 400),
        ("refund", "amount=10.01", 409),
        ("refund", "amount=3.00", 303),
        ("resend", "notify_id=nothing", 303),
    ] {
        let answer = server.post(&format!("{trade}/{step}"), body).await;
        assert_eq!(answer.status, expected, "{step} {body}: {}", answer.text());
    }
    // The payment, the refund's sync and its batch.
    let said = shop.wait_for(3).await;
    assert!(said.iter().any(|form| form.get("result_details").is_some()));
    assert_eq!(status(), Status::TradeSuccess);
    assert_eq!(server.post(&format!("{trade}/finish"), "").await.status, 303);
    assert_eq!(status(), Status::TradeFinished);
    let list = server.get("/").await.text();
    assert!(list.contains(&trade) && list.contains("TRADE_FINISHED"), "{list}");
}
