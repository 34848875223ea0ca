//! Goods that wait for the gateway's confirmation.

use serde_json::json;

use crate::alipay_side::AlipaySide;

const ALWAYS: (&str, &str) = ("ALIPAY__MERCHANTS__APP__CONFIRM", "always");

#[test]
fn goods_wait_until_the_gateway_confirms() {
    let side = AlipaySide::new(5);
    let (gateway, address) = side.gateway(&[]);
    drop(gateway);
    let worker = side.worker(&address, &[ALWAYS]);
    side.place("app", "WAITS", "CODE");
    side.place("shop", "OTHER", "CODE");
    side.pays("app", "WAITS", &[]);
    side.pays("shop", "OTHER", &[]);
    // The other merchant's do not wait.
    side.world.expect("OTHER", |order| order["is_send_goods"] == true);
    let waits = side.world.expect("WAITS", |order| order["status"] == 8);
    assert_eq!(waits["is_send_goods"], false, "{waits}");
    let shown = side.world.pipeline.ops(&["order", "show", "WAITS"]).expect("ops order show");
    assert!(shown.contains("confirm requires the gateway's confirmation first"), "{shown}");
    side.world.pipeline.ops(&["audit"]).expect("nothing is missing: it waits");

    drop(worker);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[ALWAYS]);
    let order = side.world.expect("WAITS", |order| order["is_send_goods"] == true);
    assert_eq!(order["needs_review"], false, "{order}");
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_unknown_to_the_gateway_are_not_delivered() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[("ALIPAY__MERCHANTS__SHOP__CONFIRM", "9.99")]);
    // Somebody has the MD5 key: Alipay has no such trade.
    side.world.place_orders("F", 1);
    side.world.send(side.world.payment("F000001")).await;
    side.world.wait_for_count(
        "gateway_query WHERE order_id = 'F000001' AND why = 'confirm' AND answer = 'TRADE_NOT_EXIST'",
        1,
    );
    let order = side.world.pipeline.show("F000001").expect("ops order show");
    assert_eq!((&order["status"], &order["is_send_goods"]), (&json!(8), &json!(false)));
    assert_eq!(side.world.count("stock_item WHERE state <> 'available'"), 0);
    // An order that is not above the amount does not wait.
    side.world.place_orders("G", 1);
    side.world.sql("UPDATE user_order SET total_fee = 999 WHERE id = 'G000001'");
    let trade = simulator::AlipayTrade::open(
        &side.world.shop,
        "G000001",
        alipay::Fen::new(999),
        chrono::Utc::now(),
    );
    let mut trade = trade;
    side.world.send(trade.pay(chrono::Utc::now()).expect("a payment")).await;
    side.world.expect("G000001", |order| order["is_send_goods"] == true);
}

/// A forged payment must not block the buyer's own: the query names the order, not the trade that a
/// notification named.
#[tokio::test(flavor = "multi_thread")]
async fn the_buyers_own_payment_is_confirmed_after_a_forged_one() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[("ALIPAY__MERCHANTS__SHOP__CONFIRM", "always")]);
    side.place("shop", "BOTH", "CODE");
    side.world.send(side.world.payment("BOTH")).await;
    side.world.wait_for_count(
        "gateway_query WHERE order_id = 'BOTH' AND why = 'confirm' AND answer = 'TRADE_NOT_EXIST'",
        1,
    );
    let audit = side.world.pipeline.json(&["audit", "--grace", "0s"]).expect("a clean audit");
    assert_eq!(audit["waiting"][0]["kind"], "awaiting_confirmation", "{audit}");
    let status = side.world.pipeline.status().expect("ops status");
    assert_eq!(status["gateway_queries"]["confirming"], 1, "{status}");
    side.pays("shop", "BOTH", &[]);
    let order = side.world.expect("BOTH", |order| order["is_send_goods"] == true);
    assert_eq!(order["trades"].as_array().map(Vec::len), Some(2), "{order}");
    assert_eq!(order["reviews"][0]["reason"], "second_payment", "{order}");
}

/// The notification is doubtful, and the gateway confirms it: no person is needed.
#[tokio::test(flavor = "multi_thread")]
async fn a_doubtful_notification_is_confirmed_by_a_query() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[]);
    side.place("shop", "DOUBT", "CODE");
    side.place("shop", "FORGED", "CODE");
    side.pays("shop", "DOUBT", &["--drop"]);
    for order in ["DOUBT", "FORGED"] {
        let doubted = side.world.payment(order).with("z", "1&trade_status=WAIT_BUYER_PAY");
        side.world.send(doubted).await;
    }
    let order = side.world.expect("DOUBT", |order| order["is_send_goods"] == true);
    assert_eq!(order["needs_review"], false, "{order}");
    side.world.wait_for_count(
        "gateway_query WHERE order_id = 'FORGED' AND answer = 'TRADE_NOT_EXIST'",
        1,
    );
    assert_eq!(side.world.count("user_order WHERE id = 'FORGED' AND status = 0"), 1);
    assert_eq!(side.world.count("review"), 0);
}

/// The figures of docs/operating.md.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: prints what confirm adds"]
async fn measure_the_delay_of_confirm() {
    const ORDERS: usize = 50;
    for confirm in ["ambiguous", "always"] {
        let mut side = AlipaySide::new(ORDERS);
        let (_gateway, address) = side.gateway(&[]);
        let _worker = side.worker(&address, &[("ALIPAY__MERCHANTS__SHOP__CONFIRM", confirm)]);
        side.world.place_orders("T", ORDERS);
        let mut times = Vec::new();
        for number in 1..=ORDERS {
            let order = format!("T{number:06}");
            side.pays("shop", &order, &["--drop"]);
            let trade_no = side.trade_no("shop", &order);
            let payment = side.world.payment(&order).with("trade_no", trade_no);
            let since = std::time::Instant::now();
            side.world.send(payment).await;
            let delivered = format!("user_order WHERE id = '{order}' AND is_send_goods");
            side.world.wait_for_count(&delivered, 1);
            times.push(since.elapsed().as_millis());
        }
        times.sort_unstable();
        let [half, most, all] = [ORDERS / 2, ORDERS * 9 / 10, ORDERS - 1].map(|at| times[at]);
        println!(
            "confirm = {confirm:?}: half of {ORDERS} within {half} ms, nine of ten {most} ms, all {all} ms"
        );
    }
}
