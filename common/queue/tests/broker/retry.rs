//! Retry tiers.

use queue::topology::{RetryTier, ShardCount};
use queue::{Headers, Message, topology};
use tokio::time::Instant;

use crate::client::{Client, start_ready, work};

#[tokio::test]
async fn a_tier_gives_the_message_back_with_our_routing_key_and_its_headers() {
    let client = Client::new().await;
    let started = start_ready(&client.url, 1).await;
    let mut message = work("not yet");
    // As one that was moved there by the name of another queue.
    message.routing_key = "alipay.dead".into();
    message.headers = Headers::first("2026-11-23T03:41:00Z".parse().unwrap(), Some("00-t".into()));
    started.publisher.publish(message).await.unwrap();
    let received = client.take("alipay.notify.0").await;
    assert_eq!(received.routing_key, "alipay.dead");

    let retry = Message::retry(&received, RetryTier::FiveSeconds)
        .with_reason("order_missing", "no such order");
    let sent = Instant::now();
    started.publisher.publish(retry.clone()).await.unwrap();
    assert_eq!(client.depth("alipay.notify.0").await, 0);
    let (back, headers) = client.take_delivery("alipay.notify.0").await;
    assert!(sent.elapsed() >= RetryTier::FiveSeconds.delay(), "{:?}", sent.elapsed());
    assert_eq!(back.routing_key, "0");
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

/// The tiers themselves are not waited for: each message is taken out of its tier.
#[tokio::test]
async fn the_attempt_counts_up_over_all_tiers_to_the_dead_letter() {
    let client = Client::new().await;
    let started = start_ready(&client.url, 1).await;
    let first_seen = "2026-11-23T03:41:00Z".parse().unwrap();
    let message = Message { headers: Headers::first(first_seen, None), ..work("not yet") };
    started.publisher.publish(message).await.unwrap();
    let mut received = client.take("alipay.notify.0").await;
    let mut way = Vec::new();
    while let Some(tier) = RetryTier::after(received.headers.attempt) {
        let retry = Message::retry(&received, tier).with_reason("order_not_found", "not there");
        started.publisher.publish(retry).await.unwrap();
        received = client.take(tier.name()).await;
        assert_eq!(received.headers.first_seen, first_seen);
        assert_eq!(received.headers.reason.as_deref(), Some("order_not_found"));
        way.push((tier, received.headers.attempt));
    }
    let all: Vec<_> = RetryTier::ALL.into_iter().zip(1..).collect();
    assert_eq!(way, all);

    let dead = Message::dead(&received, "order_not_found", "never came", Some("1"), Some("shop"));
    started.publisher.publish(dead).await.unwrap();
    let dead = client.take(topology::DEAD_QUEUE).await;
    assert_eq!(dead.headers.attempt, 5);
    assert_eq!(dead.headers.first_seen, first_seen);
    // Replayed, it starts at the first tier again.
    started.publisher.publish(Message::replay(&dead, ShardCount::ONE)).await.unwrap();
    let replayed = client.take("alipay.notify.0").await;
    assert_eq!(RetryTier::after(replayed.headers.attempt), Some(RetryTier::FiveSeconds));
    started.stop().await;
}
