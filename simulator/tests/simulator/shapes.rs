//! Notifications have the parameters of captured ones (tests/bodies), in their order.

use alipay::{Charset, Fen, Form};
use simulator::{MerchantIdentity, UnsignedNotification};

use crate::merchants::{mapi, openapi, time, trade};

/// The names of a captured raw body, in the order of the wire.
fn order_of(capture: &str) -> Vec<String> {
    let capture: serde_json::Value = serde_json::from_str(capture).unwrap();
    let form = Form::parse(capture["body"].as_str().unwrap().as_bytes()).unwrap();
    form.iter().map(|(name, _)| String::from_utf8(name.to_vec()).unwrap()).collect()
}

/// The names of captured parameters, whose order is lost, but for the merchant's own echo.
fn names_of(capture: &str) -> Vec<String> {
    let capture: serde_json::Value = serde_json::from_str(capture).unwrap();
    let names = capture["params"].as_object().unwrap().keys();
    sorted(names.filter(|name| *name != "passback_params").cloned().collect())
}

fn names(notification: &UnsignedNotification) -> Vec<String> {
    notification.parameters().map(|(name, _)| name.to_owned()).collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

const NOW: &str = "2026-11-23 12:01:00";

#[test]
fn a_legacy_payment_has_alipays_fields() {
    let paid = trade(&mapi()).pay(time(NOW)).unwrap();
    let capture = include_str!("../bodies/20-legacy-md5-notify-19min.json");
    assert_eq!(names(&paid), order_of(capture));
}

#[test]
fn a_legacy_full_refund_has_alipays_fields() {
    let mut trade = trade(&mapi());
    trade.pay(time(NOW)).unwrap();
    let refund = trade.refund(Fen::new(10_00), None, time(NOW)).unwrap();
    let capture = include_str!("../bodies/11-legacy-full-refund.json");
    assert_eq!(sorted(names(&refund.sync)), names_of(capture));
    let capture = include_str!("../bodies/01-batch-refund-raw.json");
    assert_eq!(names(&refund.batch.unwrap()), order_of(capture));
}

#[test]
fn an_openapi_payment_has_alipays_fields() {
    let gbk = openapi().with_charset(Charset::Gbk);
    let paid = trade(&gbk).pay(time(NOW)).unwrap();
    let capture = include_str!("../bodies/22-open-gbk-raw.json");
    assert_eq!(names(&paid), order_of(capture));
    assert_eq!(paid.parameter("charset"), Some("GBK"));
}

#[test]
fn openapi_refunds_have_alipays_fields() {
    let mut trade = trade(&openapi());
    trade.pay(time(NOW)).unwrap();
    let part = trade.refund(Fen::new(3_00), Some("R1"), time(NOW)).unwrap();
    let capture = include_str!("../bodies/24-open-partial-refund-final-retry.json");
    assert_eq!(sorted(names(&part.sync)), names_of(capture));
    assert_eq!(part.batch, None);
    let rest = trade.refund(Fen::new(7_00), Some("R2"), time(NOW)).unwrap();
    let capture = include_str!("../bodies/32-open-seq-2-full-refund.json");
    // This capture came without its signature.
    let unsigned = rest.sync.without("sign").without("sign_type");
    assert_eq!(sorted(names(&unsigned)), names_of(capture));
}

#[test]
fn an_openapi_unpaid_close_has_alipays_fields() {
    let closed = trade(&openapi()).close(time(NOW)).unwrap();
    let capture = include_str!("../bodies/29-open-timeout-close.json");
    assert_eq!(sorted(names(&closed)), names_of(capture));
    assert_eq!(closed.parameter("refund_fee"), Some("0.00"));
}

#[test]
fn numbers_have_alipays_format() {
    for merchant in [mapi(), openapi()] {
        let mut trade = trade(&merchant);
        assert_eq!(trade.trade_no.len(), 28);
        assert!(trade.trade_no.starts_with("20261123"));
        let waiting = trade.wait(time(NOW)).unwrap();
        let paid = trade.pay(time(NOW)).unwrap();
        for notification in [&waiting, &paid] {
            assert_eq!(notification.notify_id.len(), 34);
            assert!(notification.notify_id.bytes().all(|digit| digit.is_ascii_digit()));
            assert!(notification.notify_id.starts_with("2026112300222120100"));
        }
        assert_ne!(waiting.notify_id, paid.notify_id, "two events in one second");
    }
}

#[test]
fn numbers_begin_with_the_date_in_beijing() {
    // 23:30 UTC on the 22nd.
    let at = time("2026-11-23 07:30:00");
    let trade = simulator::AlipayTrade::open(&MerchantIdentity::mapi("2088"), "A", Fen::new(1), at);
    assert!(trade.trade_no.starts_with("20261123"));
}
