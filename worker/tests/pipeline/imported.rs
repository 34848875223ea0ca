//! Orders of an old system: the time they were made, and goods that the old system delivered.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use simulator::AlipayTrade;
use testkit::clock::beijing;
use testkit::until;

use crate::world::{TOTAL, World};

/// An old trade of the Open Platform merchant, made and paid 200 days ago.
fn old_trade(world: &World, order: &str) -> AlipayTrade {
    let then = Utc::now() - TimeDelta::days(200);
    let mut trade = AlipayTrade::open(&world.app, order, TOTAL, then);
    trade.pay(then).expect("a payment");
    trade
}

/// A file of these orders, made 200 days ago.
fn file(orders: &[(&str, &str, &str)]) -> String {
    let made = &beijing(Utc::now() - TimeDelta::days(200))[..19];
    let lines = orders.iter().map(|(id, product, delivered)| {
        format!("{id},app,{product},10.00,{made},{delivered},buyer-7\n")
    });
    let heading = "id,merchant,product,total,created_at,delivered,account\n";
    heading.to_owned() + &lines.collect::<String>()
}

fn import(world: &World, text: &str) -> Value {
    let path = world.pipeline.config().with_file_name("orders.csv");
    std::fs::write(&path, text).expect("a file");
    world.pipeline.json(&["order", "import", &path.display().to_string()]).expect("imported")
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_goods_are_never_delivered_and_are_taken_back_by_hand() {
    let mut world = World::new(10);
    let _worker = world.worker();
    world
        .pipeline
        .add_product("VIP", "vip", &["--kind", "subscription", "--days", "365"])
        .expect("a product");
    let counts = |orders, imported, unchanged| {
        json!({"orders": orders, "imported": imported, "corrected": 0, "unchanged": unchanged,
            "dry_run": false})
    };
    let all = file(&[("OLD", "CODE", "yes"), ("SUB", "VIP", "yes"), ("OPEN", "CODE", "no")]);
    assert_eq!(import(&world, &all), counts(3, 3, 0));
    assert_eq!(import(&world, &all), counts(3, 0, 3));
    // Nothing is known of the payment, and no audit misses it.
    let audit = |world: &World| world.pipeline.ops(&["audit", "--grace", "0s"]).expect("no gap");
    audit(&world);
    let told = world.pipeline.ops(&["order", "show", "OLD"]).expect("an order");
    assert!(told.contains("delivered by another system"), "{told}");

    // A late success, then the end of the time for refunds: paid, and nothing is delivered twice.
    for order in ["OLD", "SUB", "OPEN"] {
        let mut trade = old_trade(&world, order);
        let finished = trade.finish(Utc::now()).expect("an end");
        world.send(finished).await;
        world.expect(order, |order| order["status"] == 4 && order["is_send_goods"] == true);
    }
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 1, "of OPEN");
    assert_eq!(world.count("entitlement WHERE order_id = 'SUB'"), 1);
    assert_eq!(world.count("outbox WHERE event = 'order.delivered'"), 1, "of OPEN");
    audit(&world);

    // Refunded in full: a person must take back what this system did not deliver; a subscription ends.
    let again = file(&[("OLD-2", "CODE", "yes"), ("SUB-2", "VIP", "yes")]);
    assert_eq!(import(&world, &again), counts(2, 2, 0));
    for order in ["OLD-2", "SUB-2"] {
        let mut trade = old_trade(&world, order);
        let refund = trade.refund(TOTAL, Some("R"), Utc::now()).expect("a refund");
        world.send(refund.sync).await;
        world.expect(order, |order| order["status"] == 105 && order["is_return_goods"] == true);
    }
    let shown = world.expect("OLD-2", |order| order["needs_review"] == true);
    let review = &shown["reviews"][0];
    assert_eq!(
        (&review["reason"], &review["state"]),
        (&json!("take_back_by_hand"), &json!("open"))
    );
    let told = world.pipeline.ops(&["order", "show", "OLD-2"]).expect("an order");
    assert!(told.contains("a person has to take them back"), "{told}");
    assert_eq!(world.count("entitlement WHERE order_id = 'SUB-2'"), 0);
    assert_eq!(world.count("user_order WHERE id = 'SUB-2' AND NOT needs_review"), 1);
    let id = review["id"].to_string();
    let decide = ["review", "decide", &id, "taken_back", "--by", "li", "--note", "code blocked"];
    world.pipeline.ops(&decide).expect("decided");
    world.expect("OLD-2", |order| order["needs_review"] == false);
    audit(&world);
    assert!(world.dead_letters().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_imported_with_the_wrong_time_can_be_corrected() {
    let world = World::new(10);
    let _worker = world.worker();
    world.pipeline.order("LATE", "app", "CODE").expect("an order");
    let mut trade = old_trade(&world, "LATE");
    world.send(trade.refund(TOTAL, Some("R"), Utc::now()).expect("a refund").sync).await;
    until("it is dead", || !world.dead_letters().is_empty());
    let letters = world.pipeline.json(&["dlq", "list"]).expect("ops dlq list");
    assert_eq!(letters[0]["reason"], "trade_older_than_order");
    let error = letters[0]["error"].as_str().expect("evidence");
    let made = &beijing(Utc::now() - TimeDelta::days(200))[..10];
    assert!(error.starts_with(&format!("the trade was created at {made}")), "{error}");
    assert!(error.contains("`ops order import`"), "{error}");

    // One order, by flags; another total is another order.
    let time = format!("{made} 00:00:00");
    let create = |total: &str| {
        let order = ["order", "create", "LATE", "--merchant", "app", "--product", "CODE"];
        let old = ["--account", "buyer-7", "--created-at", &time, "--delivered", "--total", total];
        world.pipeline.ops(&[&order[..], &old].concat())
    };
    let error = create("11.00").expect_err("it is here with another total").to_string();
    assert!(error.contains("its total is \"10.00\", not \"11.00\""), "{error}");
    create("10.00").expect("put right");
    world.pipeline.ops(&["dlq", "replay", "--all", "--by", "li"]).expect("replayed");
    world.expect("LATE", |order| order["status"] == 105 && order["needs_review"] == true);
}
