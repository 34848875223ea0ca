//! The connection between worker and database.

use std::net::TcpStream;

use testkit::{FaultProxy, until};

use crate::world::World;
use crate::{Worker, check, storm};

const ORDERS: usize = 300;

struct Scene {
    world: World,
    line: FaultProxy,
}

impl Scene {
    fn new() -> Scene {
        let mut world = World::with_lines(ORDERS + 20);
        world.place_orders("K", ORDERS);
        let line = world.line_to_database();
        Scene { world, line }
    }

    fn worker(&self) -> Worker {
        let timeout = ("ALIPAY__WORKER__DATABASE_TIMEOUT", "2s");
        Worker::start(&self.world, &[timeout])
    }
}

#[test]
fn a_worker_recovers_after_its_database_connection_is_silent() {
    let mut scene = Scene::new();
    let mut worker = scene.worker();
    let mut storm = storm(&scene.world, ORDERS);
    scene.world.wait_for_count("fulfillment", 30);
    scene.line.black_hole();
    worker.wait_until_it_says("the database does not answer");
    let delivered = scene.world.count("fulfillment");
    assert!(delivered < 300, "silent too late to prove anything");
    // The ingress knows no database.
    assert!(storm.wait().success(), "the storm was not answered success throughout");
    scene.line.resume();
    worker.wait_until_ready();
    check(&mut scene.world, 300);
    assert!(worker.program.is_running());
    // A batch that ended late makes no message a suspect.
    until("no suspects", || scene.world.count("redelivery") == 0);
}

#[test]
fn a_worker_recovers_after_its_database_connection_is_cut() {
    let mut scene = Scene::new();
    let worker = scene.worker();
    let mut storm = storm(&scene.world, ORDERS);
    scene.world.wait_for_count("fulfillment", 30);
    scene.line.cut();
    worker.wait_until_it_says("the database does not answer");
    assert!(storm.wait().success(), "the storm was not answered success throughout");
    scene.line.resume();
    worker.wait_until_ready();
    check(&mut scene.world, 300);
}

/// Redelivered messages are suspects, which are counted in the database. That the line breaks again
/// and again between the count and the end of the transaction is not their fault.
#[test]
fn broken_connections_do_not_count_as_worker_deaths() {
    let mut scene = Scene::new();
    let mut storm = storm(&scene.world, ORDERS);
    let mut first = scene.worker();
    scene.world.wait_for_count("fulfillment", 30);
    scene.line.cut();
    assert!(storm.wait().success(), "the storm was not answered success throughout");
    first.program.kill();
    scene.line.resume();
    let second = scene.worker();
    for round in 1..=12 {
        scene.line.cut_after(4000 + round * 700);
        until("cut", || TcpStream::connect(scene.line.address()).is_err());
        scene.line.resume();
    }
    second.wait_until_ready();
    check(&mut scene.world, 300);
}
