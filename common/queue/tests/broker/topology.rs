//! Declaring exchanges and queues.

use futures_util::StreamExt as _;
use lapin::ExchangeKind;
use lapin::options::{BasicConsumeOptions, ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use queue::topology::{Layout, TopologyError, TopologyObject, apply, bindings, plan};
use queue::{Cluster, Message, ReceivedMessage};

use crate::client::{Client, start_ready, work};

fn names(changes: &[TopologyObject]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

const ALL: [&str; 32] = [
    "direct exchange alipay.notify",
    "quorum queue alipay.notify.0",
    "binding of queue alipay.notify.0 to exchange alipay.notify with key 0",
    "binding of queue alipay.notify.0 to exchange alipay.notify with key alipay.notify.0",
    "binding of queue alipay.notify.0 to exchange alipay.notify with key alipay.retry.5s",
    "binding of queue alipay.notify.0 to exchange alipay.notify with key alipay.retry.30s",
    "binding of queue alipay.notify.0 to exchange alipay.notify with key alipay.retry.2m",
    "binding of queue alipay.notify.0 to exchange alipay.notify with key alipay.retry.10m",
    "binding of queue alipay.notify.0 to exchange alipay.notify with key alipay.retry.1h",
    "binding of queue alipay.notify.0 to exchange alipay.notify with key alipay.dead",
    "binding of queue alipay.notify.0 to exchange alipay.notify with key alipay.notify",
    "binding of queue alipay.notify.0 to exchange alipay.notify with an empty key",
    "fanout exchange alipay.retry.5s",
    "quorum queue alipay.retry.5s",
    "binding of queue alipay.retry.5s to exchange alipay.retry.5s with an empty key",
    "fanout exchange alipay.retry.30s",
    "quorum queue alipay.retry.30s",
    "binding of queue alipay.retry.30s to exchange alipay.retry.30s with an empty key",
    "fanout exchange alipay.retry.2m",
    "quorum queue alipay.retry.2m",
    "binding of queue alipay.retry.2m to exchange alipay.retry.2m with an empty key",
    "fanout exchange alipay.retry.10m",
    "quorum queue alipay.retry.10m",
    "binding of queue alipay.retry.10m to exchange alipay.retry.10m with an empty key",
    "fanout exchange alipay.retry.1h",
    "quorum queue alipay.retry.1h",
    "binding of queue alipay.retry.1h to exchange alipay.retry.1h with an empty key",
    "quorum queue alipay.dead",
    "topic exchange alipay.events",
    "quorum queue alipay.events.shop",
    "binding of queue alipay.events.shop to exchange alipay.events with key order.#",
    "binding of queue alipay.events.shop to exchange alipay.events with key product.#",
];

#[tokio::test]
async fn plan_changes_nothing_and_apply_makes_the_difference_once() {
    let client = Client::empty().await;
    let cluster = &client.cluster();
    assert_eq!(names(&plan(cluster, Layout::one_shard(true)).await.unwrap()), ALL);
    assert_eq!(names(&plan(cluster, Layout::one_shard(true)).await.unwrap()), ALL);
    assert_eq!(names(&apply(cluster, Layout::one_shard(false)).await.unwrap()), ALL[..28]);
    assert_eq!(names(&plan(cluster, Layout::one_shard(true)).await.unwrap()), ALL[28..]);
    assert_eq!(names(&apply(cluster, Layout::one_shard(true)).await.unwrap()), ALL[28..]);
    assert_eq!(apply(cluster, Layout::one_shard(true)).await.unwrap(), []);
    assert_eq!(plan(cluster, Layout::one_shard(true)).await.unwrap(), []);
}

#[tokio::test]
async fn what_differs_is_explained_and_nothing_is_changed() {
    let client = Client::empty().await;
    let channel = &client.channel;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-message-ttl".into(), AMQPValue::LongInt(6000));
    let options = QueueDeclareOptions::durable();
    channel.queue_declare("alipay.retry.5s".into(), options, arguments).await.unwrap();
    let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
    let none = FieldTable::default();
    channel
        .exchange_declare("alipay.notify".into(), ExchangeKind::Topic, options, none)
        .await
        .unwrap();

    for refused in [
        plan(&client.cluster(), Layout::one_shard(false)).await,
        apply(&client.cluster(), Layout::one_shard(false)).await,
    ] {
        let error = refused.unwrap_err();
        let TopologyError::Conflicts(conflicts) = &error else { panic!("{error}") };
        assert_eq!(conflicts.len(), 2, "{error}");
        let text = error.to_string();
        for part in [
            "exchange alipay.notify is there but is no durable direct exchange",
            "inequivalent arg 'type'",
            "queue alipay.retry.5s is there with other arguments",
            "inequivalent arg 'x-",
            "rabbitmqctl delete_queue alipay.retry.5s",
            "apply again",
        ] {
            assert!(text.contains(part), "{part:?} is not in: {text}");
        }
    }
    // The dead letter queue comes after both in the list, and did not conflict.
    let options = QueueDeclareOptions::durable().passive();
    let dead = channel.queue_declare("alipay.dead".into(), options, FieldTable::default()).await;
    assert!(dead.unwrap_err().to_string().contains("NOT-FOUND"));
}

#[tokio::test]
async fn apply_repairs_a_binding() {
    let client = Client::new().await;
    let (queue, exchange, key) = ("alipay.notify.0", "alipay.notify", "0");
    client
        .channel
        .queue_unbind(queue.into(), exchange.into(), key.into(), FieldTable::default())
        .await
        .unwrap();
    let started = start_ready(&client.url, 1).await;
    let error = started.publisher.publish(work("lost")).await.unwrap_err();
    assert_eq!(error.reason_code(), "returned");
    let missing = names(&plan(&client.cluster(), Layout::one_shard(true)).await.unwrap());
    assert_eq!(missing, ["binding of queue alipay.notify.0 to exchange alipay.notify with key 0"]);
    assert_eq!(apply(&client.cluster(), Layout::one_shard(true)).await.unwrap(), []);
    started.publisher.publish(work("found")).await.unwrap();
    let mut found = client.take(queue).await;
    while found.is_probe {
        found = client.take(queue).await;
    }
    assert_eq!(found.body, b"found");
    started.stop().await;
}

/// Also of a tier; and of the keys by which a person publishes. Looking leaves nothing behind: a probe
/// that a queue takes is one that workers know, and it goes away by itself.
#[tokio::test]
async fn plan_names_every_binding_that_is_missing() {
    let client = Client::new().await;
    let removed = [
        ("alipay.notify.0", "alipay.notify", "alipay.notify.0"),
        ("alipay.notify.0", "alipay.notify", ""),
        ("alipay.retry.2m", "alipay.retry.2m", ""),
    ];
    for (queue, exchange, key) in removed {
        let none = FieldTable::default();
        client.channel.queue_unbind(queue.into(), exchange.into(), key.into(), none).await.unwrap();
    }
    let work = [
        "binding of queue alipay.notify.0 to exchange alipay.notify with key alipay.notify.0",
        "binding of queue alipay.notify.0 to exchange alipay.notify with an empty key",
    ];
    // Nobody consumes: of tiers nothing is known, and what arrives goes away by itself.
    assert_eq!(names(&plan(&client.cluster(), Layout::one_shard(true)).await.unwrap()), work);
    assert!(client.take("alipay.notify.0").await.is_probe);
    let gone = async {
        // The broker has no signal for a depth.
        while client.depth("alipay.notify.0").await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::client::LONG, gone).await.expect("probes go away");

    // A worker takes all of them, those through the tiers too.
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    let consume = client.channel.basic_consume("alipay.notify.0".into(), "".into(), options, none);
    let consumer = consume.await.unwrap();
    let tier = "binding of queue alipay.retry.2m to exchange alipay.retry.2m with an empty key";
    assert_eq!(
        names(&plan(&client.cluster(), Layout::one_shard(true)).await.unwrap()),
        [&work[..], &[tier]].concat()
    );
    let through = bindings(Layout::one_shard(false)).len() - 3;
    let probes = consumer.take(through).map(|delivery| ReceivedMessage::new(delivery.unwrap()));
    let probes = tokio::time::timeout(crate::client::LONG, probes.collect::<Vec<_>>()).await;
    assert!(probes.unwrap().iter().all(|probe| probe.is_probe));
}

/// An installation from before products had events.
#[tokio::test]
async fn apply_adds_a_binding_to_a_queue_that_is_in_use() {
    let client = Client::new().await;
    let (queue, exchange, key) = ("alipay.events.shop", "alipay.events", "product.#");
    client
        .channel
        .queue_unbind(queue.into(), exchange.into(), key.into(), FieldTable::default())
        .await
        .unwrap();
    let started = start_ready(&client.url, 1).await;
    let event = |id: &str| {
        Message::event("product.low_stock", id.to_owned(), chrono::Utc::now(), id.into())
    };
    let error = started.publisher.publish(event("lost")).await.unwrap_err();
    assert_eq!(error.reason_code(), "returned");
    assert_eq!(apply(&client.cluster(), Layout::one_shard(true)).await.unwrap(), []);
    started.publisher.publish(event("found")).await.unwrap();
    assert_eq!(client.take_bodies(queue, 1).await, ["found"]);
    started.stop().await;
}

#[tokio::test]
async fn without_a_broker() {
    // Nothing listens on port 1.
    let nobody = Cluster::at("amqp://guest:secret@127.0.0.1:1/%2f").unwrap();
    let error = apply(&nobody, Layout::one_shard(false)).await.unwrap_err();
    assert!(matches!(error, TopologyError::Connection(_)), "{error:?}");
    let text = format!("{error} {error:?}");
    assert!(text.contains("refused") && !text.contains("secret"), "{text}");
}

/// Looks do not count as deliveries: a message survives any number of them.
#[tokio::test]
async fn looking_at_a_dead_letter_does_not_delete_it() {
    let client = Client::new().await;
    let started = start_ready(&client.url, 1).await;
    let message = queue::Message {
        exchange: String::new(),
        routing_key: "alipay.dead".into(),
        ..work("dead")
    };
    started.publisher.publish(message).await.unwrap();
    for look in 0..30 {
        let got = client.channel.basic_get("alipay.dead".into(), Default::default()).await.unwrap();
        let got = got.unwrap_or_else(|| panic!("gone at look {look}"));
        let requeue = lapin::options::BasicNackOptions { requeue: true, multiple: false };
        assert!(got.delivery.acker.nack(requeue).await.unwrap());
        // The return is handled before this answer of the same channel.
        client.depth("alipay.dead").await;
    }
    assert_eq!(client.take_bodies("alipay.dead", 1).await, ["dead"]);
    started.stop().await;
}
