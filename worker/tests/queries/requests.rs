//! Requests to query the gateway.

use chrono::Utc;
use queue::Envelope;
use testkit::Program;

use crate::alipay_side::{AlipaySide, UNPAID};

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_query_requests_make_one_query() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    side.place("app", "ASK", "CODE");
    side.pays("app", "ASK", &["--drop"]);
    let request = || Envelope::query_request("app", "ASK", "return_page", Utc::now());
    side.publish(std::iter::repeat_with(request).take(100)).await;
    let _worker = side.worker(&address, &[]);
    let _another = side.worker(&address, &[]);
    side.world.expect("ASK", |order| order["is_send_goods"] == true);
    let inbox = "notification WHERE kind = 'query_request' AND seen = 100 AND outcome = 'applied'";
    side.world.wait_for_count(inbox, 1);
    assert_eq!(side.world.count("gateway_query WHERE asked = 1"), 1);
    assert_eq!(side.world.count("notification WHERE kind = 'query_answer' AND seen = 1"), 1);

    // A request about an order that is not there waits for it; one for another merchant's is refused.
    side.publish([
        Envelope::query_request("app", "LATE", "ops", Utc::now()),
        Envelope::query_request("shop", "ASK", "ops", Utc::now()),
    ])
    .await;
    side.world.wait_for_count("notification WHERE reason = 'merchant_mismatch'", 1);
    assert_eq!(side.world.count("gateway_query WHERE order_id = 'LATE'"), 0);
    side.place("app", "LATE", "CODE");
    side.world.wait_for_count("gateway_query WHERE order_id = 'LATE' AND answer IS NOT NULL", 1);
    // Another request causes another query.
    side.publish([Envelope::query_request("app", "ASK", "ops", Utc::now())]).await;
    side.world.wait_for_count("gateway_query WHERE order_id = 'ASK' AND asked = 2", 1);
}

#[test]
fn two_workers_query_an_order_once() {
    let mut side = AlipaySide::new(60);
    let (_gateway, address) = side.gateway(&[]);
    side.world.place_orders("T", 50);
    for number in 1..=50 {
        side.pays("shop", &format!("T{number:06}"), &["--drop"]);
    }
    let _one = side.worker(&address, &[UNPAID]);
    let _two = side.worker(&address, &[UNPAID]);
    side.world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", 50);
    assert_eq!(side.world.count("notification WHERE kind = 'query_answer' AND seen = 1"), 50);
    assert_eq!(side.world.count("stock_item WHERE state = 'delivered'"), 50);
}

/// The buyer's browser and Alipay's server report the same payment, in either order and at once.
#[tokio::test(flavor = "multi_thread")]
async fn return_page_and_notification_at_once_deliver_once() {
    let mut side = AlipaySide::new(25);
    let (_gateway, address) = side.gateway(&[]);
    side.world.place_orders("B", 20);
    let mut workers = [side.worker(&address, &[]), side.worker(&address, &[])];
    let order = |number: u32| format!("B{number:06}");
    let returns = |numbers: std::ops::RangeInclusive<u32>| {
        let back =
            |number| Envelope::query_request("shop", &order(number), "return_page", Utc::now());
        numbers.flat_map(move |number| [back(number), back(number)])
    };

    // Both lie in the queue when the workers go on.
    workers.iter_mut().for_each(Program::pause);
    for number in 1..=10 {
        side.pays("shop", &order(number), &["--duplicate"]);
    }
    side.publish(returns(1..=10)).await;
    // Here the browser is first: the notification arrives during the query.
    for number in 11..=20 {
        side.pays("shop", &order(number), &["--drop"]);
    }
    side.publish(returns(11..=20)).await;
    workers.iter_mut().for_each(Program::resume);
    for number in 11..=20 {
        side.pays("shop", &order(number), &["--duplicate"]);
    }

    side.world.wait_for_count("gateway_query WHERE answer = 'TRADE_SUCCESS'", 20);
    side.world.wait_for_count("notification WHERE kind = 'query_answer'", 20);
    side.world.wait_for_count("notification WHERE kind = 'trade_status' AND seen >= 2", 20);
    assert_eq!(side.world.count("user_order WHERE status = 8 AND is_send_goods"), 20);
    assert_eq!(side.world.count("stock_item WHERE state = 'delivered'"), 20);
    assert_eq!(side.world.count("outbox WHERE event = 'order.paid'"), 20);
    assert_eq!(side.world.count("outbox WHERE event = 'order.delivered'"), 20);
    assert_eq!(side.world.count("review"), 0);
}
