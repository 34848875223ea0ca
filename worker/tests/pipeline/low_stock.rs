//! `product.low_stock`: once a crossing.

use chrono::Utc;
use queue::topology;
use serde_json::{Value, json};
use simulator::AlipayTrade;

use crate::broker::drain;
use crate::world::{TOTAL, World};

const TOLD: &str = "outbox WHERE event = 'product.low_stock' AND published_at IS NOT NULL";

#[tokio::test(flavor = "multi_thread")]
async fn low_stock_is_reported_once_until_it_was_above_the_threshold() {
    let mut world = World::new(20);
    // This product has no threshold.
    world.pipeline.add_product("FREE", "free", &["--kind", "stock"]).expect("product");
    world.pipeline.import("FREE", &["F1".to_owned()]).expect("stock");
    world.pipeline.ops(&["product", "set", "CODE", "--low-stock", "5"]).expect("a threshold");
    world.place_orders("L", 32);
    let _workers = [world.worker(), world.worker()];
    world.pipeline.order("F", "shop", "FREE").expect("an order");
    world.send(world.payment("F")).await;

    // Two workers empty the stock; eight orders wait.
    let mut trades = Vec::new();
    for number in 1..=28 {
        let mut trade = world.trade(&format!("L{number:06}"));
        world.send(trade.pay(Utc::now()).expect("a payment")).await;
        trades.push(trade);
    }
    world.wait_for_count("fulfillment WHERE state = 'awaiting_stock'", 8);
    world.wait_for_count(TOLD, 1);

    // Above the threshold only until the waiting orders are served.
    let more: Vec<String> = (1..=10).map(|number| format!("M{number}")).collect();
    world.pipeline.import("CODE", &more).expect("stock");
    world.wait_for_count("fulfillment WHERE state = 'delivered' AND product_id = 'CODE'", 28);
    world.wait_for_count(TOLD, 2);
    // One more is not above.
    world.pipeline.import("CODE", &["M11".to_owned()]).expect("stock");

    // Codes that come back and are sold again lift it too.
    world.sql("UPDATE product SET resell_returned = TRUE WHERE id = 'CODE'");
    assert_eq!(world.count("low_stock_notice"), 1);
    for trade in trades.iter_mut().take(4) {
        let refund = trade.refund(TOTAL, None, Utc::now()).expect("a refund");
        world.send(refund.sync).await;
    }
    world.wait_for_count("(SELECT 1) t WHERE NOT EXISTS (SELECT * FROM low_stock_notice)", 1);
    for number in 29..=32 {
        world.send(world.payment(&format!("L{number:06}"))).await;
    }
    world.wait_for_count(TOLD, 3);

    assert_eq!(world.count("outbox WHERE event = 'product.low_stock'"), 3);
    assert_eq!(world.count("outbox WHERE product_id <> 'CODE'"), 0);
    let events: Vec<Value> = drain(&world, topology::EVENTS_QUEUE)
        .await
        .iter()
        .map(|message| serde_json::from_slice(&message.body).expect("JSON"))
        .filter(|event: &Value| event["event"] == "product.low_stock")
        .collect();
    let mut ids: Vec<&Value> = events.iter().map(|event| &event["id"]).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{events:#?}");
    for event in &events {
        assert_eq!((&event["product"], &event["threshold"]), (&json!("CODE"), &json!(5)));
        assert!(event["available"].as_i64().is_some_and(|codes| codes <= 5), "{event}");
        assert!(event["order"].is_null() && event["happened_at"].is_string(), "{event}");
    }
}

/// Another threshold is another question: what is low is told, and forgotten where nothing is low.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_threshold_applies_at_once() {
    let mut world = World::new(3);
    world.place_orders("L", 1);
    let _worker = world.worker();
    let trade = AlipayTrade::open(&world.shop, "L000001", TOTAL, Utc::now()).pay(Utc::now());
    world.send(trade.expect("a payment")).await;
    world.wait_for_count("fulfillment WHERE state = 'delivered'", 1);
    let set = |world: &World, threshold: &str| {
        world.pipeline.ops(&["product", "set", "CODE", "--low-stock", threshold]).expect("set");
    };
    set(&world, "2");
    world.wait_for_count(TOLD, 1);
    set(&world, "1");
    world.wait_for_count("(SELECT 1) t WHERE NOT EXISTS (SELECT * FROM low_stock_notice)", 1);
    set(&world, "3");
    world.wait_for_count(TOLD, 2);
    set(&world, "0");
    world.wait_for_count("(SELECT 1) t WHERE NOT EXISTS (SELECT * FROM low_stock_notice)", 1);
    assert_eq!(world.count("outbox WHERE event = 'product.low_stock'"), 2);
}

/// Low stock of a product that is off sale is not reported; paid orders are still delivered.
#[tokio::test(flavor = "multi_thread")]
async fn a_product_off_sale_is_not_low_and_is_delivered() {
    let mut world = World::new(3);
    world.place_orders("L", 2);
    world.pipeline.ops(&["product", "set", "CODE", "--low-stock", "9"]).expect("set");
    let sale = |world: &World, answer: &str| {
        world.pipeline.ops(&["product", "set", "CODE", "--on-sale", answer]).expect("set");
    };
    sale(&world, "no");
    let _worker = world.worker();
    world.send(world.payment("L000001")).await;
    world.wait_for_count("fulfillment WHERE state = 'delivered'", 1);
    let low = |world: &World| world.pipeline.status().expect("status")["low_stock"].clone();
    assert_eq!((world.count(TOLD), low(&world)), (0, json!([])));
    sale(&world, "yes");
    world.wait_for_count(TOLD, 1);
    assert_eq!(low(&world)[0]["product_id"], "CODE");
    assert_eq!(world.count("low_stock_notice"), 1);
    sale(&world, "no");
    world.wait_for_count("(SELECT 1) t WHERE NOT EXISTS (SELECT * FROM low_stock_notice)", 1);
    world.send(world.payment("L000002")).await;
    world.wait_for_count("fulfillment WHERE state = 'delivered'", 2);
    assert_eq!(world.count(TOLD), 1);
}
