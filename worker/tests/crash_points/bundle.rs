//! Bundles, and workers that die while they have one.

use queue::topology;

use crate::broker::{drain, only_dead_letter};
use crate::dying::{died_by, start};
use crate::world::World;

/// Publishes payments of the orders `B000001` and so on in one bundle, or nearly so; there is one order more.
async fn publish(world: &mut World, count: usize) {
    world.place_orders("B", count + 1);
    let payments = (1..=count).map(|number| world.message(world.payment(&format!("B{number:06}"))));
    let messages = payments.collect();
    world.publish_in_bundles(count, messages).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_comes_again_delivers_nothing_twice() {
    let mut world = World::new(40);
    publish(&mut world, 12).await;
    for point in ["worker.after_goods", "worker.after_commit", "worker.before_ack"] {
        died_by(&mut start(&world, "worker", &[("CRASH_POINT", point)]), point);
    }
    let mut last = start(&world, "worker", &[("ALIPAY__WORKER__LANES", "1")]);
    // Everything may be delivered already: the one lane does the bundle again before what comes after it.
    world.send(world.payment("B000013")).await;
    world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", 13);
    world.wait_for_count("(SELECT 1) t WHERE NOT EXISTS (SELECT * FROM redelivery)", 1);
    last.terminate();
    assert!(last.wait().success());
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 13);
    assert_eq!(drain(&world, "alipay.notify.0").await.len(), 0);
    assert_eq!(drain(&world, topology::DEAD_QUEUE).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_bundle_that_kills_workers_only_the_poison_message_is_dead_lettered() {
    const POISON: &str = "B000005";
    let mut world = World::new(40);
    publish(&mut world, 12).await;
    for _ in 1..=3 {
        died_by(&mut start(&world, "worker", &[("CRASH_ON_ORDER", POISON)]), POISON);
    }
    let mut last = start(&world, "worker", &[("CRASH_ON_ORDER", POISON)]);
    world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", 11);
    world.wait_for_count("(SELECT 1) t WHERE NOT EXISTS (SELECT * FROM redelivery)", 1);
    last.terminate();
    assert!(last.wait().success());
    let letter = only_dead_letter(&world).await;
    assert_eq!(letter.headers.reason.as_deref(), Some("kills_workers"));
    assert_eq!(letter.headers.order.as_deref(), Some(POISON));
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 11);
}
