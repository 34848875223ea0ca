//! Recorded messages of version 0.1 are processed after the upgrade.

use chrono::{DateTime, Utc};
use order::RefundRequestState;
use queue::topology::{DEAD_QUEUE, WORK_EXCHANGE, routing_key};
use queue::{Headers, Message};
use serde::Deserialize;
use store::refund_request::{RefundRequest, insert};

use crate::world::World;

const RECORDED: &str = include_str!("../recorded/version-0.1.json");
const PUBLIC: &str = include_str!("../../../common/alipay/tests/fixtures/keys/rsa2048-spki.pem");

#[derive(Deserialize)]
struct Recorded {
    name: String,
    message_id: String,
    attempt: u32,
    first_seen: DateTime<Utc>,
    reason: Option<String>,
    error: Option<String>,
    died_at: Option<DateTime<Utc>>,
    order: Option<String>,
    merchant: Option<String>,
    worker_version: Option<String>,
    body: String,
}

impl Recorded {
    fn message(self) -> Message {
        let (exchange, routing_key) = match self.died_at {
            Some(_) => (String::new(), DEAD_QUEUE.to_owned()),
            None => (WORK_EXCHANGE.to_owned(), routing_key(0)),
        };
        let headers = Headers {
            attempt: self.attempt,
            reason: self.reason,
            error: self.error,
            died_at: self.died_at,
            order: self.order,
            merchant: self.merchant,
            worker_version: self.worker_version,
            ..Headers::first(self.first_seen, None)
        };
        let body = self.body.into_bytes();
        Message { exchange, routing_key, message_id: self.message_id, headers, body }
    }

    /// A parameter of the form inside.
    fn parameter(&self, name: &str) -> String {
        let envelope = queue::Envelope::read(self.body.as_bytes()).expect("an envelope");
        let form = alipay::Form::parse(envelope.form.as_bytes()).expect("a form");
        String::from_utf8(form.get(name).expect(name).to_vec()).expect("text")
    }
}

fn config() -> String {
    format!(
        "[ingress]\nlisten = \"127.0.0.1:0\"\n[worker]\nqueries = false\n\
         [merchants.shop]\nprotocol = \"mapi\"\nseller_id = \"2088000000000001\"\n\
         sign_types = [\"MD5\"]\nmd5_key = \"only0for0tests\"\n\
         [merchants.app]\nprotocol = \"openapi\"\napp_id = \"2021000000000001\"\n\
         seller_id = \"2088000000000001\"\nsign_types = [\"RSA2\"]\n\
         alipay_public_keys = [\"\"\"{PUBLIC}\"\"\"]\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_version_0_1_are_processed() {
    let mut world = World::with(&config(), 10);
    for (order, merchant) in [
        ("OLD-PAID", "shop"),
        ("OLD-APP", "app"),
        ("OLD-EXPIRED", "app"),
        ("OLD-DEAD000001", "shop"),
    ] {
        world.pipeline.order(order, merchant, "CODE").expect("an order");
    }
    // They were placed just before the messages were recorded.
    world.sql("UPDATE user_order SET created_at = '2026-11-29 12:41:00'");
    world.sql("UPDATE user_order SET expires_at = '2026-11-29 12:41:00' WHERE id = 'OLD-EXPIRED'");
    let mut recorded: Vec<Recorded> = serde_json::from_str(RECORDED).expect("JSON");
    let answer = recorded.iter().find(|one| one.name == "refund_answer").expect("an answer");
    // What version 0.1 wrote before it asked.
    let request = RefundRequest {
        request_no: answer.parameter("out_request_no"),
        merchant: "app".to_owned(),
        order_id: "OLD-APP".to_owned(),
        trade_no: answer.parameter("trade_no"),
        amount: alipay::Fen::new(300),
        is_rest: false,
        reason: "test".to_owned(),
        asked_by: "test".to_owned(),
        state: RefundRequestState::Accepted,
        error: None,
        running_total: Some(alipay::Fen::new(300)),
        of_rejected: false,
    };
    let mut connection =
        store::Pool::new(&world.sandbox.database_url, 1).get().expect("a connection");
    insert(&mut connection, &request).expect("a request");

    let _worker = world.worker();
    let letter = recorded.pop().expect("the dead letter");
    world.publish(recorded.into_iter().map(Recorded::message).collect()).await;
    for order in ["OLD-PAID", "OLD-APP"] {
        let order = world.expect(order, |it| it["refunded_fee"] == 300);
        assert_eq!((&order["status"], &order["is_send_goods"]), (&8.into(), &true.into()));
    }
    world.wait_for_count("notification", 8);
    // A decision without a row must be made again by a person; an expiry without a row causes a query.
    let dead = ("OLD-PAID".to_owned(), "decision_without_row".to_owned());
    assert_eq!(world.dead_letters(), std::slice::from_ref(&dead));
    let shown = world.pipeline.ops(&["dlq", "list"]).expect("ops dlq list");
    assert!(shown.contains("decide the review again"), "{shown}");
    assert_eq!(world.count("gateway_query WHERE order_id = 'OLD-EXPIRED' AND why = 'expiry'"), 1);
    // The batch refund has `parked_refund` if it was processed before the payment of its trade.
    let told = "notification WHERE reason IS NOT NULL AND reason <> 'parked_refund'";
    assert_eq!(world.count(told), 1);

    // Its order was corrected.
    world.publish(vec![letter.message()]).await;
    world.pipeline.ops(&["dlq", "sync"]).expect("ops dlq sync");
    world.sql("UPDATE user_order SET total_fee = 1200 WHERE id = 'OLD-DEAD000001'");
    let order = ["dlq", "replay", "--reason", "total_mismatch"];
    world.pipeline.ops(&order).expect("ops dlq replay");
    world.expect("OLD-DEAD000001", |order| order["is_send_goods"] == true);
    assert_eq!(world.dead_letters(), [dead]);
}
