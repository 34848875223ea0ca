//! A shop with an account at both gateways, and the simulator as Alipay.

use std::ops::{Deref, DerefMut};

use serde_json::Value;
use testkit::{Merchants, Program, TestApp};

use crate::program::Answer;

pub(crate) struct World {
    app: TestApp,
}

impl Deref for World {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut TestApp {
        &mut self.app
    }
}

impl World {
    /// With the merchants `shop` (legacy, MD5) and `app` (Open Platform, RSA2), which hear of nothing.
    pub(crate) fn new() -> World {
        let merchants = Merchants { md5_key: "a-key-nobody-should-see", gateway: None };
        let variables = [
            ("ALIPAY__WORKER__ADMIN_LISTEN", "127.0.0.1:0"),
            ("ALIPAY__INGRESS__ADMIN_LISTEN", "127.0.0.1:0"),
            ("RUST_LOG", "info"),
            ("USER", "operator"),
        ];
        let app = TestApp::builder(&merchants.to_string()).with_variables(&variables);
        let world = World { app: app.with_gateway() };
        world.run("migrate").ended(0, "");
        world.run("topology apply").ended(0, "");
        world.run("product add gift --name 礼品 --kind manual --price 10").ended(0, "");
        world
    }

    /// One more variable, or another value.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.pipeline.set(name, value);
    }

    /// Starts `ops` with these arguments.
    pub(crate) fn start(&self, arguments: &[&str]) -> Program {
        self.pipeline.program("ops", arguments)
    }

    pub(crate) fn run(&self, arguments: &str) -> Answer {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        Answer::of(self.pipeline.run("ops", &arguments))
    }

    pub(crate) fn json(&self, arguments: &str) -> Value {
        self.run(&format!("{arguments} --output json")).ended(0, "").json()
    }

    /// An order over 10.00.
    pub(crate) fn order(&self, id: &str, merchant: &str) {
        self.run(&format!("order create {id} --merchant {merchant} --product gift")).ended(0, "");
    }

    /// Starts an ingress, so Alipay's notifications arrive from now on.
    pub(crate) fn hear_alipay(&mut self) {
        self.start_ingress(&[]);
        self.start_alipay(&[]);
    }

    /// The buyer opens (`wait`) or pays (`pay`) a trade, without a notification.
    pub(crate) fn buyer(&self, verb: &str, id: &str, merchant: &str) {
        self.at_alipay(verb, merchant, id, &["--total", "10.00", "--drop"]);
    }

    /// Orders that are paid, at Alipay and here.
    pub(crate) fn paid(&self, orders: &[(&str, &str)]) -> Program {
        let worker = self.worker();
        for (id, merchant) in orders {
            self.order(id, merchant);
            self.buyer("pay", id, merchant);
            self.run(&format!("query {id} --apply")).ended(0, "");
            self.until(id, |order| order["status"] == 8);
        }
        worker
    }

    pub(crate) fn worker(&self) -> Program {
        self.start_worker()
    }

    /// Waits until the order satisfies the condition.
    #[track_caller]
    pub(crate) fn until(&self, id: &str, is_so: impl Fn(&Value) -> bool) {
        self.pipeline.until_order(id, is_so);
    }

    /// The trade at Alipay.
    pub(crate) fn trade(&self, id: &str, merchant: &str) -> Value {
        self.pipeline.trade_at_alipay(merchant, id).unwrap()
    }

    /// The refunds that Alipay has made of it, fen.
    pub(crate) fn refunds(&self, id: &str, merchant: &str) -> Vec<i64> {
        self.pipeline.refunds_at_alipay(merchant, id).unwrap()
    }
}
