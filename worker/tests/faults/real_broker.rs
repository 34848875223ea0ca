//! Actions of a broker: alarms, closed connections, silence. Each test has its own broker.

use std::sync::Arc;

use alipay::Fen;
use testkit::{Folder, RabbitMq, Sandbox, until};

use crate::world::{CONFIG, World};
use crate::{Worker, check, storm};

struct Scene {
    world: World,
    broker: RabbitMq,
}

impl Scene {
    fn new(codes: usize) -> Scene {
        let folder = Arc::new(Folder::create().expect("a folder"));
        let broker = RabbitMq::start(&folder).expect("a broker");
        let mut sandbox = Sandbox::database_only();
        sandbox.amqp_url = broker.url();
        Scene { world: World::on(sandbox, CONFIG, codes), broker }
    }

    fn control(&self, arguments: &[&str]) {
        self.broker.control(arguments).expect("rabbitmqctl");
    }
}

/// Everything that the worker has to publish waits, and so do the messages that cause it.
#[tokio::test(flavor = "multi_thread")]
async fn a_memory_alarm_delays_messages_and_loses_none() {
    let mut scene = tokio::task::spawn_blocking(|| Scene::new(20)).await.expect("a scene");
    scene.world.place_orders("K", 3);
    let mut worker = Worker::start(&scene.world, &[]);
    scene.world.send(scene.world.payment("K000001")).await;
    // An event is published, so that the connection is one that publishes.
    scene.world.expect("K000001", |order| order["is_send_goods"] == true);
    scene.world.wait_for_count("outbox WHERE published_at IS NOT NULL", 1);

    // In the queue before the alarm: it keeps publishers out, not what is there.
    worker.program.pause();
    let wrong = scene.world.payment("K000003").wrong_amount(Fen::new(1));
    for notification in [scene.world.payment("K000002"), wrong] {
        scene.world.send(notification).await;
    }
    scene.control(&["set_vm_memory_high_watermark", "0.0000001"]);
    worker.program.resume();
    worker.wait_until_it_says("the publisher is not connected");
    assert_eq!(scene.world.count("user_order WHERE id = 'K000003' AND status <> 0"), 0);
    scene.control(&["set_vm_memory_high_watermark", "0.7"]);
    worker.wait_until_ready();
    scene.world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", 2);
    let letter = [("K000003".to_owned(), "total_mismatch".to_owned())];
    until("one dead letter", || {
        let mut letters = scene.world.dead_letters();
        // A message in transit at the time of the alarm may have arrived, and is published again.
        letters.dedup();
        letters == letter
    });
    assert_eq!(scene.world.count("notification WHERE attempts > 0"), 0, "an attempt was counted");
    until("events", || scene.world.count("outbox WHERE published_at IS NULL") == 0);
}

#[test]
fn closed_connections_and_a_suspended_broker_lose_no_message() {
    let mut scene = Scene::new(320);
    scene.world.place_orders("K", 300);
    let mut worker = Worker::start(&scene.world, &[]);
    let mut storm = storm(&scene.world, 300);
    scene.world.wait_for_count("fulfillment", 30);
    scene.control(&["close_all_connections", "-p", "/", "for a test"]);
    worker.program.wait_for_log("for a test");
    worker.wait_until_ready();
    // Half-open: everything stays connected, and nothing answers. Heartbeats detect it after 20 s.
    scene.broker.pause();
    worker.wait_until_it_says("a lane is not consuming");
    scene.broker.resume();
    worker.wait_until_ready();
    assert!(storm.wait().success(), "the storm was not answered success throughout");
    check(&mut scene.world, 300);
    assert!(worker.program.is_running());
}
