//! An implausible `expires_at`: a shop wrote its local time.

use chrono::Utc;
use simulator::AlipayTrade;

use crate::world::{CONFIG, TOTAL, World};

/// Both merchants refund late payments.
fn world() -> World {
    World::with(&CONFIG.replace("sign_types", "late_payment = \"refund\"\nsign_types"), 3)
}

fn place(world: &mut World, id: &str, expires_at: &str) {
    world.sql(&format!(
        "INSERT INTO user_order (id, merchant, product_id, subject, total_fee, created_at, expires_at) \
         VALUES ('{id}', 'shop', 'CODE', 'a code', 1000, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL {expires_at})"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_limit_in_local_time_moves_no_money() {
    let mut world = world();
    let _worker = world.worker();
    // In Los Angeles and in Shanghai, half an hour from now.
    for (id, expires_at) in [("WEST", "-450 MINUTE"), ("EAST", "510 MINUTE"), ("CENTURY", "40 DAY")]
    {
        place(&mut world, id, expires_at);
        let mut trade = AlipayTrade::open(&world.shop, id, TOTAL, Utc::now());
        world.send(trade.pay(Utc::now()).expect("a payment")).await;
        world.expect(id, |order| {
            order["status"] == 8
                && order["fulfillment"]["state"] == "delivered"
                && order["reviews"][0]["reason"] == "implausible_time_limit"
        });
    }
    assert_eq!(world.count("refund_request"), 0);
    assert_eq!(world.count("trade WHERE FIND_IN_SET('paid_late', facts)"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_time_limit_is_used_again() {
    let mut world = world();
    let _worker = world.worker();
    place(&mut world, "WEST", "-450 MINUTE");
    let mut trade = AlipayTrade::open(&world.shop, "WEST", TOTAL, Utc::now());
    world.send(trade.wait(Utc::now()).expect("a notification")).await;
    world.expect("WEST", |order| order["reviews"][0]["reason"] == "implausible_time_limit");
    world.sql("UPDATE user_order SET expires_at = created_at + INTERVAL 30 MINUTE");
    world.send(trade.pay(Utc::now()).expect("a payment")).await;
    world.expect("WEST", |order| {
        order["fulfillment"]["state"] == "delivered" && order["needs_review"] == false
    });
}
