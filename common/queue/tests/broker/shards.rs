//! Orders that are spread over several work queues.

use alipay::Charset;
use chrono::Utc;
use queue::topology::{Layout, RetryTier, ShardCount, apply, old_shards, plan, work_queue};
use queue::{Connection, ConnectionSettings, Envelope, Message, MessageKind, ReceivedMessage};

use crate::client::{Client, start_ready};

fn layout(shards: usize) -> Layout {
    Layout { shards: ShardCount::new(shards), events: true }
}

/// What the ingress would publish of an order.
fn message(order: &str, shards: usize) -> Message {
    let form = format!("out_trade_no={order}");
    let kind = MessageKind::TradeStatus;
    let envelope = Envelope::new("shop", kind, Charset::Utf8, Utc::now(), form);
    Message::notify(&envelope, order, None, ShardCount::new(shards))
}

async fn found(client: &Client, shards: usize) -> Vec<u32> {
    let settings = ConnectionSettings::new(&client.cluster(), "test");
    let connection = Connection::open(&settings).await.unwrap();
    let found = old_shards(&connection, ShardCount::new(shards)).await.unwrap();
    connection.close().await;
    found
}

#[tokio::test]
async fn more_shards_are_more_queues_and_fewer_change_nothing() {
    let client = Client::new().await;
    let cluster = &client.cluster();
    let grown = plan(cluster, layout(3)).await.unwrap();
    let names: Vec<String> = grown.iter().map(ToString::to_string).collect();
    let expected = [
        "quorum queue alipay.notify.1",
        "quorum queue alipay.notify.2",
        "binding of queue alipay.notify.1 to exchange alipay.notify with key 1",
        "binding of queue alipay.notify.1 to exchange alipay.notify with key alipay.notify.1",
        "binding of queue alipay.notify.2 to exchange alipay.notify with key 2",
        "binding of queue alipay.notify.2 to exchange alipay.notify with key alipay.notify.2",
    ];
    assert_eq!(names, expected);
    assert_eq!(apply(cluster, layout(3)).await.unwrap(), grown);
    assert_eq!(plan(cluster, layout(3)).await.unwrap(), []);
    // The keys of the queues that are left over stay bound: what waits in a tier can come back to them.
    assert_eq!(apply(cluster, layout(1)).await.unwrap(), []);
    assert_eq!(plan(cluster, layout(3)).await.unwrap(), []);
}

#[tokio::test]
async fn all_messages_of_an_order_are_in_one_queue() {
    let client = Client::new().await;
    apply(&client.cluster(), layout(4)).await.unwrap();
    let started = start_ready(&client.url, 1).await;
    let orders: Vec<String> = (0..40).map(|number| format!("K{number:06}")).collect();
    for _ in 0..2 {
        let messages = orders.iter().map(|order| message(order, 4)).collect();
        for answer in started.publisher.publish_all(messages).await {
            answer.unwrap();
        }
    }
    for shard in 0..4 {
        let of_shard = |order: &&String| ShardCount::new(4).shard_of(Some(order)) == shard;
        let mut expected: Vec<&String> =
            orders.iter().filter(of_shard).flat_map(|it| [it, it]).collect();
        assert!(expected.len() > 6, "shard {shard} has {} messages", expected.len());
        let mut ids = Vec::new();
        for _ in 0..expected.len() {
            ids.push(client.take(&work_queue(shard)).await.message_id);
        }
        expected.sort();
        ids.sort();
        assert!(ids.iter().eq(expected), "{ids:?}");
        assert_eq!(client.depth(&work_queue(shard)).await, 0);
    }
    started.stop().await;
}

/// A queue in the middle may have been deleted by hand, and no binding is looked at.
#[tokio::test]
async fn queues_beyond_the_number_are_found_and_nothing_is_left_in_them() {
    let client = Client::new().await;
    assert!(found(&client, 1).await.is_empty());
    apply(&client.cluster(), layout(5)).await.unwrap();
    client.channel.queue_delete("alipay.notify.3".into(), Default::default()).await.unwrap();
    assert_eq!(found(&client, 1).await, [1, 2, 4]);
    assert_eq!(found(&client, 2).await, [2, 4]);
    assert!(found(&client, 64).await.is_empty());
    for shard in [1, 2, 4] {
        // The probe's time to live.
        while client.depth(&work_queue(shard)).await > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_retry_comes_back_to_its_shard_after_the_number_was_reduced() {
    let client = Client::new().await;
    apply(&client.cluster(), layout(4)).await.unwrap();
    let started = start_ready(&client.url, 1).await;
    let order = (0..).map(|number| format!("K{number}"));
    let order = { order }.find(|order| ShardCount::new(4).shard_of(Some(order)) == 3).unwrap();
    started.publisher.publish(message(&order, 4)).await.unwrap();
    let taken = ReceivedMessage { shard: 3, ..client.take(&work_queue(3)).await };
    started.publisher.publish(Message::retry(&taken, RetryTier::FiveSeconds)).await.unwrap();
    apply(&client.cluster(), layout(1)).await.unwrap();
    let back = client.take(&work_queue(3)).await;
    assert_eq!((back.message_id, back.headers.attempt), (order, 1));
    assert_eq!(client.depth(&work_queue(0)).await, 0);
    started.stop().await;
}
