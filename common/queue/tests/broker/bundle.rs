//! Several notifications in one message of the broker.

use std::time::Duration;

use chrono::{DateTime, Utc};
use lapin::options::{BasicAckOptions, BasicGetOptions};
use queue::topology::ShardCount;
use queue::{Envelope, Message, MessageKind, PublisherSettings, ReceivedMessage};
use tokio::time::timeout;

use crate::client::{Client, LONG, Started, start_with};

/// A publisher with one lane that makes bundles of at most eight.
async fn start(client: &Client) -> Started {
    let started = start_with(PublisherSettings {
        cluster: client.cluster(),
        name: "test publisher".into(),
        lanes: 1,
        lane_capacity: 256,
        bundle: 8,
        confirm_timeout: Duration::from_secs(5),
    });
    timeout(LONG, started.publisher.ready()).await.expect("ready");
    started
}

fn notifications(count: usize) -> Vec<Message> {
    let at: DateTime<Utc> = "2026-11-23T03:41:00.25Z".parse().unwrap();
    let one = |number: usize| {
        let form = format!("out_trade_no={number}");
        let kind = MessageKind::TradeStatus;
        let envelope = Envelope::new("shop", kind, alipay::Charset::Utf8, at, form);
        Message::notify(
            &envelope,
            format!("id-{number}"),
            Some(format!("00-trace-{number}-01")),
            ShardCount::ONE,
        )
    };
    (0..count).map(one).collect()
}

/// Every delivery of the work queue, as the messages that it carries.
async fn deliveries(client: &Client) -> Vec<Vec<ReceivedMessage>> {
    let mut all = Vec::new();
    let get = || client.channel.basic_get("alipay.notify.0".into(), BasicGetOptions::default());
    while let Some(got) = get().await.unwrap() {
        assert!(got.delivery.acker.ack(BasicAckOptions::default()).await.unwrap());
        all.push(ReceivedMessage::unbundle(got.delivery, 0));
    }
    all
}

/// On one thread the lane runs when the test waits: all messages are there then.
#[tokio::test]
async fn messages_that_wait_together_travel_together_and_arrive_as_they_are() {
    let client = Client::new().await;
    let started = start(&client).await;
    let sent = notifications(21);
    for answer in started.publisher.publish_all(sent.clone()).await {
        answer.unwrap();
    }
    let deliveries = deliveries(&client).await;
    let sizes: Vec<usize> = deliveries.iter().map(Vec::len).collect();
    assert_eq!(sizes, [8, 8, 5]);
    for (received, sent) in deliveries.into_iter().flatten().zip(&sent) {
        assert_eq!(received.message_id, sent.message_id);
        assert_eq!(received.headers, sent.headers);
        assert_eq!(received.body, sent.body);
        assert_eq!(received.exchange, "alipay.notify");
        assert_eq!(received.routing_key, "0");
    }
    started.stop().await;
}

#[tokio::test]
async fn a_message_that_waits_alone_travels_alone() {
    let client = Client::new().await;
    let started = start(&client).await;
    let sent = notifications(3);
    for message in sent.clone() {
        started.publisher.publish(message).await.unwrap();
    }
    for sent in sent {
        // Its body is the envelope itself, as of a publisher without bundles.
        let received = client.take("alipay.notify.0").await;
        assert_eq!((received.message_id, received.body), (sent.message_id, sent.body));
    }
    started.stop().await;
}

#[tokio::test]
async fn a_bundle_that_no_queue_takes_fails_each_of_its_messages_and_no_other() {
    let client = Client::new().await;
    let started = start(&client).await;
    let mut messages = notifications(12);
    for message in &mut messages[2..5] {
        message.routing_key = "nowhere".into();
    }
    let answers = started.publisher.publish_all(messages).await;
    let confirmed: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    let expected: Vec<bool> = (0..12).map(|number| !(2..5).contains(&number)).collect();
    assert_eq!(confirmed, expected, "{answers:?}");
    let sizes: Vec<usize> = deliveries(&client).await.iter().map(Vec::len).collect();
    assert_eq!(sizes, [8, 1]);
    started.stop().await;
}
