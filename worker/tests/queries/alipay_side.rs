//! A pipeline with Alipay beside it: both merchants, their keys, the gateway.

use alipay::Fen;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use order::RefundRequestState;
use queue::topology::ShardCount;
use queue::{Envelope, Message};
use store::gateway_answer::{self, AnswerKey};
use store::refund_request::{RefundRequest, insert};
use testkit::{Merchants, Program, Sandbox, TestApp};

use crate::world::World;

/// A world with keys of both sides, no Alipay and no worker yet.
pub(crate) struct AlipaySide {
    pub(crate) world: World,
}

/// The configuration, which names no gateway yet.
fn config() -> String {
    let merchants = Merchants { md5_key: "only0for0tests", gateway: None };
    format!(
        r#"
[worker]
batch = 16
query_unpaid_after = "1h"
query_silent_after = "24h"
query_timeout = "2s"

[events]
enabled = true
{merchants}"#
    )
}

impl AlipaySide {
    /// With `codes` codes in stock.
    pub(crate) fn new(codes: usize) -> AlipaySide {
        AlipaySide { world: World::with(&config(), codes) }
    }

    /// The same on servers of the test's own.
    pub(crate) fn on(sandbox: Sandbox, codes: usize) -> AlipaySide {
        let app = TestApp::on(sandbox, &config()).with_codes(codes).with_ingress(&[]);
        AlipaySide { world: World::of(app) }
    }

    /// Starts the gateway, which sends no notifications; returns it with its address.
    pub(crate) fn gateway(&self, faults: &[&str]) -> (Program, String) {
        let (gateway, url) = self.world.pipeline.start_alipay(None, faults);
        (gateway, format!("{url}/gateway.do"))
    }

    /// Runs a `verb` of the simulator at Alipay; with `--drop` in `more`, without a notification.
    pub(crate) fn happens(&self, verb: &str, merchant: &str, order: &str, more: &[&str]) {
        self.world.at_alipay(verb, merchant, order, more);
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
        worker.wait_until_ready();
        worker
    }

    /// The same without waiting: it may die before it is ready.
    pub(crate) fn start_worker(&self, gateway: &str, more: &[(&str, &str)]) -> Program {
        let gateways = [
            ("ALIPAY__MERCHANTS__SHOP__GATEWAY", gateway),
            ("ALIPAY__MERCHANTS__APP__GATEWAY", gateway),
        ];
        self.world.pipeline.with(&gateways).with(more).program("worker", &[])
    }

    /// Publishes messages of our own programs.
    pub(crate) async fn publish(&self, envelopes: impl IntoIterator<Item = Envelope>) {
        let messages = envelopes.into_iter().map(|envelope| {
            let id = envelope.message_id().expect("a form");
            Message::notify(&envelope, id, None, ShardCount::ONE)
        });
        self.world.publish(messages.collect()).await;
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
        self.world.pipeline.refunds_at_alipay(merchant, order).expect("a trade")
    }

    /// Alipay's number of the order's trade.
    pub(crate) fn trade_no(&self, merchant: &str, order: &str) -> String {
        let trade = self.world.pipeline.trade_at_alipay(merchant, order).expect("a trade");
        trade["trade_no"].as_str().expect("a number").to_owned()
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
