//! More dead letters than the largest prefetch, and letters that another consumer holds.

use lapin::options::{
    BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions, BasicQosOptions,
};
use lapin::types::FieldTable;
use queue::topology::DEAD_QUEUE;
use queue::{Cluster, Depth, Message};
use serde_json::json;
use testkit::Sandbox;

use crate::dead_letters::{bury, depth, ids, letter, publish};
use crate::program::Ops;

/// Above 65,535, the largest prefetch, and far above the 2,000 that RabbitMQ makes of none.
const MANY: i64 = 66_000;

/// A letter of another reason than all the others.
fn rare(id: &str, died: i64) -> Message {
    let mut message = letter(id, died);
    message.headers.reason = Some("rare".into());
    message
}

#[test]
fn sixty_six_thousand_letters_are_all_listed() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    publish(&sandbox.amqp_url, (0..MANY - 2).map(|n| letter(&format!("id-{n}"), n)).collect());
    // The last of them, and the first to die.
    bury(&ops, &sandbox, vec![rare("rare-1", -1), rare("rare-2", -2)]);

    let groups = ops.json("dlq list --group");
    let counts: Vec<(&str, i64)> = groups
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (group["reason"].as_str().unwrap(), group["letters"].as_i64().unwrap()))
        .collect();
    assert_eq!(counts, [("total_mismatch", MANY - 2), ("rare", 2)]);
    assert_eq!(groups[0]["example"], format!("id-{}", MANY - 3));
    // A filter comes before the limit.
    let first = ops.run("dlq list --reason rare --limit 1 --output json").ended(0, "listed 1 of 2");
    assert_eq!(ids(&first.json()), ["rare-2"]);
    assert_eq!(ops.json("dlq show rare-2")["reason"], "rare");
    let dry = ops.run("dlq replay --reason rare --dry-run --output json");
    let dry = dry.ended(1, "2 of 2 would die again").json();
    assert_eq!(
        [&dry["letters"], &dry["meant"], &dry["looked_at"], &dry["there"]],
        [&json!(2), &json!(2), &json!(MANY), &json!(MANY)]
    );
    // The overview reads rows, of all letters.
    let status = ops.status();
    assert_eq!(status["dead_letters_by_reason"], json!({ "rare": 2, "total_mismatch": MANY - 2 }));
    assert_eq!(status["dead_letters_looked_at"], MANY);
    assert_eq!(i64::from(depth(&sandbox.amqp_url, DEAD_QUEUE)), MANY, "looking moves nothing");
}

/// Puts all letters of this channel back and waits until `there` are ready: the broker does this on its own some time
/// after a connection has ended.
async fn put_back(connection: &queue::Connection, channel: &lapin::Channel, there: u32) {
    let all = BasicNackOptions { multiple: true, requeue: true };
    channel.basic_nack(0, all).await.unwrap();
    while Depth::of(connection, channel, DEAD_QUEUE).await.unwrap().ready < there {}
}

#[test]
fn letters_held_by_another_consumer_are_reported() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    bury(&ops, &sandbox, (0..20).map(|n| letter(&format!("id-{n}"), n)).collect());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (connection, channel) = runtime.block_on(async {
        let settings =
            queue::ConnectionSettings::new(&Cluster::at(&sandbox.amqp_url).unwrap(), "stranger");
        let connection = queue::Connection::open(&settings).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.basic_qos(8, BasicQosOptions::default()).await.unwrap();
        let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
        let consumer = channel.basic_consume(DEAD_QUEUE.into(), "spy".into(), options, none);
        let consumer = consumer.await.unwrap();
        // The consumer has its eight letters before `ops` reads.
        let mut held = consumer;
        for _ in 0..8 {
            futures_util::StreamExt::next(&mut held).await.unwrap().unwrap();
        }
        (connection, channel)
    });
    let held = |seen: u32| {
        let sync = ops.run("dlq sync --output json").ended(3, "another program holds letters");
        assert_eq!((&sync.json()["looked_at"], &sync.json()["gone"]), (&json!(seen), &json!(0)));
        let list = ops.run("dlq list --output json").ended(0, "`ops dlq sync` corrects the rows");
        assert_eq!(list.json().as_array().unwrap().len(), 20, "letters that are held stay listed");
    };
    held(12);
    runtime.block_on(async {
        channel.basic_cancel("spy".into(), BasicCancelOptions::default()).await.unwrap();
        put_back(&connection, &channel, 20).await;
        connection.close().await;
    });

    // Another program takes letters one by one, with `basic.get`.
    let (connection, channel) = runtime.block_on(async {
        let settings =
            queue::ConnectionSettings::new(&Cluster::at(&sandbox.amqp_url).unwrap(), "stranger");
        let connection = queue::Connection::open(&settings).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        for _ in 0..5 {
            let got = channel.basic_get(DEAD_QUEUE.into(), BasicGetOptions { no_ack: false });
            assert!(got.await.unwrap().is_some());
        }
        (connection, channel)
    });
    held(15);
    runtime.block_on(async {
        put_back(&connection, &channel, 20).await;
        connection.close().await;
    });
    ops.run("dlq sync").done();
    assert_eq!(ops.run("dlq list").ended(0, "").stderr.matches("another program").count(), 0);
}
