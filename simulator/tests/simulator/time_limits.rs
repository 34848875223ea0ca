//! Trades that are not paid in time.

use alipay::{
    Charset, CloseAnswer, Form, QueryAnswer, TradeClose, TradeQuery, TradeRef, TradeStatus,
    format_beijing, link,
};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use simulator::{Clock, KeptTrade, ServeSettings, Status, TradeFile, TradeStore};
use testkit::until_async;

use crate::alipay_server::{AlipayServer, now};
use crate::notify_server::NotifyServer;

/// Opens a pay link; returns the cashier's path.
async fn open(server: &AlipayServer, form: &Form) -> String {
    let answer = server.get(&link("/gateway.do", form)).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.location.unwrap()
}

fn kept(server: &AlipayServer, name: &str, order: &str) -> KeptTrade {
    server.kept(name, order).unwrap()
}

async fn with_clock() -> (AlipayServer, Clock) {
    let clock = Clock::default();
    let settings = ServeSettings { clock: clock.clone(), ..ServeSettings::default() };
    (AlipayServer::with(settings).await, clock)
}

fn beijing(time: DateTime<Utc>) -> String {
    format_beijing(time.trunc_subsecs(0))
}

#[tokio::test]
async fn every_time_limit_parameter_is_applied() {
    let (server, clock) = with_clock().await;
    let absolute = beijing(clock.now() + TimeDelta::minutes(30));
    let both = [("timeout_express", "1m"), ("time_expire", absolute.as_str())];
    for (name, order, more, minutes) in [
        ("shop", "T1", &[("it_b_pay", "90m")][..], 90),
        ("shop", "T2", &[], 15 * 24 * 60),
        ("app", "T3", &[("timeout_express", "2h")], 120),
        ("app", "T4", &[("time_expire", absolute.as_str())], 30),
        ("app", "T5", &both, 30),
        ("app", "T6", &[], 15 * 24 * 60),
    ] {
        let cashier = open(&server, &server.pay_form_with(name, order, more)).await;
        let until = kept(&server, name, order).trade.pay_until.unwrap();
        let off = until - (clock.now() + TimeDelta::minutes(minutes));
        assert!(off.abs() < TimeDelta::seconds(30), "{order}: {off}");
        let page = server.get(&cashier).await.text();
        assert!(page.contains(&beijing(until)), "{page}");
    }
    // The trade's limit stays when its link is opened again.
    let longer = server.pay_form_with("shop", "T1", &[("it_b_pay", "15d")]);
    let before = kept(&server, "shop", "T1").trade.pay_until;
    open(&server, &longer).await;
    assert_eq!(kept(&server, "shop", "T1").trade.pay_until, before);

    let over = beijing(clock.now() - TimeDelta::seconds(1));
    for (name, more, code) in [
        ("shop", ("it_b_pay", "1.5h"), "ILLEGAL_ARGUMENT"),
        ("shop", ("it_b_pay", "16d"), "ILLEGAL_ARGUMENT"),
        ("app", ("timeout_express", "30"), "ACQ.INVALID_PARAMETER"),
        ("app", ("time_expire", "tomorrow"), "ACQ.INVALID_PARAMETER"),
        ("app", ("time_expire", over.as_str()), "ACQ.INVALID_PARAMETER"),
    ] {
        let form = server.pay_form_with(name, "T9", &[more]);
        let answer = server.get(&link("/gateway.do", &form)).await;
        assert_eq!(answer.status, 400, "{more:?}");
        assert!(answer.text().contains(code), "{more:?}: {}", answer.text());
        assert_eq!(server.kept(name, "T9"), None);
    }
}

#[tokio::test]
async fn a_payment_after_the_limit_is_refused() {
    let (server, clock) = with_clock().await;
    for (name, limit) in [("shop", "it_b_pay"), ("app", "timeout_express")] {
        let form = server.pay_form_with(name, "LATE", &[(limit, "5m")]);
        let cashier = open(&server, &form).await;
        let in_time = open(&server, &server.pay_form_with(name, "PAID", &[(limit, "5m")])).await;
        assert_eq!(server.post(&format!("{in_time}/pay"), "").await.status, 200, "paid");
        clock.advance(TimeDelta::minutes(5));
        let late = server.post(&format!("{cashier}/pay"), "").await;
        assert_eq!(late.status, 409, "{}", late.text());
        let page = server.get(&cashier).await.text();
        assert!(page.contains("Not paid in time"), "{page}");

        let trade = kept(&server, name, "LATE").trade;
        assert_eq!(trade.status, Status::TradeClosed);
        assert_eq!((trade.gmt_close, trade.gmt_payment), (trade.pay_until, None));
        assert_eq!(kept(&server, name, "PAID").trade.status, Status::TradeSuccess);
        // Its link opens nothing new: the number is used up.
        let again = server.get(&link("/gateway.do", &form)).await;
        assert_eq!(again.status, 400, "{}", again.text());
        assert!(again.text().contains("TRADE_HAS_CLOSE"), "{}", again.text());
    }
    assert_eq!(query(&server, "LATE").await, Some(TradeStatus::TradeClosed));
}

async fn query(server: &AlipayServer, order: &str) -> Option<TradeStatus> {
    let merchant = server.merchant("app");
    let (app_id, which) = (merchant.app_id.as_deref().unwrap(), TradeRef::OutTradeNo(order));
    let form =
        TradeQuery::openapi(app_id, which, Charset::Utf8, now(), &server.signer("app")).unwrap();
    let answer = server.ask(&form, Charset::Utf8).await;
    let (charset, verifier) = (Charset::Utf8, &merchant.verifier);
    let read =
        QueryAnswer::read(&answer.body, merchant.protocol, charset, verifier, Utc::now()).unwrap();
    match read {
        QueryAnswer::Trade(trade) => Some(trade.trade_status),
        QueryAnswer::NotExist => None,
    }
}

/// A timeout is notified for a phone page, and not for a computer's page or the legacy gateway, as documents
/// say; unless the server is told to. (docs/protocol.md §8.1, §8.3)
#[tokio::test]
async fn timeouts_are_notified_only_for_phone_pages() {
    for (tell_timeouts, expected) in [(false, &["PHONE"][..]), (true, &["LEGACY", "PAGE", "PHONE"])]
    {
        let shop = NotifyServer::start(|_, _| (200, "success")).await;
        let clock = Clock::default();
        let settings =
            ServeSettings { clock: clock.clone(), tell_timeouts, ..ServeSettings::default() };
        let server = AlipayServer::with(settings).await;
        let notify = shop.url.to_string();
        let more = [("it_b_pay", "1m"), ("timeout_express", "1m")];
        for (name, order) in [("shop", "LEGACY"), ("app", "PAGE"), ("app", "PHONE")] {
            let mut form = server.pay_form_with(name, order, &more);
            form.set("notify_url", notify.as_str());
            let rule = match name {
                "shop" => alipay::Rule::DropEmpty,
                _ => alipay::Rule::Request,
            };
            if order == "PHONE" {
                form.set("method", "alipay.trade.wap.pay");
            }
            server.signer(name).sign_form(&mut form, rule).unwrap();
            open(&server, &form).await;
        }
        // Nobody asks: the server looks by itself.
        clock.advance(TimeDelta::minutes(1));
        let told = async || {
            let mut orders: Vec<String> = Vec::new();
            for said in shop.received() {
                orders.push(String::from_utf8(said.get("out_trade_no").unwrap().to_vec()).unwrap());
                assert_eq!(said.get("trade_status"), Some(&b"TRADE_CLOSED"[..]));
                assert_eq!(said.get("gmt_payment"), None);
            }
            orders.sort();
            orders
        };
        until_async("all are closed", async || {
            [("shop", "LEGACY"), ("app", "PAGE"), ("app", "PHONE")]
                .iter()
                .all(|(name, order)| kept(&server, name, order).trade.status == Status::TradeClosed)
        })
        .await;
        shop.wait_for(expected.len()).await;
        assert_eq!(told().await, expected);
        assert_eq!(kept(&server, "app", "PAGE").notifications.len(), usize::from(tell_timeouts));
    }
}

#[tokio::test]
async fn time_limits_are_kept_across_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let trade_store = || TradeStore::of_file(TradeFile::new(folder.path().join("trades.json")));
    let clock = Clock::default();
    let settings = ServeSettings { clock: clock.clone(), ..ServeSettings::default() };
    let first = AlipayServer::serving(settings.clone(), trade_store()).await;
    open(&first, &first.pay_form_with("shop", "T1", &[("it_b_pay", "5m")])).await;
    drop(first);
    clock.advance(TimeDelta::minutes(6));
    let second = AlipayServer::serving(settings, trade_store()).await;
    assert_eq!(second.get("/").await.status, 200);
    assert_eq!(kept(&second, "shop", "T1").trade.status, Status::TradeClosed);
}

/// A page that nobody has opened is no trade yet: the close says so, and the link stays good.
/// (docs/protocol.md §12)
#[tokio::test]
async fn an_unknown_trade_is_not_closed() {
    let (server, _) = with_clock().await;
    for name in ["shop", "app"] {
        let form = server.pay_form_with(name, "LINK", &[]);
        let (merchant, signer) = (server.merchant(name), server.signer(name));
        let (which, charset) = (TradeRef::OutTradeNo("LINK"), Charset::Utf8);
        let close = match &merchant.app_id {
            None => TradeClose::mapi(merchant.partner.as_deref().unwrap(), which, charset, &signer),
            Some(app_id) => TradeClose::openapi(app_id, which, charset, now(), &signer),
        };
        let answer = server.ask(&close.unwrap(), charset).await;
        let (protocol, verifier) = (merchant.protocol, &merchant.verifier);
        let read = CloseAnswer::read(&answer.body, protocol, charset, verifier, Utc::now());
        assert_eq!(read, Ok(CloseAnswer::NotExist), "{name}");
        let cashier = open(&server, &form).await;
        assert_eq!(server.post(&format!("{cashier}/pay"), "").await.status, 200);
        assert_eq!(kept(&server, name, "LINK").trade.status, Status::TradeSuccess);
    }
}
