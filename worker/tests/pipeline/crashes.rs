//! Workers that die, and workers that stop.

use std::time::{Duration, Instant};

use testkit::{Program, WAIT_LIMIT};

use crate::world::World;

const PAYMENTS: i64 = 1000;

/// Starts a storm of 1,000 payments, some of them sent twice.
fn storm(world: &World) -> Program {
    let to = world.notify_url("shop");
    let arguments = [
        &["storm", "--to", &to, "--merchant", "shop", "--prefix", "K", "--count", "1000"][..],
        &["--total", "10.00", "--rate", "400", "--connections", "8", "--duplicate", "20"],
        &["--output", "json"],
    ];
    world.pipeline.program("simulator", &arguments.concat())
}

/// 1,000 orders, each delivered once, nothing else given away, nothing dead.
fn check(world: &mut World) {
    world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", PAYMENTS);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), PAYMENTS);
    let distinct = "(SELECT DISTINCT order_id FROM stock_item WHERE order_id IS NOT NULL) d";
    assert_eq!(world.count(distinct), PAYMENTS);
    assert_eq!(world.count("fulfillment WHERE state = 'delivered' AND given = 1"), PAYMENTS);
    assert_eq!(world.dead_letters(), []);
}

#[test]
fn sigkill_during_a_thousand_payments_loses_none() {
    let mut world = World::new(1100);
    world.place_orders("K", 1000);
    let mut first = world.worker();
    let mut second = world.worker();
    let mut storm = storm(&world);
    world.wait_for_count("fulfillment", 150);
    first.kill();
    world.wait_for_count("fulfillment", 400);
    second.kill();
    assert!(world.count("fulfillment") < PAYMENTS, "killed too late to prove anything");
    let _third = world.worker();
    let _fourth = world.worker();
    assert!(storm.wait().success(), "the storm was not answered success throughout");
    check(&mut world);
}

#[test]
fn sigterm_under_load_finishes_the_batch_and_exits() {
    let mut world = World::new(1100);
    world.place_orders("K", 1000);
    let mut first = world.worker();
    let mut storm = storm(&world);
    world.wait_for_count("fulfillment", 200);
    let asked = Instant::now();
    first.terminate();
    let status = first.wait();
    assert!(status.success(), "exit {status}");
    assert!(asked.elapsed() < Duration::from_secs(5), "took {:?}", asked.elapsed());
    let _second = world.worker();
    assert!(storm.wait().success());
    check(&mut world);
    assert!(asked.elapsed() < WAIT_LIMIT);
    // The messages were given back, not lost in a crash, so none is a suspect.
    assert_eq!(world.count("redelivery"), 0);
}
