//! Several hosts of the broker: two lines to one broker stand for two nodes of a cluster.

use std::time::{Duration, Instant};

use alipay::{Md5Key, Signer};
use simulator::Sender;
use testkit::{FaultProxy, Sandbox, until};

use crate::world::{CONFIG, World};
use crate::{Worker, check, storm};

const ORDERS: usize = 300;

/// How long answers may be missing after the host in use is gone; it takes some 200 ms.
const GAP: Duration = Duration::from_secs(5);

/// Each line dies once, so the one that a program uses does.
#[tokio::test(flavor = "multi_thread")]
async fn every_program_fails_over_to_another_broker_host() {
    let scene = tokio::task::spawn_blocking(|| {
        let mut sandbox = Sandbox::new();
        let lines = [(); 2].map(|()| FaultProxy::in_front_of(&sandbox.amqp_url).expect("a proxy"));
        sandbox.amqp_url = lines.each_ref().map(|line| line.url(&sandbox.amqp_url)).join(",");
        let mut world = World::on(sandbox, CONFIG, ORDERS + 20);
        world.place_orders("K", ORDERS);
        let worker = Worker::start(&world, &[]);
        (world, lines, worker)
    });
    let (mut world, lines, worker) = scene.await.expect("a scene");
    let mut storm = storm(&world, ORDERS);
    world.wait_for_count("fulfillment", 30);

    let to = world.notify_url("shop").parse().expect("a URI");
    let sender = Sender::new(Duration::from_secs(10));
    let key = Signer::Md5(Md5Key::new("only0for0tests"));
    for line in &lines {
        let payment = world.payment("K000001").sign(&key).expect("a signature").body().to_owned();
        line.cut();
        let died = Instant::now();
        while !sender.post(&to, payment.clone().into()).await.is_success() {
            assert!(died.elapsed() < GAP, "no answer `success` for {:?}", died.elapsed());
        }
        // The operator's tool, too: it takes the other host.
        assert_eq!(world.dead_letters(), []);
        worker.wait_until_ready();
        line.resume();
    }
    assert!(storm.wait().success(), "the storm was not answered success in the end");
    check(&mut world, i64::try_from(ORDERS).expect("a number"));
    until("events", || world.count("outbox WHERE published_at IS NULL") == 0);
}
