//! Queues are deleted while a worker runs; of the work queue the broker cancels the consumer.

use std::time::{Duration, Instant};

use lapin::options::QueueDeleteOptions;
use queue::{Cluster, Connection, ConnectionSettings, topology};

use crate::world::World;
use crate::{Worker, check};

async fn delete(world: &World, queues: &[&str]) {
    let settings =
        ConnectionSettings::new(&Cluster::at(&world.sandbox.amqp_url).expect("a URL"), "test");
    let connection = Connection::open(&settings).await.expect("a connection");
    let channel = connection.create_channel().await.expect("a channel");
    for queue in queues {
        let deleted = channel.queue_delete((*queue).into(), QueueDeleteOptions::default());
        deleted.await.expect("deleted");
    }
}

/// Nothing can be dead-lettered or retried, and the batch of a message that must be waits for the queue.
#[tokio::test(flavor = "multi_thread")]
async fn deleted_retry_and_dead_queues_are_declared_again() {
    let mut world = World::new(10);
    world.place_orders("K", 2);
    let _worker = Worker::start(&world, &[]);
    world.send(world.payment("K000001")).await;
    world.expect("K000001", |order| order["is_send_goods"] == true);
    delete(&world, &[topology::DEAD_QUEUE, topology::RetryTier::ALL[0].name()]).await;
    world.send(world.payment("NOBODY")).await;
    world.send(world.payment("K000001").with("total_fee", "0.01")).await;
    world.send(world.payment("K000002")).await;
    world.expect("K000002", |order| order["is_send_goods"] == true);
    let letter = ("K000001".to_owned(), "total_mismatch".to_owned());
    testkit::until("the letter is there", || world.dead_letters().contains(&letter));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_work_queue_is_declared_and_consumed_again() {
    let mut world = World::new(10);
    world.place_orders("K", 2);
    let worker = Worker::start(&world, &[]);
    world.send(world.payment("K000001")).await;
    world.expect("K000001", |order| order["is_send_goods"] == true);

    delete(&world, &[&topology::work_queue(0)]).await;
    // Not ready for a moment, so it is polled without a pause.
    let asked = Instant::now();
    while !worker.readiness().contains("a lane is not consuming") {
        assert!(asked.elapsed() < Duration::from_secs(30), "never red");
    }
    worker.wait_until_ready();
    // Only the worker can have declared it: nothing was published meanwhile.
    world.send(world.payment("K000002")).await;
    check(&mut world, 2);
}
