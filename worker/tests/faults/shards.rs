//! `queue.shards` grows and shrinks while notifications are on their way.

use queue::topology::{ShardCount, work_queue};
use simulator::UnsignedNotification;
use testkit::until;

use crate::Worker;
use crate::moved::{Hand, check_orders};
use crate::world::World;

const FOUR: (&str, &str) = ("ALIPAY__QUEUE__SHARDS", "4");

fn retried(worker: &Worker) -> f64 {
    worker.metric("alipay_worker_messages_total{outcome=\"retried\"}")
}

/// Orders of which one shard of four each takes at least one.
fn names(prefix: &str, count: usize) -> Vec<String> {
    let names: Vec<String> = (1..=count).map(|number| format!("{prefix}{number:06}")).collect();
    let shard_of = |name: &String| ShardCount::new(4).shard_of(Some(name));
    assert!((0..4).all(|shard| names.iter().any(|name| shard_of(name) == shard)));
    names
}

/// The ingress grows first, so its messages come to queues that the worker does not know yet. Every notification comes
/// before its order, so all of them wait for a retry when the number shrinks again; and those of the first orders are sent
/// once more, so that they wait in two shards at once.
#[tokio::test(flavor = "multi_thread")]
async fn growing_and_shrinking_with_messages_on_their_way_loses_nothing_and_does_nothing_twice() {
    const EACH: usize = 12;
    let mut world = World::new(2 * EACH);
    let worker = Worker::start(&world, &[]);
    let first: Vec<UnsignedNotification> =
        names("A", EACH).iter().map(|it| world.payment(it)).collect();
    for payment in &first {
        world.send(payment.clone()).await;
    }
    until("the first wait for their orders", || retried(&worker) >= EACH as f64);

    world.test.start_ingress(&[FOUR]);
    let more: Vec<UnsignedNotification> =
        names("B", EACH).iter().map(|it| world.payment(it)).collect();
    for payment in first.into_iter().chain(more) {
        world.send(payment).await;
    }
    until("all wait for their orders", || retried(&worker) >= 3.0 * EACH as f64);

    drop(worker);
    world.test.start_ingress(&[]);
    let worker = Worker::start(&world, &[]);
    world.place_orders("A", EACH);
    world.place_orders("B", EACH);
    check_orders(&mut world, 2 * EACH);
    until("nothing waits", || world.count("retry_copy") == 0);
    worker.wait_until_ready();
    assert_eq!(
        world.count("(SELECT DISTINCT order_id FROM stock_item WHERE order_id IS NOT NULL) d"),
        24
    );
    let plan = world.pipeline.run("ops", &["topology", "plan"]);
    let plan = String::from_utf8_lossy(&plan.stdout);
    assert!(plan.contains("queue alipay.notify.3 is of an old shard. Do not delete it"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_may_have_more_shards_than_the_ingress() {
    let mut world = World::new(12);
    let _worker = Worker::start(&world, &[FOUR]);
    world.place_orders("K", 12);
    for order in names("K", 12) {
        world.send(world.payment(&order)).await;
    }
    check_orders(&mut world, 12);
}

/// The lanes go on with the other shards, and consume the queue again when it is there again.
#[tokio::test(flavor = "multi_thread")]
async fn the_queue_of_an_old_shard_is_deleted_and_declared_again() {
    let mut world = World::new(24);
    world.test.start_ingress(&[FOUR]);
    world.test.start_ingress(&[]);
    let worker = Worker::start(&world, &[]);
    let hand = Hand::at(&world.sandbox.amqp_url).await;
    hand.channel
        .queue_delete(work_queue(3).as_str().into(), Default::default())
        .await
        .expect("deleted");
    world.place_orders("K", 12);
    world.place_orders("L", 12);
    for order in names("K", 12) {
        world.send(world.payment(&order)).await;
    }
    check_orders(&mut world, 12);
    assert_eq!(worker.readiness(), "ready");
    assert!(!worker.program.stderr().contains("set up again"), "{}", worker.program.stderr());

    world.test.start_ingress(&[FOUR]);
    for order in names("L", 12) {
        world.send(world.payment(&order)).await;
    }
    check_orders(&mut world, 24);
}
