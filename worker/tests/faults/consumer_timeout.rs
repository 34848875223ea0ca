//! RabbitMQ's limit for how long a consumer may hold a message (`consumer_timeout`, by default 30
//! minutes), against a database that is away for longer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use queue::{Cluster, Connection, ConnectionSettings, topology};
use testkit::{Folder, RabbitMq, RabbitMqOptions, Sandbox, TestApp, until};

use crate::world::{CONFIG, World};
use crate::{Worker, check, storm};

const ORDERS: usize = 300;

/// How long the database is away: three times the limit.
const AWAY: Duration = Duration::from_secs(180);

/// A consumer that holds a message for longer loses it: up to RabbitMQ 4.2 with its channel, on 4.3
/// by `basic.cancel` (up to 4.3.6 the broker counts such a consumer until the client ends it). The lane
/// starts again, and nothing is counted: neither against the message, which seems to
/// have killed its worker, nor against the worker.
///
/// At the broker of `AMQP_URL` where `CONSUMER_TIMEOUT=60s` says that it has this limit
/// (`consumer_timeout = 60000` in rabbitmq.conf), else at one of its own.
#[test]
#[ignore = "takes four minutes: run it with --run-ignored only"]
fn consumers_cancelled_by_the_broker_during_a_database_outage_restart() {
    let own = std::env::var("CONSUMER_TIMEOUT").is_ok_and(|limit| limit == "60s");
    let mut broker = None;
    let sandbox = if own {
        Sandbox::new()
    } else {
        let folder = Arc::new(Folder::create().expect("a folder"));
        let lines = vec!["consumer_timeout = 60000".to_owned()];
        let options = RabbitMqOptions { lines, ..RabbitMqOptions::default() };
        let started = RabbitMq::start_with(&folder, &options).expect("a broker");
        let mut sandbox = Sandbox::database_only();
        sandbox.amqp_url = started.url();
        broker = Some(started);
        sandbox
    };
    let mut world = World::of(
        TestApp::on(sandbox, CONFIG).with_codes(ORDERS + 20).with_ingress(&[]).with_fault_proxies(),
    );
    world.place_orders("K", ORDERS);
    let line = world.line_to_database();
    let mut workers = [(); 2].map(|()| Worker::start(&world, &[]));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let consumers = |world: &World| runtime.block_on(consumers(&world.sandbox.amqp_url));
    until("four consumers", || consumers(&world) == 4);

    let mut storm = storm(&world, ORDERS);
    world.wait_for_count("fulfillment", 30);
    line.cut();
    let away = Instant::now();
    assert!(storm.wait().success(), "the storm was not answered success throughout");
    // The outage itself, not a wait for something to happen.
    std::thread::sleep(AWAY.saturating_sub(away.elapsed()));
    line.resume();
    check(&mut world, i64::try_from(ORDERS).expect("a number"));
    assert_eq!(world.count("redelivery"), 0, "a message is still under suspicion");
    let mut noticed = false;
    for worker in &mut workers {
        worker.wait_until_ready();
        assert!(worker.program.is_running());
        noticed |= worker.program.stderr().contains("the lane's consumer ended");
    }
    assert!(noticed, "the broker ended no consumer: the test proves nothing");
    until("four consumers", || consumers(&world) == 4);
    drop(broker);
}

/// Consumers of the work queue.
async fn consumers(url: &str) -> u32 {
    let settings = ConnectionSettings::new(&Cluster::at(url).expect("a URL"), "test");
    let connection = Connection::open(&settings).await.expect("a connection");
    let channel = connection.create_channel().await.expect("a channel");
    let options = QueueDeclareOptions { passive: true, ..Default::default() };
    let queue = topology::work_queue(0);
    let declare = channel.queue_declare(queue.as_str().into(), options, FieldTable::default());
    let consumers = declare.await.expect("a queue").consumer_count();
    connection.close().await;
    consumers
}
