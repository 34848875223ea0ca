//! All three kinds of product, restocking, events.

use chrono::{TimeDelta, Utc};
use simulator::AlipayTrade;
use testkit::until;

use crate::world::{TOTAL, World};

#[tokio::test(flavor = "multi_thread")]
async fn goods_of_every_kind_are_delivered_and_taken_back() {
    let mut world = World::new(5);
    let _worker = world.worker();
    world
        .pipeline
        .add_product("VIP", "vip", &["--kind", "subscription", "--days", "30"])
        .expect("product");
    world.pipeline.add_product("HAND", "hand", &["--kind", "manual"]).expect("product");
    for (id, product) in [("S", "CODE"), ("V", "VIP"), ("H", "HAND")] {
        world.pipeline.order(id, "shop", product).expect("an order");
        let mut trade = world.trade(id);
        world.send(trade.pay(Utc::now()).expect("a payment")).await;
        let state = if id == "H" { "awaiting_manual" } else { "delivered" };
        world.expect(id, |order| order["fulfillment"]["state"] == state);
        if id == "H" {
            // A person is asked to deliver it.
            world.expect(id, |order| order["needs_review"] == true);
        }
        // The batch reports the change first; the following sync adds only the close.
        let refund = trade.refund(TOTAL, None, Utc::now()).expect("a refund");
        world.send(refund.batch.expect("a legacy refund has a batch")).await;
        let order = world.expect(id, |order| order["status"] == 105);
        let story = order["story"].as_array().expect("a story");
        let batch = story.iter().find(|told| told["kind"] == "batch_refund").expect("told");
        let facts = batch["facts_added"].as_array().expect("facts");
        assert!(facts.contains(&"refunded_in_full".into()), "{batch:#}");
        world.send(refund.sync).await;
        let state = if id == "H" { "cancelled" } else { "returned" };
        world.expect(id, |order| {
            order["status"] == 105
                && order["fulfillment"]["state"] == state
                && order["needs_review"] == false
        });
    }
    assert_eq!(world.count("entitlement"), 0);
    assert_eq!(world.count("stock_item WHERE state = 'returned'"), 1);
    // One event each, in the outbox and out of it.
    world.wait_for_count("outbox WHERE published_at IS NOT NULL", 4 + 4 + 3);
    assert_eq!(world.count("outbox WHERE published_at IS NULL"), 0);
    // In the order in which they happened: `order.paid` comes before `order.delivered`.
    let in_turn = "outbox AS paid JOIN outbox AS delivered ON delivered.order_id = paid.order_id \
                   AND delivered.id > paid.id \
                   WHERE paid.event = 'order.paid' AND delivered.event = 'order.delivered'";
    assert_eq!(world.count(in_turn), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_stock_goes_to_the_earliest_payment() {
    let mut world = World::new(0);
    let _worker = world.worker();
    world.place_orders("W", 5);
    // Paid in the opposite order of their numbers.
    let mut trades = Vec::new();
    for number in (1..=5_i64).rev() {
        let id = format!("W{number:06}");
        let paid = Utc::now() - TimeDelta::minutes(number);
        let mut trade = AlipayTrade::open(&world.shop, id.as_str(), TOTAL, paid);
        world.send(trade.pay(paid).expect("a payment")).await;
        trades.push(trade);
    }
    world.wait_for_count("fulfillment WHERE state = 'awaiting_stock'", 5);
    // One of them is refunded while it waits: it gets nothing.
    let refund = trades[0].refund(TOTAL, None, Utc::now()).expect("a refund");
    world.send(refund.sync).await;
    world.expect("W000005", |order| order["fulfillment"]["state"] == "cancelled");

    world.pipeline.import("CODE", &["N1".to_owned(), "N2".to_owned()]).expect("stock");
    world.wait_for_count("fulfillment WHERE state = 'delivered'", 2);
    let served = "user_order WHERE is_send_goods AND id IN ('W000004', 'W000003')";
    assert_eq!(world.count(served), 2, "the two that paid first");
    world
        .pipeline
        .import("CODE", &["N3".to_owned(), "N4".to_owned(), "N5".to_owned()])
        .expect("stock");
    world.wait_for_count("fulfillment WHERE state = 'delivered'", 4);
    until("one code is left", || world.count("stock_item WHERE state = 'available'") == 1);
}

/// If the shop's trigger refuses the goods of one order, the others are still delivered.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_goods_are_refused_delays_no_other() {
    let mut world = World::new(0);
    let worker = world.worker();
    world.place_orders("R", 3);
    for number in 1..=3 {
        world.send(world.payment(&format!("R{number:06}"))).await;
        let waiting = "fulfillment WHERE state = 'awaiting_stock'";
        world.wait_for_count(waiting, number);
    }
    world.sql(
        "CREATE TRIGGER no_goods BEFORE UPDATE ON fulfillment FOR EACH ROW \
         BEGIN IF NEW.order_id = 'R000001' THEN SIGNAL SQLSTATE '45000'; END IF; END",
    );
    let codes = ["N1", "N2", "N3"].map(str::to_owned);
    world.pipeline.import("CODE", &codes).expect("stock");
    world.wait_for_count("fulfillment WHERE state = 'delivered'", 2);
    worker.wait_for_log("refuses goods that are due");
    world.sql("DROP TRIGGER no_goods");
    world.wait_for_count("fulfillment WHERE state = 'delivered'", 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn chinese_text_is_kept_in_a_schema_of_another_charset() {
    let mut world = World::new(3);
    let schema = world.sandbox.name().to_owned();
    world.sql(&format!("ALTER DATABASE {schema} CHARACTER SET latin1"));
    let _worker = world.worker();
    world.pipeline.order("订单-1", "shop", "CODE").expect("an order");
    let payment = world.payment("订单-1").with("receive_name", "张三🧧").with("subject", "点卡🧧");
    world.send(payment).await;
    let order = world.expect("订单-1", |order| order["is_send_goods"] == true);
    assert_eq!(order["receive_name"], "张三🧧");
    let refused = world.payment("订单-1").with("trans_currency", "美元");
    world.send(refused).await;
    world.expect("订单-1", |order| {
        order["story"].as_array().is_some_and(|story| {
            story
                .iter()
                .any(|told| told["error"].as_str().is_some_and(|error| error.contains("美元")))
        })
    });
}

/// A failed refund, as both gateways report it; at the legacy gateway also with a time.
#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_refund_ends_in_status_106() {
    let mut world = World::new(3);
    let _worker = world.worker();
    world.place_orders("R", 3);
    world.sql("UPDATE user_order SET merchant = 'app' WHERE id = 'R000002'");
    for (id, merchant) in
        [("R000001", &world.shop), ("R000002", &world.app), ("R000003", &world.shop)]
    {
        let mut trade = AlipayTrade::open(merchant, id, TOTAL, Utc::now());
        world.send(trade.pay(Utc::now()).expect("a payment")).await;
        let mut closed = trade.refund_closed(Utc::now()).expect("a closed refund");
        if id == "R000003" {
            closed = closed.with("gmt_refund", testkit::clock::beijing(Utc::now()));
        }
        world.send(closed).await;
        let order = world.expect(id, |order| order["status"] == 106);
        assert_eq!((&order["refund_status"], &order["refunded_fee"]), (&6.into(), &0.into()));
        assert_eq!(
            (&order["is_send_goods"], &order["needs_review"]),
            (&true.into(), &false.into())
        );
    }
}

/// The shop can write any total: sums stop at the largest number.
#[tokio::test(flavor = "multi_thread")]
async fn an_audit_with_overflowing_totals_ends() {
    let mut world = World::new(0);
    world.place_orders("A", 2);
    world.sql("UPDATE user_order SET total_fee = 9223372036854775807");
    world.sql(
        "INSERT INTO trade (order_id, trade_no, facts) SELECT id, CONCAT('T', id), 'paid' FROM user_order",
    );
    let audit = world.pipeline.json(&["audit", "--grace", "0s"]);
    // It reports gaps.
    let said = format!("{audit:?}");
    assert!(said.contains(" gaps") && !said.contains("panicked"), "{said}");
}
