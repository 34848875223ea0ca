//! The queue for dead letters is full, or was emptied by another tool.

use std::sync::Arc;

use queue::topology::{DEAD_QUEUE, RetryTier};
use testkit::{Folder, RabbitMq, Sandbox, until};

use crate::Worker;
use crate::world::{CONFIG, World};

struct Scene {
    world: World,
    broker: RabbitMq,
}

fn scene(codes: usize) -> Scene {
    let folder = Arc::new(Folder::create().expect("a folder"));
    let broker = RabbitMq::start(&folder).expect("a broker");
    let mut sandbox = Sandbox::database_only();
    sandbox.amqp_url = broker.url();
    Scene { world: World::on(sandbox, CONFIG, codes), broker }
}

impl Scene {
    fn limit(&self, queue: &str, messages: u32) {
        let policy = format!(r#"{{"max-length":{messages},"overflow":"reject-publish"}}"#);
        let pattern = format!("^{}$", queue.replace('.', "\\."));
        self.broker.control(&["set_policy", queue, &pattern, &policy]).expect("rabbitmqctl");
    }

    /// Sends wrong totals until the worker says that a queue is full; how many there were. One at a time: a quorum
    /// queue takes some messages too many when they come together, since publishers learn late that it is full.
    async fn fill_the_dead_queue(&self, worker: &Worker) -> usize {
        for sent in 1..=MOST_WRONG {
            let wrong = self.world.payment(&format!("W{sent:06}")).with("total_fee", "9.99");
            self.world.send(wrong).await;
            let is_full = || worker.readiness().contains("a queue is full");
            until("a letter, or it is told", || {
                is_full() || self.world.dead_letters().len() == sent
            });
            if is_full() {
                return sent;
            }
        }
        panic!("{MOST_WRONG} letters are in a queue for one");
    }
}

/// The most wrong totals that are sent to a queue for one.
const MOST_WRONG: usize = 20;

/// Messages that cannot be dead-lettered or retried delay no others, and are reported.
#[tokio::test(flavor = "multi_thread")]
async fn full_retry_and_dead_queues_do_not_delay_good_messages() {
    let mut scene = tokio::task::spawn_blocking(|| scene(12)).await.expect("a scene");
    let worker = Worker::start(&scene.world, &[]);
    scene.limit(DEAD_QUEUE, 1);
    scene.limit(RetryTier::FiveSeconds.name(), 1);
    scene.world.place_orders("W", MOST_WRONG);
    let wrong = scene.fill_the_dead_queue(&worker).await;
    // Their orders do not exist, so they must be retried.
    for number in 1..=4 {
        scene.world.send(scene.world.payment(&format!("N{number:06}"))).await;
    }
    scene.world.place_orders("G", 8);
    for number in 1..=8 {
        scene.world.send(scene.world.payment(&format!("G{number:06}"))).await;
    }
    scene.world.wait_for_count("user_order WHERE id LIKE 'G%' AND is_send_goods", 8);
    assert!(worker.metric("alipay_worker_held_messages") >= 1.0);
    // What the broker refuses has no row that says that it is in the queue.
    let compared = scene.world.pipeline.json(&["dlq", "sync"]).expect("ops dlq sync");
    for differing in ["found", "recounted", "gone"] {
        assert_eq!(compared[differing], 0, "{compared}");
    }
    // Nothing is lost: with room again they become dead letters, and the others are retried until their orders exist.
    scene.world.place_orders("N", 4);
    scene.limit(DEAD_QUEUE, 1000);
    scene.limit(RetryTier::FiveSeconds.name(), 1000);
    until("all are letters", || scene.world.dead_letters().len() == wrong);
    scene.world.wait_for_count("user_order WHERE id LIKE 'N%' AND is_send_goods", 4);
    until("it is over", || !worker.readiness().contains("a queue is full"));
    assert_eq!(scene.world.count("user_order WHERE is_send_goods"), 12);
    assert_eq!(scene.world.count("user_order WHERE id LIKE 'W%' AND status <> 0"), 0);
}

/// `ops dlq discard` says what it removes; a purge does not.
#[tokio::test(flavor = "multi_thread")]
async fn rejected_messages_are_dead_lettered_after_a_full_queue_is_purged() {
    let mut scene = tokio::task::spawn_blocking(|| scene(1)).await.expect("a scene");
    let _worker = Worker::start(&scene.world, &[]);
    scene.world.place_orders("W", 1);
    let wrong = scene.world.payment("W000001").with("total_fee", "9.99");
    scene.world.send(wrong.clone()).await;
    until("a letter", || scene.world.dead_letters().len() == 1);
    // A repeat makes none while it lies there.
    scene.world.send(wrong.clone()).await;
    scene.world.wait_for_count("notification WHERE seen = 2", 1);
    assert_eq!(scene.world.dead_letters().len(), 1);
    scene.broker.control(&["purge_queue", DEAD_QUEUE]).expect("rabbitmqctl");
    // A worker uses its latest reading for some seconds.
    let mut seen = 2;
    while scene.world.synced_letters().is_empty() {
        scene.world.send(wrong.clone()).await;
        seen += 1;
        assert!(seen < 300, "no letter");
        scene.world.wait_for_count(&format!("notification WHERE seen >= {seen}"), 1);
    }
    assert_eq!(scene.world.dead_letters(), [("W000001".to_owned(), "total_mismatch".to_owned())]);
}
