//! A shop with a schema, queues and workers.

use serde_json::Value;
use testkit::{Program, Sandbox, until_ok};

use crate::program::{Answer, Ops};

/// An `ops` with the merchant `shop`.
pub(crate) fn ops_of(database_url: &str, amqp_url: &str) -> Ops {
    Ops::at(database_url, amqp_url).with_shop()
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
        let worker = self.ops.worker();
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
        until_ok(what, || {
            let status = self.ops.run("status --output json").json();
            if holds(&status) { Ok(status) } else { Err(format!("{status:#}")) }
        })
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
