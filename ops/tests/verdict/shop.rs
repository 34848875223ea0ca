//! A shop with a schema, queues and workers.

use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::{Program, Sandbox};

use crate::program::{Answer, Ops};

/// The time limit of each wait.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const MERCHANT: [(&str, &str); 4] = [
    ("ALIPAY__MERCHANTS__SHOP__PROTOCOL", "mapi"),
    ("ALIPAY__MERCHANTS__SHOP__SELLER_ID", "2088000000000001"),
    ("ALIPAY__MERCHANTS__SHOP__SIGN_TYPES", "MD5"),
    ("ALIPAY__MERCHANTS__SHOP__MD5_KEY", "a-key-nobody-should-see"),
];

/// An `ops` with the merchant `shop`.
pub(crate) fn ops_of(database_url: &str, amqp_url: &str) -> Ops {
    let ops = Ops::at(database_url, amqp_url);
    MERCHANT.into_iter().fold(ops, |ops, (name, value)| ops.set(name, value))
}

/// The shop of a sandbox.
pub(crate) struct Shop {
    pub(crate) ops: Ops,
    pub(crate) sandbox: Sandbox,
}

impl Shop {
    /// With schema, queues and a product without stock.
    pub(crate) fn new(sandbox: Sandbox) -> Shop {
        let ops = ops_of(&sandbox.database_url, &sandbox.amqp_url);
        ops.run("migrate").done();
        ops.run("topology apply").done();
        ops.run("product add gift --name Gift --kind stock --price 10").done();
        Shop { ops, sandbox }
    }

    /// A worker that consumes and has written a heartbeat.
    pub(crate) fn worker(&self) -> Program {
        let own = [("ALIPAY__WORKER__QUERIES", "false"), ("RUST_LOG", "info")];
        let environment = [&self.sandbox.environment()[..], &MERCHANT, &own].concat();
        let mut worker = Program::start("worker", &[], &environment);
        worker.wait_for_line("worker ready", Duration::from_secs(30));
        self.wait_for("a heartbeat", |status| {
            status["workers"].as_array().is_some_and(|workers| !workers.is_empty())
        });
        worker
    }

    pub(crate) fn connection(&self) -> store::Connection {
        store::Pool::new(&self.sandbox.database_url, 1).get().unwrap()
    }

    /// Runs `status` until the condition holds.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let status = self.ops.run("status --output json").json();
            if holds(&status) {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "never: {what}\n{status:#}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Runs `status` until it reports these findings.
    #[track_caller]
    pub(crate) fn wait_for_codes(&self, expected: &[&str]) -> Value {
        self.wait_for(&format!("{expected:?}"), |status| codes(status) == expected)
    }
}

/// The codes of the findings.
pub(crate) fn codes(status: &Value) -> Vec<&str> {
    let findings = status["findings"].as_array().expect("findings");
    findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

impl Answer {
    /// With exit code 1, and this in the first finding.
    #[track_caller]
    pub(crate) fn names(self, code: &str, seen: &str) -> Answer {
        let answer = self.ended(1, "wrong");
        let mut lines = answer.stdout.lines();
        let (first, finding) = (lines.next().unwrap(), lines.next().unwrap());
        assert!(first.contains("wrong"), "{}", answer.stdout);
        assert!(
            finding.contains(&format!(" {code}: ")) && finding.contains(seen),
            "{}",
            answer.stdout
        );
        assert!(lines.next().unwrap().contains("do: "), "{}", answer.stdout);
        answer
    }
}
