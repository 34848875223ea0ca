//! A supervised connection with a consumer on it.

use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use queue::topology::Layout;
use queue::{Cluster, Connection, ConnectionSettings, ConnectionState, ReceivedMessage, supervise};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::client::{Client, LONG, start_ready, work};
use crate::proxy::Proxy;

/// What a body did.
#[derive(Debug, PartialEq)]
enum Seen {
    Consuming,
    Body(Vec<u8>),
    ConsumerEnded,
}

/// Consumes until the consumer ends, as a worker does.
async fn consume(connection: &Connection, seen: &mpsc::UnboundedSender<Seen>) {
    let Ok(channel) = connection.create_channel().await else { return };
    let Ok(mut consumer) = channel
        .basic_consume(
            "alipay.notify.0".into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await
    else {
        return;
    };
    seen.send(Seen::Consuming).unwrap();
    while let Some(Ok(delivery)) = consumer.next().await {
        let received = ReceivedMessage::new(delivery);
        assert!(received.acker.ack(BasicAckOptions::default()).await.unwrap());
        seen.send(Seen::Body(received.body)).unwrap();
    }
    seen.send(Seen::ConsumerEnded).unwrap();
}

async fn next(seen: &mut mpsc::UnboundedReceiver<Seen>) -> Seen {
    timeout(LONG, seen.recv()).await.expect("in time").unwrap()
}

#[tokio::test]
async fn a_consumer_comes_back_after_a_cut_and_after_its_queue_was_deleted() {
    let client = Client::new().await;
    let proxy = Proxy::start(&client.url).await;
    #[expect(clippy::disallowed_methods, reason = "a test reads all of it")]
    let (sender, mut seen) = mpsc::unbounded_channel();
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let settings = ConnectionSettings::new(&Cluster::at(&proxy.url).unwrap(), "test consumer");
    let supervised = tokio::spawn(async move {
        supervise(settings, stop.clone(), async |connection| {
            tokio::select! {
                () = consume(&connection, &sender) => {}
                () = stop.cancelled() => {}
            }
        })
        .await;
    });
    assert_eq!(next(&mut seen).await, Seen::Consuming);

    // Idle: nothing is sent that could fail.
    proxy.cut();
    assert_eq!(next(&mut seen).await, Seen::ConsumerEnded);
    assert_eq!(next(&mut seen).await, Seen::Consuming);

    let started = start_ready(&client.url, 1).await;
    started.publisher.publish(work("a")).await.unwrap();
    assert_eq!(next(&mut seen).await, Seen::Body(b"a".to_vec()));

    let options = QueueDeleteOptions::default();
    client.channel.queue_delete("alipay.notify.0".into(), options).await.unwrap();
    assert_eq!(next(&mut seen).await, Seen::ConsumerEnded);
    queue::topology::apply(&client.cluster(), Layout::one_shard(true)).await.unwrap();
    assert_eq!(next(&mut seen).await, Seen::Consuming);
    started.publisher.publish(work("b")).await.unwrap();
    assert_eq!(next(&mut seen).await, Seen::Body(b"b".to_vec()));

    cancel.cancel();
    timeout(LONG, supervised).await.expect("stopped").unwrap();
    started.stop().await;
}

#[tokio::test]
async fn the_state_says_what_happened() {
    let client = Client::new().await;
    let proxy = Proxy::start(&client.url).await;
    let settings = ConnectionSettings::new(&Cluster::at(&proxy.url).unwrap(), "test state");
    let connection = Connection::open(&settings).await.unwrap();
    assert!(connection.is_open());

    // An error of a channel is none of the connection.
    let channel = connection.create_channel().await.unwrap();
    let options = lapin::options::QueueDeclareOptions::durable().passive();
    let missing = channel.queue_declare("no such queue".into(), options, FieldTable::default());
    missing.await.unwrap_err();

    proxy.block();
    let state = connection.wait_for(|state| *state != ConnectionState::Open);
    let state = timeout(LONG, state).await.expect("blocked");
    assert_eq!(state, ConnectionState::Blocked { reason: "low on memory".into() });
    proxy.unblock();
    timeout(LONG, connection.wait_for(|state| *state == ConnectionState::Open)).await.unwrap();

    proxy.close(320);
    let reason = timeout(LONG, connection.lost()).await.expect("lost");
    assert!(reason.contains("CONNECTION-FORCED"), "{reason}");
    assert!(connection.create_channel().await.is_err());
}

#[tokio::test]
async fn without_a_broker_cancellation_still_ends_it() {
    let cancel = CancellationToken::new();
    // Nothing listens on port 1.
    let settings = ConnectionSettings::new(&Cluster::at("amqp://127.0.0.1:1").unwrap(), "test");
    let supervised = tokio::spawn(supervise(settings, cancel.clone(), async |_| unreachable!()));
    cancel.cancel();
    timeout(LONG, supervised).await.expect("stopped").unwrap();
}
