//! The worker and the ingress while a connection to a server is cut or silent. No attempt
//! is counted, nothing is dead-lettered, and they recover by themselves.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

mod accounts;
mod consumer_timeout;
mod database_refuses;
mod failover;
mod full;
mod hosts;
mod line_to_the_broker;
mod line_to_the_database;
mod merchants;
mod metrics;
mod moved;
mod outage_lines;
mod read_only;
mod real_broker;
mod shards;
mod stuck;
mod work_queue;
#[allow(dead_code, reason = "shared with the tests of the pipeline")]
#[path = "../pipeline/world.rs"]
mod world;

use testkit::{FaultProxy, Program, Sandbox, TestApp, http, until};

use crate::world::{CONFIG, World};

impl World {
    /// A pipeline on servers of the test's own.
    pub(crate) fn on(sandbox: Sandbox, config: &str, codes: usize) -> World {
        World::of(TestApp::on(sandbox, config).with_codes(codes).with_ingress(&[]))
    }

    /// One with [`lines`](TestApp::lines) between workers and servers.
    pub(crate) fn with_lines(codes: usize) -> World {
        World::of(TestApp::builder(CONFIG).with_codes(codes).with_ingress(&[]).with_fault_proxies())
    }

    /// The dead letters after a comparison with the queue, from which another tool has taken some.
    pub(crate) fn synced_letters(&self) -> Vec<(String, String)> {
        self.pipeline.ops(&["dlq", "sync"]).expect("ops dlq sync");
        self.dead_letters()
    }

    /// The line between workers and database.
    pub(crate) fn line_to_database(&self) -> FaultProxy {
        self.lines.as_ref().expect("with_lines")[0].clone()
    }

    /// The line between workers and broker.
    pub(crate) fn line_to_broker(&self) -> FaultProxy {
        self.lines.as_ref().expect("with_lines")[1].clone()
    }
}

/// A worker and the `http://HOST:PORT` of its probes.
struct Worker {
    program: Program,
    admin: String,
}

impl Worker {
    /// With this environment beside that of the world, and before it.
    fn start(world: &World, environment: &[(&str, &str)]) -> Worker {
        let own = [("ALIPAY__WORKER__ADMIN_LISTEN", "127.0.0.1:0")];
        let pipeline = world.behind_lines().with(&own).with(environment);
        let (program, line) = pipeline.start("worker", &[]);
        Worker { program, admin: format!("http://{}", line.value("admin")) }
    }

    /// The program alone: it may never be ready.
    fn start_unready(world: &World, environment: &[(&str, &str)]) -> Program {
        world.pipeline.with(environment).program("worker", &[])
    }

    /// What `/readyz` says.
    fn readiness(&self) -> String {
        self.get("/readyz")
    }

    /// The value of a metric, `name{label="value"}`; 0 where it is not told yet.
    fn metric(&self, name: &str) -> f64 {
        let metrics = self.get("/metrics");
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().expect("a number"))
    }

    fn get(&self, path: &str) -> String {
        http::get(&format!("{}{path}", self.admin)).expect("the admin endpoint").body
    }

    fn wait_until_it_says(&self, words: &str) {
        until(words, || self.readiness().contains(words));
    }

    fn wait_until_ready(&self) {
        until("ready", || self.readiness() == "ready");
    }
}

/// Starts `count` payments of `K000001` and so on, 100 a second, some sent twice; the orders have to
/// be there.
fn storm(world: &World, count: usize) -> Program {
    let (to, count) = (world.notify_url("shop"), count.to_string());
    let arguments = [
        &["storm", "--to", &to, "--merchant", "shop", "--prefix", "K"][..],
        &["--count", &count, "--total", "10.00", "--rate", "100", "--connections", "8"],
        &["--duplicate", "20", "--output", "json"],
    ];
    world.pipeline.program("simulator", &arguments.concat())
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
