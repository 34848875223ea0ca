//! The worker dies at each of its points.

use std::collections::{BTreeMap, BTreeSet};

use queue::topology;
use service::crash_point;
use testkit::until;

use crate::broker::drain;
use crate::dying::{died_by, start};
use crate::load::{Load, RARE};
use crate::world::World;

/// One lane: then it is known what else the process was doing when it died.
const ONE_LANE: (&str, &str) = ("ALIPAY__WORKER__LANES", "1");

/// Points after which a dead letter may lie twice in its queue, under one id: it was confirmed, and
/// the delivery that it is for was not acknowledged yet and came again. After an acknowledgement
/// too, since its frame may not have left the process; and if the outbox relay dies, since the
/// lane beside it may be anywhere.
const MAY_REPEAT_DEAD_LETTERS: [&str; 6] = [
    "worker.after_count_up",
    "worker.after_confirm",
    "worker.after_commit",
    "worker.before_ack",
    "worker.after_ack",
    "outbox.after_publish",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_result_is_right_after_a_crash_at_each_point() {
    let mut world = World::new(100);
    world.pipeline.add_product(RARE, "rare", &["--kind", "stock"]).expect("a product");
    // Those of the query and refund sweepers are died at in tests/queries, where there is a gateway to ask; those of
    // the stock and of the replays in ops/tests/ops (stock.rs, dead_ramp.rs); those of pauses in tests/pipeline.
    let elsewhere = |point: &&str| {
        ["ingress.", "queries.", "refunds.", "pauses.", "stock_", "ops."]
            .iter()
            .any(|part| point.starts_with(part))
    };
    let points: Vec<&str> =
        crash_point::ALL.into_iter().filter(|point| !elsewhere(point)).collect();
    let mut loads = Vec::new();
    for (number, &point) in points.iter().enumerate() {
        let load = die_and_take_over(&mut world, point, &format!("P{number:02}")).await;
        loads.push((point, load));
    }

    let _worker = start(&world, "worker", &[]);
    for (point, load) in &loads {
        load.check(&mut world, point);
    }
    // The late and the waiting orders are processed; nothing else was dead-lettered.
    assert_eq!(drain(&world, topology::DEAD_QUEUE).await.len(), 0);
    assert_eq!(world.count("redelivery"), 0);
    let twice = "(SELECT order_id FROM stock_item WHERE order_id IS NOT NULL \
                 GROUP BY order_id HAVING COUNT(*) > 1) d";
    assert_eq!(world.count(twice), 0);
    check_events(&mut world, &points).await;
}

/// A load, a worker that dies at `point`, and another one that finishes the work.
async fn die_and_take_over(world: &mut World, point: &str, prefix: &str) -> Load {
    let mut load = Load::send(world, prefix).await;
    if point == "worker.after_count_up" {
        // Only what was delivered before is counted.
        let mut first = start(world, "worker", &[("CRASH_POINT", "worker.after_receive")]);
        died_by(&mut first, "worker.after_receive");
    }
    let mut armed = start(world, "worker", &[("CRASH_POINT", point), ONE_LANE]);
    let restocked_before = point.starts_with("restock.");
    if restocked_before {
        load.wait_until_worked_on(world);
        load.restock(world);
    }
    died_by(&mut armed, point);

    let mut successor = start(world, "worker", &[ONE_LANE]);
    load.wait_until_worked_on(world);
    load.send_next(world).await;
    // With one lane, all that was sent before it has been worked on.
    load.wait_until_delivered(world, "NEXT");
    load.place_late(world);
    if !restocked_before {
        load.restock(world);
    }
    load.wait_until_delivered(world, "WAIT");
    successor.terminate();
    assert!(successor.wait().success(), "after {point}: the successor");

    let compared = world.pipeline.json(&["dlq", "sync"]).expect("ops dlq sync");
    let differing = (compared["found"].as_u64(), compared["gone"].as_u64());
    assert_eq!(
        differing,
        (Some(0), Some(0)),
        "after {point}: a letter without a row, or a row without a letter"
    );
    let letters = drain(world, topology::DEAD_QUEUE).await;
    world.pipeline.ops(&["dlq", "sync"]).expect("ops dlq sync");
    let ids: BTreeSet<&str> = letters.iter().map(|letter| letter.message_id.as_str()).collect();
    assert_eq!(ids, BTreeSet::from([load.wrong.as_str()]), "after {point}: {letters:?}");
    let reasons = letters.iter().map(|letter| letter.headers.reason.as_deref());
    assert!(reasons.into_iter().all(|reason| reason == Some("total_mismatch")), "{letters:?}");
    let most = if MAY_REPEAT_DEAD_LETTERS.contains(&point) { 2 } else { 1 };
    assert!(letters.len() <= most, "after {point}: {} copies of a dead letter", letters.len());
    load
}

/// Each event of the outbox was published at least once, under an id that is the same each time. A
/// death at any point can find the relay between confirm and commit, so each may repeat.
async fn check_events(world: &mut World, points: &[&str]) {
    until("every event is out", || world.count("outbox WHERE published_at IS NULL") == 0);
    let mut events: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for message in drain(world, topology::EVENTS_QUEUE).await {
        let body: serde_json::Value = serde_json::from_slice(&message.body).expect("JSON");
        assert_eq!(body["id"], message.message_id.as_str());
        let (order, event) = message.message_id.split_once(':').expect("ORDER:EVENT");
        events.entry(order.to_owned()).or_default().insert(event.to_owned());
    }
    let published: usize = events.values().map(BTreeSet::len).sum();
    assert_eq!(i64::try_from(published), Ok(world.count("outbox")));
    let delivered = BTreeSet::from(["order.paid", "order.delivered"].map(str::to_owned));
    for (number, point) in points.iter().enumerate() {
        for order in ["PAY", "LATE", "WAIT", "NEXT"] {
            let id = format!("P{number:02}-{order}");
            assert_eq!(events.get(&id), Some(&delivered), "{point}: {id}");
        }
        let refunded = events.get(&format!("P{number:02}-REFUND"));
        assert!(refunded.is_some_and(|events| events.contains("order.refunded")), "{point}");
        assert_eq!(events.get(&format!("P{number:02}-WRONG")), None, "{point}");
    }
}
