//! The events that a shop gets are those that the documents show: names, members, properties and headers.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use integration::blocks;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Connection, Consumer};
use serde_json::{Map, Value};

use crate::street::Street;

/// What the documents show of a message of each event.
const DOCUMENTS: [&str; 2] = ["docs/integration.md", "docs/integration.zh-CN.md"];

#[test]
fn the_documents_show_the_events_that_come() {
    let street = Street::open();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut consumer = runtime.block_on(listen(street.amqp_url()));

    for order in ["A1", "A2", "A3"] {
        street.ops(&["order", "create", order, "--merchant", "app", "--product", "CARD"]);
    }
    street.at_alipay("pay", "A1", &["--total", "0.07"]);
    street.at_alipay("refund", "A1", &["--amount", "0.03", "--request-no", "R1"]);
    street.at_alipay("refund", "A1", &[]);
    street.at_alipay("pay", "A2", &["--total", "0.07"]);
    street.at_alipay("finish", "A2", &[]);
    street.cashier(street.ops(&["pay-link", "A3", "--notify-url", &street.notify_url]).trim());
    street.at_alipay("close", "A3", &[]);

    let documents = DOCUMENTS.map(shown);
    let [english, chinese] = &documents;
    assert_eq!(english, chinese, "the two documents show other events");
    let mut missing: Vec<&String> = english.keys().collect();
    while !missing.is_empty() {
        let delivery = runtime
            .block_on(async { tokio::time::timeout(testkit::WAIT_LIMIT, consumer.next()).await });
        let delivery =
            delivery.unwrap_or_else(|_| panic!("{missing:?} do not come")).unwrap().unwrap();
        let key = delivery.routing_key.to_string();
        let body: Map<String, Value> = serde_json::from_slice(&delivery.data).unwrap();
        let shown =
            english.get(&key).unwrap_or_else(|| panic!("no document shows {key}: {body:?}"));
        assert_eq!(kinds(shown), kinds(&body), "{key}: {body:?}");
        assert_eq!(body["event"], key.as_str());
        let properties = &delivery.properties;
        assert_eq!(properties.message_id().as_ref().map(ShortString::as_str), body["id"].as_str());
        assert_eq!(
            properties.content_type().as_ref().map(ShortString::as_str),
            Some("application/json")
        );
        assert_eq!(*properties.delivery_mode(), Some(2));
        missing.retain(|event| **event != key);
    }
}

/// A queue of our own that gets all events.
async fn listen(url: &str) -> Consumer {
    let connection = Connection::connect(url, Default::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let exclusive = QueueDeclareOptions { exclusive: true, ..Default::default() };
    let queue = channel.queue_declare("".into(), exclusive, FieldTable::default()).await.unwrap();
    let queue = queue.name().clone();
    let (exchange, all) = ("alipay.events".into(), "#".into());
    channel
        .queue_bind(
            queue.clone(),
            exchange,
            all,
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
        .unwrap();
    let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
    channel.basic_consume(queue, "".into(), options, FieldTable::default()).await.unwrap()
}

/// The JSON of each event that a document shows.
fn shown(document: &str) -> BTreeMap<String, Map<String, Value>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
    let text = std::fs::read_to_string(path).unwrap();
    let json = blocks(&text).into_iter().filter(|block| block.language == "json");
    let bodies = json.flat_map(|block| {
        let lines: Vec<Map<String, Value>> =
            block.text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        lines
    });
    bodies.map(|body| (body["event"].as_str().unwrap().to_owned(), body)).collect()
}

/// Each member with the kind of its value.
fn kinds(body: &Map<String, Value>) -> BTreeMap<&str, &'static str> {
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    body.iter().map(|(name, value)| (name.as_str(), kind(value))).collect()
}
