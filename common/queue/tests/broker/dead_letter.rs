//! Dead letters and their replay.

use queue::topology::ShardCount;
use queue::{Headers, Message};

use crate::client::{Client, start_ready, work};

#[tokio::test]
async fn any_body_dies_and_comes_back_byte_for_byte() {
    let client = Client::new().await;
    let started = start_ready(&client.url, 1).await;
    let body = b"\x00\xff no envelope";
    let mut message = Message { body: body.to_vec(), ..work("x") };
    message.headers.attempt = 3;
    message.headers.first_seen = "2026-11-23T03:41:00Z".parse().unwrap();
    started.publisher.publish(message.clone()).await.unwrap();
    let received = client.take("alipay.notify.0").await;

    let evidence = "\u{8ba2}\u{5355}".repeat(1000);
    let dead = Message::dead(&received, "mismatch", &evidence, Some("1"), Some("shop"));
    started.publisher.publish(dead).await.unwrap();
    let dead = client.take("alipay.dead").await;
    assert_eq!(dead.body, body);
    assert_eq!(dead.message_id, "x");
    assert_eq!(dead.headers.attempt, 3);
    assert_eq!(dead.headers.first_seen, message.headers.first_seen);
    assert_eq!(dead.headers.reason.as_deref(), Some("mismatch"));
    assert_eq!(dead.headers.order.as_deref(), Some("1"));
    assert_eq!(dead.headers.merchant.as_deref(), Some("shop"));
    let error = dead.headers.error.as_deref().unwrap();
    assert!(error.len() <= queue::MAX_HEADER_LENGTH && evidence.starts_with(error), "{error}");

    started.publisher.publish(Message::replay(&dead, ShardCount::ONE)).await.unwrap();
    let replayed = client.take("alipay.notify.0").await;
    assert_eq!((replayed.body.as_slice(), replayed.message_id.as_str()), (&body[..], "x"));
    let first = Headers::first(message.headers.first_seen, None);
    assert_eq!(replayed.headers, Headers { replayed: true, ..first });
    started.stop().await;
}
