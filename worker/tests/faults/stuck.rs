//! Calls to the database that do not end.

use std::time::{Duration, Instant};

use testkit::FaultProxy;

use crate::world::World;
use crate::{Worker, check};

#[tokio::test]
async fn a_worker_whose_calls_are_stuck_for_good_ends_itself() {
    let mut world = World::new(10);
    world.place_orders("K", 2);
    let line = FaultProxy::in_front_of(&world.sandbox.database_url).expect("a proxy");
    let url = line.url(&world.sandbox.database_url);
    let timeout = ("ALIPAY__WORKER__DATABASE_TIMEOUT", "1s");
    let mut worker = Worker::start(&world, &[("DATABASE_URL", &url), timeout]);
    world.send(world.payment("K000001")).await;
    world.expect("K000001", |order| order["is_send_goods"] == true);
    line.black_hole();
    world.send(world.payment("K000002")).await;
    let silent = Instant::now();
    let status = worker.program.wait();
    assert_eq!(status.code(), Some(2));
    let errors = worker.program.stderr();
    assert!(errors.contains("calls to the database are stuck"), "{errors}");
    assert!(silent.elapsed() < Duration::from_secs(30), "took {:?}", silent.elapsed());
    // What a supervisor does.
    let _next = world.worker();
    check(&mut world, 2);
}

/// Nothing is under way but connections that are being made, on threads of the pool.
#[tokio::test]
async fn a_fresh_worker_whose_connections_never_come_about_ends_itself() {
    let mut world = World::new(10);
    world.place_orders("K", 1);
    world.send(world.payment("K000001")).await;
    let line = FaultProxy::in_front_of(&world.sandbox.database_url).expect("a proxy");
    let url = line.url(&world.sandbox.database_url);
    line.black_hole();
    let timeout = ("ALIPAY__WORKER__DATABASE_TIMEOUT", "1s");
    let mut worker = Worker::start(&world, &[("DATABASE_URL", &url), timeout]);
    let silent = Instant::now();
    worker.wait_until_it_says("the database does not answer");
    let status = worker.program.wait();
    assert_eq!(status.code(), Some(2));
    assert!(silent.elapsed() < Duration::from_secs(30), "took {:?}", silent.elapsed());
    // What a supervisor does.
    let _next = world.worker();
    check(&mut world, 1);
}

#[tokio::test]
async fn a_stuck_call_does_not_hold_up_the_end() {
    let mut world = World::new(10);
    world.place_orders("K", 2);
    let line = FaultProxy::in_front_of(&world.sandbox.database_url).expect("a proxy");
    let url = line.url(&world.sandbox.database_url);
    // Longer than the end may take: nothing counts as stuck before it.
    let mut worker = Worker::start(&world, &[("DATABASE_URL", &url)]);
    world.send(world.payment("K000001")).await;
    world.expect("K000001", |order| order["is_send_goods"] == true);
    line.black_hole();
    world.send(world.payment("K000002")).await;
    // The sweepers look every second: after that their calls, if not the lane's, are under way.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let asked = Instant::now();
    worker.program.terminate();
    let status = worker.program.wait();
    assert!(status.success(), "exit {status}");
    let took = asked.elapsed();
    assert!(took > Duration::from_secs(3), "no call was stuck: {took:?}");
    assert!(took < Duration::from_secs(12), "took {took:?}");
    line.resume();
    let _next = world.worker();
    check(&mut world, 2);
}
