//! A pipeline with Alipay beside it: both merchants, their keys, the gateway.

use std::path::PathBuf;
use std::time::Duration;

use alipay::Fen;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use order::RefundRequestState;
use queue::{Cluster, Envelope, Message, Publisher, PublisherSettings};
use store::gateway_answer::{self, AnswerKey};
use store::refund_request::{RefundRequest, insert};
use tempfile::TempDir;
use testkit::{Program, Sandbox, run_program};
use tokio_util::sync::CancellationToken;

use crate::world::{PATIENCE, World};

/// A world, its Alipay, and no worker yet.
pub(crate) struct AlipaySide {
    pub(crate) world: World,
    keys: TempDir,
}

/// Nobody listens there: a test that forgets to name a gateway reaches no real one.
const NOWHERE: &str = "http://127.0.0.1:9/gateway.do";

impl AlipaySide {
    /// With `codes` codes in stock.
    pub(crate) fn new(codes: usize) -> AlipaySide {
        AlipaySide::on(Sandbox::new(), codes)
    }

    /// The same on servers of the test's own.
    pub(crate) fn on(sandbox: Sandbox, codes: usize) -> AlipaySide {
        let keys = TempDir::new().expect("a folder");
        for owner in ["alipay", "merchant"] {
            let folder = keys.path().join(owner).display().to_string();
            let made = run_program("simulator", &["keygen", "--dir", &folder], &[]);
            assert!(made.status.success(), "{made:?}");
        }
        let of = |owner: &str, file: &str| keys.path().join(owner).join(file).display().to_string();
        let config = format!(
            r#"
[ingress]
listen = "127.0.0.1:0"

[worker]
batch = 16
query_unpaid_after = "1h"
query_silent_after = "24h"
query_timeout = "2s"

[events]
enabled = true

[merchants.shop]
protocol = "mapi"
seller_id = "2088000000000001"
sign_types = ["MD5"]
md5_key = "only0for0tests"
gateway = "{NOWHERE}"

[merchants.app]
protocol = "openapi"
app_id = "2021000000000001"
seller_id = "2088000000000001"
sign_types = ["RSA2"]
alipay_public_keys_file = "{}"
private_key_file = "{}"
gateway = "{NOWHERE}"
"#,
            of("alipay", "alipay_public.pem"),
            of("merchant", "alipay_private.pem"),
        );
        AlipaySide { world: World::on(sandbox, &config, codes), keys }
    }

    fn config(&self) -> String {
        self.world.pipeline.config().display().to_string()
    }

    pub(crate) fn file(&self, name: &str) -> String {
        let path: PathBuf = self.keys.path().join(name);
        path.display().to_string()
    }

    fn alipay_key(&self) -> String {
        self.file("alipay/alipay_private.pem")
    }

    /// Starts the gateway; returns it with its address.
    pub(crate) fn gateway(&self, faults: &[&str]) -> (Program, String) {
        let (config, trades, key) = (self.config(), self.file("trades.json"), self.alipay_key());
        let serve =
            ["serve", "--config", &config, "--trades", &trades, "--alipay-private-key", &key];
        let mut gateway = Program::start("simulator", &[&serve[..], faults].concat(), &[]);
        let line = gateway.wait_for_line("simulator ready", Duration::from_secs(30));
        let address = line.split_whitespace().find_map(|word| word.strip_prefix("gateway="));
        let address = address.expect("an address").to_owned();
        (gateway, address)
    }

    /// Runs a `verb` of the simulator at Alipay; with `--drop` in `more`, without a notification.
    pub(crate) fn happens(&self, verb: &str, merchant: &str, order: &str, more: &[&str]) {
        let (config, trades, key) = (self.config(), self.file("trades.json"), self.alipay_key());
        let to = self.world.address().replace("/shop/", &format!("/{merchant}/"));
        let arguments = [
            verb,
            "--config",
            &config,
            "--merchant",
            merchant,
            "--order",
            order,
            "--trades",
            &trades,
            "--alipay-private-key",
            &key,
            "--to",
            &to,
        ];
        let done = run_program("simulator", &[&arguments[..], more].concat(), &[]);
        assert!(done.status.success(), "{verb} {order}: {done:?}");
    }

    /// The buyer pays 10.00 yuan.
    pub(crate) fn pays(&self, merchant: &str, order: &str, more: &[&str]) {
        self.happens("pay", merchant, order, &[&["--total", "10.00"][..], more].concat());
    }

    /// Places an order for one unit.
    pub(crate) fn place(&self, merchant: &str, order: &str, product: &str) {
        self.world.pipeline.order(order, merchant, product).expect("an order");
    }

    /// Starts a worker that asks this gateway.
    pub(crate) fn worker(&self, gateway: &str, more: &[(&str, &str)]) -> Program {
        let mut worker = self.start_worker(gateway, more);
        worker.wait_for_line("worker ready", Duration::from_secs(30));
        worker
    }

    /// The same without waiting: it may die before it is ready.
    pub(crate) fn start_worker(&self, gateway: &str, more: &[(&str, &str)]) -> Program {
        let gateways = [
            ("ALIPAY__MERCHANTS__SHOP__GATEWAY", gateway),
            ("ALIPAY__MERCHANTS__APP__GATEWAY", gateway),
        ];
        let environment = [&self.world.sandbox.environment(), &gateways[..], more].concat();
        Program::start("worker", &["--config", &self.config()], &environment)
    }

    /// Publishes messages of our own programs.
    pub(crate) async fn publish(&self, envelopes: impl IntoIterator<Item = Envelope>) {
        let messages = envelopes.into_iter().map(|envelope| {
            let id = envelope.message_id().expect("a form");
            Message::notify(&envelope, id, None)
        });
        self.publish_messages(messages.collect()).await;
    }

    pub(crate) async fn publish_messages(&self, messages: Vec<Message>) {
        let stop = CancellationToken::new();
        let settings = PublisherSettings {
            cluster: Cluster::at(&self.world.sandbox.amqp_url).expect("a URL"),
            name: "test".to_owned(),
            lanes: 1,
            lane_capacity: 1024,
            confirm_timeout: PATIENCE,
        };
        let (publisher, task) = Publisher::start(settings, stop.clone());
        publisher.ready().await;
        for result in publisher.publish_all(messages).await {
            result.expect("a confirm");
        }
        stop.cancel();
        task.await.expect("the publisher ends");
    }

    /// A connection of the test's own to the database.
    pub(crate) fn connection(&self) -> store::Connection {
        store::Pool::new(&self.world.sandbox.database_url, 1).get().expect("a connection")
    }

    /// A refund of 3.00 yuan was requested, with an unknown result.
    pub(crate) fn asked_refund(&self, order: &str, trade_no: &str, number: &str) {
        let request = RefundRequest {
            request_no: number.to_owned(),
            merchant: "app".to_owned(),
            order_id: order.to_owned(),
            trade_no: trade_no.to_owned(),
            amount: Fen::new(300),
            is_rest: false,
            reason: "test".to_owned(),
            asked_by: "test".to_owned(),
            state: RefundRequestState::Unknown,
            error: None,
            running_total: None,
            of_rejected: false,
        };
        insert(&mut self.connection(), &request).expect("a request");
    }

    /// Records an answer of the gateway, as the program that receives it does.
    pub(crate) fn asked_answer(&self, order: &str, answer: &Envelope) {
        let key = AnswerKey { order_id: order, digest: &answer.digest() };
        gateway_answer::write(&mut self.connection(), key).expect("an answer");
    }

    /// One text, called `text`, from the database.
    pub(crate) fn text(&self, query: &str) -> String {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            text: String,
        }
        let row: Row = sql_query(query).get_result(&mut self.connection()).expect(query);
        row.text
    }

    /// The refunds that Alipay has made of this order, in fen.
    pub(crate) fn refunds(&self, merchant: &str, order: &str) -> Vec<i64> {
        let trades = std::fs::read(self.file("trades.json")).expect("the trades");
        let trades: serde_json::Value = serde_json::from_slice(&trades).expect("JSON");
        let refunds = &trades["merchants"][merchant][order][0]["trade"]["refunds"];
        let refunds = refunds.as_array().expect("a trade");
        refunds.iter().filter_map(|refund| refund["amount"].as_i64()).collect()
    }

    /// Alipay's number of the order's trade.
    pub(crate) fn trade_no(&self, merchant: &str, order: &str) -> String {
        let trades = std::fs::read(self.file("trades.json")).expect("the trades");
        let trades: serde_json::Value = serde_json::from_slice(&trades).expect("JSON");
        let number = &trades["merchants"][merchant][order][0]["trade"]["trade_no"];
        number.as_str().expect("a trade").to_owned()
    }

    /// How many different answers about this order the lanes have processed.
    pub(crate) fn answers(&mut self, order: &str) -> i64 {
        let inbox = format!("notification WHERE kind = 'query_answer' AND order_id = '{order}'");
        self.world.count(&inbox)
    }
}

/// Orders are unpaid for too long after a second.
pub(crate) const UNPAID: (&str, &str) = ("ALIPAY__WORKER__QUERY_UNPAID_AFTER", "1s");
/// And silent after two.
pub(crate) const SILENT: (&str, &str) = ("ALIPAY__WORKER__QUERY_SILENT_AFTER", "2s");
