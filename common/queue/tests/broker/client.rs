//! A fresh virtual host, and a plain lapin client to look into it.

use std::time::Duration;

use chrono::Utc;
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use queue::topology::{Layout, ShardCount};
use queue::{
    Cluster, Envelope, Message, MessageKind, Publisher, PublisherSettings, ReceivedMessage,
    topology,
};
use testkit::Sandbox;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes; a test that gets there has failed.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    pub(crate) url: String,
    pub(crate) channel: lapin::Channel,
    _connection: lapin::Connection,
    _sandbox: Option<Sandbox>,
}

impl Client {
    /// A virtual host without anything.
    pub(crate) async fn empty() -> Client {
        let sandbox = Sandbox::broker_only();
        let url = sandbox.amqp_url.clone();
        Client { _sandbox: Some(sandbox), ..Client::at(url).await }
    }

    /// The virtual host of this URL.
    pub(crate) async fn at(url: String) -> Client {
        let connection = lapin::Connection::connect(&url, Default::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        Client { url, channel, _connection: connection, _sandbox: None }
    }

    /// A virtual host with our topology, events included.
    pub(crate) async fn new() -> Client {
        let client = Client::empty().await;
        topology::apply(&client.cluster(), Layout::one_shard(true)).await.unwrap();
        client
    }

    /// The broker, as programs see it.
    pub(crate) fn cluster(&self) -> Cluster {
        Cluster::at(&self.url).unwrap()
    }

    /// How many messages are ready in a queue.
    pub(crate) async fn depth(&self, queue: &str) -> u32 {
        let options = QueueDeclareOptions::durable().passive();
        let queue = self.channel.queue_declare(queue.into(), options, FieldTable::default()).await;
        queue.unwrap().message_count()
    }

    /// Takes the next message of a queue, waiting for it.
    pub(crate) async fn take(&self, queue: &str) -> ReceivedMessage {
        self.take_delivery(queue).await.0
    }

    /// As `take`, with the names of all its headers.
    pub(crate) async fn take_delivery(&self, queue: &str) -> (ReceivedMessage, Vec<String>) {
        timeout(LONG, async {
            loop {
                let got =
                    self.channel.basic_get(ShortString::from(queue), BasicGetOptions::default());
                if let Some(got) = got.await.unwrap() {
                    let delivery = got.delivery;
                    let headers = delivery.properties.headers().clone().unwrap_or_default();
                    let names = headers.inner().keys().map(ToString::to_string).collect();
                    assert!(delivery.acker.ack(BasicAckOptions::default()).await.unwrap());
                    return (ReceivedMessage::new(delivery), names);
                }
                // There is no signal for an arrival but a consumer, which would take them all.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
        .expect("a message")
    }

    /// Takes `count` messages and returns their bodies.
    pub(crate) async fn take_bodies(&self, queue: &str, count: usize) -> Vec<String> {
        let mut bodies = Vec::with_capacity(count);
        for _ in 0..count {
            bodies.push(String::from_utf8(self.take(queue).await.body).unwrap());
        }
        bodies
    }
}

pub(crate) struct Started {
    pub(crate) publisher: Publisher,
    pub(crate) cancel: CancellationToken,
    pub(crate) handle: JoinHandle<()>,
}

/// A publisher with 5 s for its confirms.
pub(crate) fn start(url: &str, lanes: usize) -> Started {
    start_with(PublisherSettings {
        cluster: Cluster::at(url).unwrap(),
        name: "test publisher".to_owned(),
        lanes,
        lane_capacity: 4096,
        bundle: 1,
        confirm_timeout: Duration::from_secs(5),
    })
}

pub(crate) fn start_with(settings: PublisherSettings) -> Started {
    let cancel = CancellationToken::new();
    let (publisher, handle) = Publisher::start(settings, cancel.clone());
    Started { publisher, cancel, handle }
}

pub(crate) async fn start_ready(url: &str, lanes: usize) -> Started {
    let started = start(url, lanes);
    timeout(LONG, started.publisher.ready()).await.expect("ready");
    started
}

impl Started {
    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        timeout(LONG, self.handle).await.expect("stopped").unwrap();
    }
}

/// A message to the work queue whose body is `text`.
pub(crate) fn work(text: &str) -> Message {
    let envelope =
        Envelope::new("shop", MessageKind::TradeStatus, alipay::Charset::Utf8, Utc::now(), "a=b");
    Message {
        body: text.as_bytes().to_vec(),
        ..Message::notify(&envelope, text, None, ShardCount::ONE)
    }
}
