//! The worker and the ingress while a connection to a server is cut or silent. No attempt
//! is counted, nothing is dead-lettered, and they recover by themselves.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

mod accounts;
mod consumer_timeout;
mod failover;
mod full;
mod hosts;
mod line_to_the_broker;
mod line_to_the_database;
mod merchants;
mod moved;
mod outage_lines;
mod read_only;
mod real_broker;
mod refusals;
mod stuck;
mod work_queue;
#[allow(dead_code, reason = "shared with the tests of the pipeline")]
#[path = "../pipeline/world.rs"]
mod world;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use testkit::Program;

use crate::world::{World, eventually};

/// A worker and the address of its probes.
struct Worker {
    program: Program,
    admin: String,
}

impl Worker {
    /// With this environment beside that of the world, and before it.
    fn start(world: &World, environment: &[(&str, &str)]) -> Worker {
        let config = world.pipeline.config().display().to_string();
        let own = [("ALIPAY__WORKER__ADMIN_LISTEN", "127.0.0.1:0")];
        let environment = [&world.sandbox.environment()[..], &own, environment].concat();
        let mut program = Program::start("worker", &["--config", &config], &environment);
        let line = program.wait_for_line("worker ready", Duration::from_secs(30));
        let admin = line.split_once("admin=").expect("an address").1.to_owned();
        Worker { program, admin }
    }

    /// The program alone: it may never be ready.
    fn start_unready(world: &World, environment: &[(&str, &str)]) -> Program {
        let config = world.pipeline.config().display().to_string();
        let environment = [&world.sandbox.environment()[..], environment].concat();
        Program::start("worker", &["--config", &config], &environment)
    }

    /// What `/readyz` says.
    fn readiness(&self) -> String {
        self.get("/readyz")
    }

    /// The value of a metric, `name{label="value"}`; 0 where it is not told yet.
    fn metric(&self, name: &str) -> f64 {
        let told = self.get("/metrics");
        let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().expect("a number"))
    }

    fn get(&self, path: &str) -> String {
        let mut probe = TcpStream::connect(&self.admin).expect("the admin endpoint");
        let request = format!("GET {path} HTTP/1.1\r\nHost: worker\r\nConnection: close\r\n\r\n");
        probe.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        probe.read_to_string(&mut answer).expect("an answer");
        answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
    }

    fn wait_until_it_says(&self, words: &str) {
        eventually(words, || self.readiness().contains(words));
    }

    fn wait_until_ready(&self) {
        eventually("ready", || self.readiness() == "ready");
    }
}

/// Starts `count` payments of `K000001` and so on, 100 a second, some sent twice; the orders have to
/// be there.
fn storm(world: &World, count: usize) -> Program {
    let (config, to) = (world.pipeline.config().display().to_string(), world.address());
    let count = count.to_string();
    let arguments = [
        &["storm", "--config", &config, "--to", &to, "--merchant", "shop", "--prefix", "K"][..],
        &["--count", &count, "--total", "10.00", "--rate", "100", "--connections", "8"],
        &["--duplicate", "20", "--output", "json"],
    ];
    Program::start("simulator", &arguments.concat(), &[])
}

/// Every order is delivered once, and no message was counted.
fn check(world: &mut World, orders: i64) {
    world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", orders);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), orders);
    let distinct = "(SELECT DISTINCT order_id FROM stock_item WHERE order_id IS NOT NULL) d";
    assert_eq!(world.count(distinct), orders);
    assert_eq!(world.count("notification WHERE attempts > 0"), 0, "an attempt was counted");
    assert_eq!(world.dead_letters(), []);
}
