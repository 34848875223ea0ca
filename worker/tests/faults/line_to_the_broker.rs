//! The connections to the broker.

use std::time::{Duration, Instant};

use alipay::{Md5Key, Signer};
use simulator::Sender;
use testkit::until;

use crate::world::World;
use crate::{Worker, check, storm};

#[test]
fn a_worker_recovers_after_its_broker_connection_is_cut() {
    let mut world = World::with_lines(320);
    world.place_orders("K", 300);
    let line = world.line_to_broker();
    let worker = Worker::start(&world, &[]);
    let mut storm = storm(&world, 300);
    world.wait_for_count("fulfillment", 30);
    line.cut();
    worker.wait_until_it_says("a lane is not consuming");
    assert!(storm.wait().success(), "the storm was not answered success throughout");
    line.resume();
    worker.wait_until_ready();
    check(&mut world, 300);
}

/// Half-open: no byte and no reset. Heartbeats notice it, after 20 s.
#[test]
fn a_worker_recovers_after_its_broker_connection_is_silent() {
    let mut world = World::with_lines(320);
    world.place_orders("K", 300);
    let line = world.line_to_broker();
    let mut worker = Worker::start(&world, &[]);
    let mut storm = storm(&world, 300);
    world.wait_for_count("fulfillment", 30);
    line.black_hole();
    worker.wait_until_it_says("a lane is not consuming");
    assert!(storm.wait().success(), "the storm was not answered success throughout");
    // The silent connections are dead: only new ones can work.
    line.cut();
    line.resume();
    worker.wait_until_ready();
    check(&mut world, 300);
    assert!(worker.program.is_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_does_not_answer_gives_503_in_time() {
    let mut world = World::with_lines(10);
    world.place_orders("K", 2);
    let line = world.line_to_broker();
    let timeout = ("ALIPAY__INGRESS__CONFIRM_TIMEOUT", "1s");
    let (_ingress, address) = world.behind_lines().with(&[timeout]).start_ingress();
    let to = format!("http://{address}/alipay/shop/notify").parse().expect("a URI");
    let sender = Sender::new(Duration::from_secs(10));
    let key = Signer::Md5(Md5Key::new("only0for0tests"));
    let [first, second] = ["K000001", "K000002"]
        .map(|order| world.payment(order).sign(&key).expect("a signature").body().to_owned());

    let answer = sender.post(&to, first.clone().into()).await;
    assert!(answer.is_success(), "answered {answer:?}");
    line.black_hole();
    for _ in 0..2 {
        let asked = Instant::now();
        let answer = sender.post(&to, second.clone().into()).await;
        assert!(format!("{answer:?}").contains("503"), "answered {answer:?}");
        assert!(asked.elapsed() < Duration::from_secs(3), "took {:?}", asked.elapsed());
    }
    line.resume();
    let asked = Instant::now();
    while !sender.post(&to, second.clone().into()).await.is_success() {
        assert!(asked.elapsed() < Duration::from_secs(30), "the ingress does not recover");
    }
    let _worker = world.worker();
    until("both are delivered", || world.count("user_order WHERE is_send_goods") == 2);
    check(&mut world, 2);
}
