//! Which order gets a new code: the one that has waited longest, within a limit.

use alipay::Fen;
use chrono::{TimeDelta, Utc};
use simulator::AlipayTrade;

use crate::world::{CONFIG, TOTAL, World};

/// An order of `quantity` units, paid so many seconds ago.
async fn pay(world: &mut World, id: &str, quantity: i64, seconds_ago: i64) {
    let total = Fen::new(TOTAL.get() * quantity);
    world.sql(&format!(
        "INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee) \
         VALUES ('{id}', 'shop', 'CODE', {quantity}, 'codes', {})",
        total.get()
    ));
    let paid = Utc::now() - TimeDelta::seconds(seconds_ago);
    let mut trade = AlipayTrade::open(&world.shop, id, total, paid);
    world.send(trade.pay(paid).expect("a payment")).await;
}

fn codes(from: usize, to: usize) -> Vec<String> {
    (from..=to).map(|number| format!("N{number}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn smaller_orders_overtake_a_large_one_until_the_limit() {
    let mut world = World::new(0);
    let _worker = world.worker();
    pay(&mut world, "TEN", 10, 60).await;
    world.expect("TEN", |order| order["fulfillment"]["state"] == "awaiting_stock");
    world.pipeline.import("CODE", &codes(1, 3)).expect("stock");
    pay(&mut world, "ONE", 1, 50).await;
    world.expect("ONE", |order| order["fulfillment"]["state"] == "delivered");

    // Eleven minutes later it is the turn of the large one.
    world.sql("UPDATE fulfillment SET waiting_since = waiting_since - INTERVAL 11 MINUTE WHERE order_id = 'TEN'");
    pay(&mut world, "LATER", 1, 40).await;
    world.expect("LATER", |order| order["fulfillment"]["state"] == "awaiting_stock");
    // It was paid before the large one: its turn comes first, though it comes through the sweeper.
    pay(&mut world, "EARLIER", 1, 70).await;
    world.expect("EARLIER", |order| order["fulfillment"]["state"] == "delivered");
    // The sweeper runs twice while one code is left.
    pay(&mut world, "MARK", 1, 30).await;
    world.expect("MARK", |order| order["fulfillment"]["state"] == "awaiting_stock");
    assert_eq!(world.count("stock_item WHERE state = 'available'"), 1, "kept for the large one");

    world.pipeline.import("CODE", &codes(4, 12)).expect("stock");
    world.expect("TEN", |order| order["fulfillment"]["state"] == "delivered");
    assert_eq!(world.count("fulfillment WHERE state = 'awaiting_stock'"), 2);
    world.pipeline.import("CODE", &codes(13, 14)).expect("stock");
    for id in ["LATER", "MARK"] {
        world.expect(id, |order| order["fulfillment"]["state"] == "delivered");
    }
}

/// When a large order is refunded, the codes kept for it go to the others.
#[tokio::test(flavor = "multi_thread")]
async fn codes_are_reserved_only_for_waiting_orders() {
    let mut world =
        World::with(&CONFIG.replace("batch = 16", "batch = 16\nstock_overtake_limit = \"1ms\""), 0);
    let _worker = world.worker();
    let mut large = AlipayTrade::open(&world.shop, "W000001", TOTAL, Utc::now());
    world.place_orders("W", 1);
    world.send(large.pay(Utc::now() - TimeDelta::seconds(5)).expect("a payment")).await;
    world.expect("W000001", |order| order["fulfillment"]["state"] == "awaiting_stock");
    // One unit that nobody can serve: two are ordered where one is there.
    world.sql("UPDATE fulfillment SET units = 2");
    world.sql("UPDATE user_order SET quantity = 2");
    world.pipeline.import("CODE", &codes(1, 1)).expect("stock");
    pay(&mut world, "ONE", 1, 0).await;
    world.expect("ONE", |order| order["fulfillment"]["state"] == "awaiting_stock");
    let refund = large.refund(TOTAL, None, Utc::now()).expect("a refund");
    world.send(refund.sync).await;
    world.expect("W000001", |order| order["fulfillment"]["state"] == "cancelled");
    world.expect("ONE", |order| order["fulfillment"]["state"] == "delivered");
}
