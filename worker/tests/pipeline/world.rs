//! One pipeline of a test's own.

use std::ops::Deref;
use std::time::Duration;

use alipay::{Charset, Fen, Form, Md5Key, Signer};
use chrono::Utc;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use queue::topology::ShardCount;
use queue::{Cluster, Envelope, Message, MessageKind, Publisher, PublisherSettings, message_id};
use serde_json::Value;
use simulator::{AlipayTrade, Attempt, MerchantIdentity, Sender, UnsignedNotification};
use testkit::{Program, TestApp, WAIT_LIMIT, until_ok};
use tokio_util::sync::CancellationToken;

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

/// A pipeline with an ingress; workers are the test's to start.
pub(crate) struct World {
    pub(crate) shop: MerchantIdentity,
    pub(crate) app: MerchantIdentity,
    sender: Sender,
    database: store::Connection,
    // Last: what uses it goes first.
    pub(crate) test: TestApp,
}

impl Deref for World {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.test
    }
}

impl World {
    /// A pipeline with `codes` codes in stock.
    pub(crate) fn new(codes: usize) -> World {
        World::with(CONFIG, codes)
    }

    /// The same with a configuration of the test's own.
    pub(crate) fn with(config: &str, codes: usize) -> World {
        World::of(TestApp::builder(config).with_codes(codes).with_ingress(&[]))
    }

    /// Of an app with an ingress.
    pub(crate) fn of(test: TestApp) -> World {
        let database = store::Pool::new(&test.sandbox.database_url, 1).get();
        World {
            shop: MerchantIdentity::mapi("2088000000000001"),
            app: MerchantIdentity::openapi("2021000000000001", "2088000000000001"),
            sender: Sender::new(Duration::from_secs(10)),
            database: database.expect("a connection"),
            test,
        }
    }

    /// What the ingress has logged.
    pub(crate) fn ingress_log(&self) -> String {
        self.ingress.as_ref().expect("an ingress").stderr()
    }

    pub(crate) fn worker(&self) -> Program {
        self.start_worker()
    }

    /// A trade of the legacy merchant, created now.
    pub(crate) fn trade(&self, order: &str) -> AlipayTrade {
        AlipayTrade::open(&self.shop, order, TOTAL, Utc::now())
    }

    /// The notification of a payment.
    pub(crate) fn payment(&self, order: &str) -> UnsignedNotification {
        self.trade(order).pay(Utc::now()).expect("a payment")
    }

    /// Signs and sends as the merchant that the notification is for; it must be answered `success`.
    pub(crate) async fn send(&self, notification: UnsignedNotification) {
        let (name, key) = match notification.parameter("app_id") {
            Some(_) => ("app", "only0for0tests0too"),
            None => ("shop", "only0for0tests"),
        };
        let signed = notification.sign(&Signer::Md5(Md5Key::new(key))).expect("a signature");
        self.send_body(name, signed.body()).await;
    }

    /// Sends a body that is signed already.
    pub(crate) async fn send_body(&self, merchant: &str, body: Vec<u8>) {
        let attempt = self.post(merchant, body).await;
        assert!(attempt.is_success(), "answered {attempt:?}");
    }

    /// Sends a body that must not be answered `success`.
    pub(crate) async fn refused(&self, merchant: &str, body: Vec<u8>) {
        let attempt = self.post(merchant, body).await;
        assert!(!attempt.is_success(), "answered {attempt:?}");
    }

    async fn post(&self, merchant: &str, body: Vec<u8>) -> Attempt {
        let to = self.notify_url(merchant).parse().expect("a URI");
        self.sender.post(&to, body.into()).await
    }

    /// The message that the ingress makes of a notification for `shop`.
    pub(crate) fn message(&self, notification: UnsignedNotification) -> Message {
        let key = Signer::Md5(Md5Key::new("only0for0tests"));
        let body = notification.sign(&key).expect("a signature").body();
        let form = Form::parse(&body).expect("a form");
        let kind = MessageKind::TradeStatus;
        let text = alipay::ascii_form(&body);
        let envelope = Envelope::new("shop", kind, Charset::Utf8, Utc::now(), text);
        Message::notify(&envelope, message_id("shop", kind, &form), None, ShardCount::ONE)
    }

    /// Publishes messages, past the ingress.
    pub(crate) async fn publish(&self, messages: Vec<Message>) {
        self.publish_in_bundles(1, messages).await;
    }

    /// The same, up to `bundle` in one message of the broker.
    pub(crate) async fn publish_in_bundles(&self, bundle: usize, messages: Vec<Message>) {
        let stop = CancellationToken::new();
        let settings = PublisherSettings {
            cluster: Cluster::at(&self.sandbox.amqp_url).expect("a URL"),
            name: "test".to_owned(),
            lanes: 1,
            lane_capacity: 1024,
            bundle,
            confirm_timeout: WAIT_LIMIT,
        };
        let (publisher, task) = Publisher::start(settings, stop.clone());
        publisher.ready().await;
        for result in publisher.publish_all(messages).await {
            result.expect("a confirm");
        }
        stop.cancel();
        task.await.expect("the publisher ends");
    }

    /// Waits until the order is as it should be.
    pub(crate) fn expect(&self, order: &str, holds: impl Fn(&Value) -> bool) -> Value {
        self.pipeline.until_order(order, holds)
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
    #[track_caller]
    pub(crate) fn wait_for_count(&mut self, query: &str, least: i64) {
        until_ok(query, || match self.count(query) {
            n if n >= least => Ok(()),
            n => Err(format!("{n} of {least}")),
        });
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

    /// Every dead letter as (order, reason), sorted; a copy of a message is a letter of its own.
    pub(crate) fn dead_letters(&self) -> Vec<(String, String)> {
        let listed = self.pipeline.json(&["dlq", "list"]).expect("ops dlq list");
        let mut letters: Vec<(String, String)> = listed
            .as_array()
            .expect("an array")
            .iter()
            .flat_map(|letter| {
                let text = |name: &str| letter[name].as_str().unwrap_or_default().to_owned();
                let copies = letter["copies"].as_u64().unwrap_or(1);
                (0..copies).map(move |_| (text("order"), text("reason")))
            })
            .collect();
        letters.sort();
        letters
    }
}
