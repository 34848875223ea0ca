//! Publishing with confirms.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{FutureExt, poll};
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use queue::topology::ShardCount;
use queue::{Envelope, Message, MessageKind, PublishError, PublisherSettings, topology};
use tokio::time::timeout;

use crate::client::{Client, LONG, start_ready, start_with, work};

fn codes(answers: &[Result<(), PublishError>]) -> Vec<&'static str> {
    answers
        .iter()
        .map(|answer| answer.as_ref().map_or_else(PublishError::reason_code, |()| "confirmed"))
        .collect()
}

#[tokio::test]
async fn a_notification_arrives_as_it_was_sent() {
    let client = Client::new().await;
    let started = start_ready(&client.url, 2).await;
    assert!(started.publisher.is_ready());
    let form = "subject=%B2%E2+x&notify_id=42&sign=%2B";
    let envelope = Envelope::new(
        "shop",
        MessageKind::TradeStatus,
        alipay::Charset::Gbk,
        "2026-11-23T03:41:00.25Z".parse().unwrap(),
        form,
    );
    let id = queue::message_id(
        "shop",
        MessageKind::TradeStatus,
        &alipay::Form::parse(form.as_bytes()).unwrap(),
    );
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let message = Message::notify(&envelope, id.as_str(), Some(trace.to_owned()), ShardCount::ONE);
    started.publisher.publish(message.clone()).await.unwrap();

    let got = client.channel.basic_get("alipay.notify.0".into(), Default::default()).await.unwrap();
    let delivery = got.unwrap().delivery;
    assert_eq!(*delivery.properties.delivery_mode(), Some(2));
    assert_eq!(delivery.properties.content_type().as_ref().unwrap().as_str(), "application/json");
    let received = queue::ReceivedMessage::new(delivery);
    assert_eq!(Envelope::read(&received.body).unwrap(), envelope);
    assert_eq!(received.message_id, id);
    assert_eq!(received.headers, message.headers);
    assert_eq!((received.exchange.as_str(), received.routing_key.as_str()), ("alipay.notify", "0"));
    assert!(!received.redelivered);
    started.stop().await;
}

#[tokio::test]
async fn an_event_arrives_at_the_shop() {
    let client = Client::new().await;
    let started = start_ready(&client.url, 1).await;
    let event = |name: &str| Message::event(name, "event-1", chrono::Utc::now(), b"{}".to_vec());
    started.publisher.publish(event("order.paid")).await.unwrap();
    let received = client.take(topology::EVENTS_QUEUE).await;
    assert_eq!(
        (received.routing_key.as_str(), received.message_id.as_str()),
        ("order.paid", "event-1")
    );
    let other = started.publisher.publish(event("stock.low")).await.unwrap_err();
    assert_eq!(other.reason_code(), "returned");
    started.stop().await;
}

#[tokio::test]
async fn what_no_queue_takes_is_returned_and_its_neighbours_are_confirmed() {
    let client = Client::new().await;
    let started = start_ready(&client.url, 1).await;
    let lost = |text: &str| Message { routing_key: "no such shard".into(), ..work(text) };
    // In one gathering, at several places: the confirms and the returns of a gathering are paired
    // wrongly by lapin, most of the time.
    let messages = vec![lost("a"), work("b"), work("c"), lost("d"), work("e"), lost("f")];
    let answers = started.publisher.publish_all(messages).await;
    assert_eq!(
        codes(&answers),
        ["returned", "confirmed", "confirmed", "returned", "confirmed", "returned"]
    );
    let text = answers[0].as_ref().unwrap_err().to_string();
    assert!(text.contains("312") && text.contains("NO_ROUTE"), "{text}");
    let mut bodies = client.take_bodies("alipay.notify.0", 3).await;
    bodies.sort_unstable();
    assert_eq!(bodies, ["b", "c", "e"]);
    // Nothing stale is left for the next one.
    started.publisher.publish(work("g")).await.unwrap();
    started.stop().await;
}

#[tokio::test]
async fn a_missing_exchange_fails_the_gathering_and_the_lane_recovers() {
    let client = Client::new().await;
    let started = start_ready(&client.url, 1).await;
    let lost = Message { exchange: "no such exchange".into(), ..work("lost") };
    let error = started.publisher.publish(lost.clone()).await.unwrap_err();
    let PublishError::Channel(text) = &error else { panic!("{error}") };
    assert!(text.contains("no such exchange"), "{text}");
    // Whether what was published beside it is in the queue is not known.
    let answers = started.publisher.publish_all(vec![work("a"), lost, work("b")]).await;
    assert_eq!(codes(&answers), ["channel", "channel", "channel"]);
    // Waits for the new channel.
    started.publisher.publish(work("c")).await.unwrap();
    assert!(started.publisher.is_ready());
    started.stop().await;
}

#[tokio::test]
async fn what_a_full_queue_refuses_is_nacked() {
    let client = Client::new().await;
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(1));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    client
        .channel
        .queue_declare("full".into(), QueueDeclareOptions::durable(), arguments)
        .await
        .unwrap();
    let started = start_ready(&client.url, 1).await;
    let to_full =
        |text: &str| Message { exchange: String::new(), routing_key: "full".into(), ..work(text) };
    started.publisher.publish(to_full("a")).await.unwrap();
    let answers = started.publisher.publish_all(vec![to_full("b"), work("c")]).await;
    assert_eq!(codes(&answers), ["nacked", "confirmed"]);
    started.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_at_once_are_all_there_exactly_once() {
    const COUNT: usize = 2000;
    let client = Client::new().await;
    let started = start_ready(&client.url, 2).await;
    let publishing = (0..COUNT).map(|number| {
        let publisher = started.publisher.clone();
        tokio::spawn(async move { publisher.publish(work(&number.to_string())).await })
    });
    for answer in join_all(publishing.collect::<Vec<_>>()).await {
        answer.unwrap().unwrap();
    }
    let bodies = client.take_bodies("alipay.notify.0", COUNT).await;
    assert_eq!(bodies.iter().collect::<BTreeSet<_>>().len(), COUNT);
    assert_eq!(client.depth("alipay.notify.0").await, 0);
    started.stop().await;
}

/// On one thread nothing runs between two awaits of the test: what was polled once is waiting.
#[tokio::test]
async fn cancellation_finishes_what_is_waiting() {
    let client = Client::new().await;
    let started = start_ready(&client.url, 1).await;
    let messages = (0..100).map(|number| work(&number.to_string())).collect();
    let publisher = started.publisher.clone();
    let publishing = publisher.publish_all(messages);
    tokio::pin!(publishing);
    assert!(poll!(&mut publishing).is_pending());
    started.cancel.cancel();
    let answers = timeout(LONG, publishing).await.unwrap();
    assert_eq!(codes(&answers), ["confirmed"; 100]);
    timeout(LONG, started.handle).await.expect("stopped").unwrap();
    assert!(!publisher.is_ready());
    assert_eq!(publisher.publish(work("late")).await, Err(PublishError::NotConnected));
    assert_eq!(codes(&publisher.publish_all(vec![work("late")]).await), ["not_connected"]);
    assert_eq!(client.take_bodies("alipay.notify.0", 100).await.len(), 100);
    assert_eq!(client.depth("alipay.notify.0").await, 0);
}

#[tokio::test]
async fn busy_when_every_lane_is_full() {
    let client = Client::new().await;
    let started = start_with(PublisherSettings {
        cluster: client.cluster(),
        name: "test publisher".into(),
        lanes: 2,
        lane_capacity: 2,
        bundle: 1,
        confirm_timeout: Duration::from_secs(5),
    });
    timeout(LONG, started.publisher.ready()).await.expect("ready");
    let mut waiting: Vec<_> = (0..4)
        .map(|number| Box::pin(started.publisher.publish(work(&number.to_string()))))
        .collect();
    for publishing in &mut waiting {
        assert!(publishing.now_or_never().is_none());
    }
    assert_eq!(started.publisher.publish(work("x")).now_or_never(), Some(Err(PublishError::Busy)));
    // The worker's way waits for room instead.
    let all = started.publisher.publish_all(vec![work("5"), work("6"), work("7")]).await;
    assert_eq!(codes(&all), ["confirmed"; 3]);
    for answer in join_all(waiting).await {
        answer.unwrap();
    }
    started.stop().await;
}

#[tokio::test]
async fn names_that_amqp_has_no_room_for_are_refused() {
    let client = Client::new().await;
    let started = start_ready(&client.url, 1).await;
    let long = Message { routing_key: "x".repeat(256), ..work("a") };
    let answers = started.publisher.publish_all(vec![long, work("b")]).await;
    assert_eq!(codes(&answers), ["too_long", "confirmed"]);
    started.stop().await;
}

/// Larger than a frame of 128 KiB.
#[tokio::test]
async fn a_large_body() {
    let client = Client::new().await;
    let started = start_ready(&client.url, 1).await;
    let body = "x".repeat(300_000);
    let message = Message { message_id: "large".into(), ..work("") };
    started.publisher.publish(Message { body: body.clone().into(), ..message }).await.unwrap();
    assert_eq!(client.take_bodies("alipay.notify.0", 1).await, [body]);
    started.stop().await;
}
