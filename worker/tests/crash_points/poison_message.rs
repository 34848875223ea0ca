//! A message that kills every worker that processes it.

use crate::broker::only_dead_letter;
use crate::dying::{died_by, start};
use crate::load::{id_of, sign};
use crate::world::World;

/// The order of the poison message, among others.
const POISON: &str = "X000008";

/// Many lanes with few messages each: others are in progress at the same time.
const LANES: (&str, &str) = ("ALIPAY__WORKER__LANES", "8");
const BATCH: (&str, &str) = ("ALIPAY__WORKER__BATCH", "2");

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_kills_workers_is_dead_lettered_after_three_deaths() {
    let mut world = World::new(40);
    world.place_orders("X", 20);
    let mut poison_id = String::new();
    for number in 1..=15 {
        let signed = sign(world.payment(&format!("X{number:06}")));
        if number == 8 {
            poison_id = id_of(&signed);
        }
        world.send_body("shop", signed.body()).await;
    }
    let counted = format!("redelivery WHERE message_id = '{poison_id}' AND count =");
    let neighbours_counted = format!("redelivery WHERE message_id <> '{poison_id}'");
    // Fresh, in a batch with others; then twice redelivered, counted and alone.
    for kills in 1..=3 {
        let mut worker = start(&world, "worker", &[("CRASH_ON_ORDER", POISON), LANES, BATCH]);
        died_by(&mut worker, POISON);
        assert_eq!(world.count(&format!("{counted} {}", kills - 1)), i64::from(kills > 1));
        // It was alone: no neighbour on another lane is suspected with it.
        assert_eq!(world.count(&neighbours_counted), 0, "after {kills} deaths");
        // A message that arrives between two crashes needs no person.
        world.send(world.payment(&format!("X{:06}", 15 + kills))).await;
    }
    // Messages that were processed before it are delivered, although each worker died.
    assert!(world.count("user_order WHERE is_send_goods") > 0);

    let mut fourth = start(&world, "worker", &[("CRASH_ON_ORDER", POISON), LANES, BATCH]);
    world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", 17);
    world.wait_for_count("(SELECT 1) t WHERE NOT EXISTS (SELECT * FROM redelivery)", 1);
    assert!(fourth.is_running());
    fourth.terminate();
    assert!(fourth.wait().success());

    let letter = only_dead_letter(&world).await;
    assert_eq!(letter.message_id, poison_id);
    assert_eq!(letter.headers.reason.as_deref(), Some("kills_workers"));
    assert_eq!(letter.headers.order.as_deref(), Some(POISON));
    // The order's history shows it too.
    let told = format!(
        "notification WHERE message_id = '{poison_id}' AND order_id = '{POISON}' \
         AND outcome = 'rejected' AND reason = 'kills_workers' AND facts_added = ''"
    );
    assert_eq!(world.count(&told), 1);
    let untouched = format!("user_order WHERE id = '{POISON}' AND status = 0");
    assert_eq!(world.count(&untouched), 1);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 17);
}

/// A message that kills even its dead-lettering: recorded with its order from the first redelivery.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_crashes_its_own_dead_lettering_is_recorded_with_its_order() {
    let mut world = World::new(1);
    world.place_orders("X", 8);
    let signed = sign(world.payment(POISON));
    let poison_id = id_of(&signed);
    world.send_body("shop", signed.body()).await;
    for _ in 0..3 {
        let mut worker = start(&world, "worker", &[("CRASH_ON_ORDER", POISON)]);
        died_by(&mut worker, POISON);
    }
    let counted = format!(
        "redelivery WHERE message_id = '{poison_id}' AND order_id = '{POISON}' AND merchant = 'shop' AND count ="
    );
    assert_eq!(world.count(&format!("{counted} 2")), 1);
    let mut dead_lettering = start(&world, "worker", &[("CRASH_POINT", "worker.before_confirm")]);
    died_by(&mut dead_lettering, "worker.before_confirm");
    assert_eq!(world.count(&format!("{counted} 3")), 1);
    let mut last = start(&world, "worker", &[("CRASH_ON_ORDER", POISON)]);
    let told = format!(
        "dead_letter WHERE message_id = '{poison_id}' AND order_id = '{POISON}' AND reason = 'kills_workers'"
    );
    world.wait_for_count(&told, 1);
    world.wait_for_count("(SELECT 1) t WHERE NOT EXISTS (SELECT * FROM redelivery)", 1);
    last.terminate();
    assert!(last.wait().success());
    let letter = only_dead_letter(&world).await;
    assert_eq!(letter.headers.reason.as_deref(), Some("kills_workers"));
    assert_eq!(letter.headers.order.as_deref(), Some(POISON));
}
