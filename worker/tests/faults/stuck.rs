//! Calls to the database that get no answer.

use std::time::{Duration, Instant};

use testkit::until;

use crate::world::World;
use crate::{Worker, check};

/// The connection falls silent during calls. The calls time out, the worker reports it, and continues
/// when the connection is back, without a restart.
#[tokio::test(flavor = "multi_thread")]
async fn database_calls_without_an_answer_time_out_and_the_worker_continues() {
    let mut world = World::with_lines(10);
    world.place_orders("K", 2);
    let line = world.line_to_database();
    let timeout = ("ALIPAY__WORKER__DATABASE_TIMEOUT", "1s");
    let mut worker = Worker::start(&world, &[timeout]);
    world.send(world.payment("K000001")).await;
    world.expect("K000001", |order| order["is_send_goods"] == true);
    line.black_hole();
    world.send(world.payment("K000002")).await;
    worker.wait_until_it_says("the database does not answer");
    line.resume();
    check(&mut world, 2);
    worker.wait_until_ready();
    assert!(worker.program.is_running(), "it is the same process");
}

/// Only connection attempts are in progress.
#[tokio::test(flavor = "multi_thread")]
async fn connection_attempts_without_an_answer_time_out_and_the_worker_continues() {
    let mut world = World::with_lines(10);
    world.place_orders("K", 1);
    world.send(world.payment("K000001")).await;
    let line = world.line_to_database();
    line.black_hole();
    let timeout = ("ALIPAY__WORKER__DATABASE_TIMEOUT", "1s");
    let mut worker = Worker::start(&world, &[timeout]);
    worker.wait_until_it_says("the database does not answer");
    line.resume();
    check(&mut world, 1);
    worker.wait_until_ready();
    assert!(worker.program.is_running(), "it is the same process");
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_does_not_wait_for_a_call_without_an_answer() {
    let mut world = World::with_lines(10);
    world.place_orders("K", 2);
    let line = world.line_to_database();
    // The time limit of a call is longer than that of the shutdown.
    let mut worker = Worker::start(&world, &[]);
    world.send(world.payment("K000001")).await;
    world.expect("K000001", |order| order["is_send_goods"] == true);
    line.black_hole();
    world.send(world.payment("K000002")).await;
    until("a call is in progress", || line.keeps_request());
    let asked = Instant::now();
    worker.program.terminate();
    let status = worker.program.wait();
    assert!(status.success(), "exit {status}");
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(12), "took {took:?}");
    line.resume();
    let _next = world.worker();
    check(&mut world, 2);
}
