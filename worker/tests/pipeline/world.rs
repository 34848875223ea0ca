//! One pipeline of a test's own.

use std::time::{Duration, Instant};

use alipay::{Fen, Md5Key, Signer};
use chrono::Utc;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use hyper::Uri;
use serde_json::Value;
use simulator::{Merchant, Notification, Sender, Trade};
use tempfile::TempDir;
use testkit::{Pipeline, Program, Sandbox};

/// The time limit of each wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Every order costs 10.00 yuan.
pub(crate) const TOTAL: Fen = Fen::new(1000);

pub(crate) const CONFIG: &str = r#"
[ingress]
listen = "127.0.0.1:0"

[worker]
batch = 16
queries = false

[events]
enabled = true

[merchants.shop]
protocol = "mapi"
seller_id = "2088000000000001"
sign_types = ["MD5"]
md5_key = "only0for0tests"

[merchants.app]
protocol = "openapi"
app_id = "2021000000000001"
sign_types = ["MD5"]
md5_key = "only0for0tests0too"
"#;

/// Sandbox, configuration, ingress; workers are the test's to start.
pub(crate) struct World {
    pub(crate) pipeline: Pipeline,
    pub(crate) shop: Merchant,
    pub(crate) app: Merchant,
    address: String,
    sender: Sender,
    database: store::Connection,
    ingress: Program,
    // Last: what uses it goes first.
    pub(crate) sandbox: Sandbox,
    _folder: TempDir,
}

impl World {
    /// A pipeline with `codes` codes in stock.
    pub(crate) fn new(codes: usize) -> World {
        World::with(CONFIG, codes)
    }

    /// The same with a configuration of the test's own.
    pub(crate) fn with(config: &str, codes: usize) -> World {
        World::on(Sandbox::new(), config, codes)
    }

    /// The same on servers of the test's own.
    pub(crate) fn on(sandbox: Sandbox, config: &str, codes: usize) -> World {
        World::with_ingress(sandbox, config, codes, &[])
    }

    /// The same, whose ingress has these variables beside the sandbox's, and before them.
    pub(crate) fn with_ingress(
        sandbox: Sandbox,
        config: &str,
        codes: usize,
        more: &[(&str, &str)],
    ) -> World {
        let folder = TempDir::new().expect("a folder");
        let pipeline =
            Pipeline::new(folder.path(), config, &sandbox.environment()).expect("a configuration");
        let codes: Vec<String> = (1..=codes).map(|number| format!("C{number:05}")).collect();
        pipeline.prepare(&codes).expect("a shop");
        let environment = [&sandbox.environment()[..], more].concat();
        let for_ingress = Pipeline::new(folder.path(), config, &environment);
        let for_ingress = for_ingress.expect("a configuration");
        let (ingress, address) = for_ingress.start_ingress().expect("an ingress");
        let database = store::Pool::new(&sandbox.database_url, 1).get().expect("a connection");
        World {
            pipeline,
            shop: Merchant::mapi("2088000000000001"),
            app: Merchant::openapi("2021000000000001", "2088000000000001"),
            address,
            sender: Sender::new(Duration::from_secs(10)),
            database,
            ingress,
            sandbox,
            _folder: folder,
        }
    }

    /// The notify URL of the legacy merchant.
    pub(crate) fn address(&self) -> String {
        format!("http://{}/alipay/shop/notify", self.address)
    }

    /// `HOST:PORT` of the ingress.
    pub(crate) fn host(&self) -> &str {
        &self.address
    }

    /// What the ingress has logged.
    pub(crate) fn ingress_log(&self) -> String {
        self.ingress.stderr()
    }

    pub(crate) fn worker(&self) -> Program {
        self.pipeline.start("worker").0
    }

    /// A trade of the legacy merchant, created now.
    pub(crate) fn trade(&self, order: &str) -> Trade {
        Trade::open(&self.shop, order, TOTAL, Utc::now())
    }

    /// The notification of a payment.
    pub(crate) fn payment(&self, order: &str) -> Notification {
        self.trade(order).pay(Utc::now()).expect("a payment")
    }

    /// Signs and sends as the merchant that the notification is for; it must be answered `success`.
    pub(crate) async fn send(&self, notification: Notification) {
        let (name, key) = match notification.parameter("app_id") {
            Some(_) => ("app", "only0for0tests0too"),
            None => ("shop", "only0for0tests"),
        };
        let to: Uri =
            format!("http://{}/alipay/{name}/notify", self.address).parse().expect("a URI");
        let signed = notification.sign(&Signer::Md5(Md5Key::new(key))).expect("a signature");
        let attempt = self.sender.post(&to, signed.body().into()).await;
        assert!(attempt.is_success(), "answered {attempt:?}");
    }

    /// Sends a body that is signed already.
    pub(crate) async fn send_body(&self, merchant: &str, body: Vec<u8>) {
        let to = format!("http://{}/alipay/{merchant}/notify", self.address);
        let attempt = self.sender.post(&to.parse().expect("a URI"), body.into()).await;
        assert!(attempt.is_success(), "answered {attempt:?}");
    }

    /// Sends a body that must not be answered `success`.
    pub(crate) async fn refused(&self, merchant: &str, body: Vec<u8>) {
        let to = format!("http://{}/alipay/{merchant}/notify", self.address);
        let attempt = self.sender.post(&to.parse().expect("a URI"), body.into()).await;
        assert!(!attempt.is_success(), "answered {attempt:?}");
    }

    /// Waits until the order is as it should be.
    pub(crate) fn expect(&self, order: &str, holds: impl Fn(&Value) -> bool) -> Value {
        match self.pipeline.wait_for_order(order, PATIENCE, holds).expect("ops order show") {
            Ok(order) => order,
            Err(order) => panic!("not as it should be:\n{order:#}"),
        }
    }

    /// One number from the database.
    pub(crate) fn count(&mut self, query: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let row: Row = sql_query(format!("SELECT COUNT(*) AS n FROM {query}"))
            .get_result(&mut self.database)
            .expect(query);
        row.n
    }

    /// Waits until a number in the database is at least `least`.
    pub(crate) fn wait_for_count(&mut self, query: &str, least: i64) {
        let since = Instant::now();
        loop {
            let n = self.count(query);
            if n >= least {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "{n} of {least} {query}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs a statement.
    pub(crate) fn sql(&mut self, statement: &str) {
        // As text: MySQL prepares no DDL.
        self.database.batch_execute(statement).expect(statement);
    }

    /// Places `n` orders `{prefix}000001` and so on, as a shop does.
    pub(crate) fn place_orders(&mut self, prefix: &str, n: usize) {
        let rows: Vec<String> = (1..=n)
            .map(|number| format!("('{prefix}{number:06}','shop','CODE',1,'s',1000)"))
            .collect();
        self.sql(&format!(
            "INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee) VALUES {}",
            rows.join(",")
        ));
    }

    /// Every dead letter as (order, reason), sorted.
    pub(crate) fn dead_letters(&self) -> Vec<(String, String)> {
        let listed = self.pipeline.json(&["dlq", "list"]).expect("ops dlq list");
        let mut letters: Vec<(String, String)> = listed
            .as_array()
            .expect("an array")
            .iter()
            .map(|letter| {
                let text = |name: &str| letter[name].as_str().unwrap_or_default().to_owned();
                (text("order"), text("reason"))
            })
            .collect();
        letters.sort();
        letters
    }
}

/// Waits on the same thing again and again.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "rejection: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
