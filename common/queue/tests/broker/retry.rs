//! Retry tiers.

use lapin::options::{QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use queue::topology::RetryTier;
use queue::{Headers, Message};
use tokio::time::Instant;

use crate::client::{Client, start_ready, work};

#[tokio::test]
async fn a_tier_gives_the_message_back_with_its_routing_key_and_headers() {
    let client = Client::new().await;
    // A second shard shows that the routing key is kept.
    let channel = &client.channel;
    let options = QueueDeclareOptions::durable();
    channel.queue_declare("shard7".into(), options, FieldTable::default()).await.unwrap();
    let (options, none) = (QueueBindOptions::default(), FieldTable::default());
    channel
        .queue_bind("shard7".into(), "alipay.notify".into(), "7".into(), options, none)
        .await
        .unwrap();

    let started = start_ready(&client.url, 1).await;
    let mut message = work("not yet");
    message.routing_key = "7".into();
    message.headers = Headers::first("2026-11-23T03:41:00Z".parse().unwrap(), Some("00-t".into()));
    started.publisher.publish(message).await.unwrap();
    let received = client.take("shard7").await;

    let retry = Message::retry(&received, RetryTier::FiveSeconds)
        .with_reason("order_missing", "no such order");
    let sent = Instant::now();
    started.publisher.publish(retry.clone()).await.unwrap();
    assert_eq!(client.depth("shard7").await, 0);
    let (back, headers) = client.take_delivery("shard7").await;
    assert!(sent.elapsed() >= RetryTier::FiveSeconds.delay(), "{:?}", sent.elapsed());
    assert_eq!(back.routing_key, "7");
    assert_eq!(back.body, b"not yet");
    assert_eq!(back.message_id, received.message_id);
    assert_eq!(back.headers, retry.headers);
    assert_eq!(back.headers.attempt, 1);

    // What the broker wrote on the way is there, and not copied.
    assert!(headers.iter().any(|name| name == "x-death"), "{headers:?}");
    let dead = Message::dead(&back, "order_missing", "no such order", None, None);
    started.publisher.publish(dead).await.unwrap();
    let (_, headers) = client.take_delivery("alipay.dead").await;
    assert!(!headers.iter().any(|name| name.contains("death")), "{headers:?}");
    started.stop().await;
}
