//! topology, dlq, status, with messages that a worker could have dead-lettered.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alipay::Charset;
use chrono::{DateTime, TimeDelta, Utc};
use lapin::options::{BasicGetOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use queue::topology::{DEAD_QUEUE, work_queue};
use queue::{Cluster, Envelope, Headers, Message, MessageKind, Publisher, PublisherSettings};
use serde_json::{Value, json};
use testkit::{Program, Sandbox};
use tokio_util::sync::CancellationToken;

use crate::program::{NOBODY, Ops};

fn at(minute: i64) -> DateTime<Utc> {
    "2026-11-23T03:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

/// A dead letter that died at that minute.
pub(crate) fn letter(id: &str, died: i64) -> Message {
    let form = "out_trade_no=A-1&subject=%E6%B5%8B&sign=secret";
    let envelope = Envelope::new("shop", MessageKind::TradeStatus, Charset::Utf8, at(0), form);
    Message {
        exchange: String::new(),
        routing_key: DEAD_QUEUE.to_owned(),
        message_id: id.to_owned(),
        headers: Headers {
            attempt: 5,
            reason: Some("total_mismatch".into()),
            error: Some("\u{1b}[31mthe total".into()),
            died_at: Some(at(died)),
            order: Some("A-1".into()),
            merchant: Some("shop".into()),
            ..Headers::first(at(0), None)
        },
        body: envelope.to_bytes(),
    }
}

pub(crate) fn publish(url: &str, messages: Vec<Message>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let cancel = CancellationToken::new();
        let settings = PublisherSettings {
            cluster: Cluster::at(url).unwrap(),
            name: "test".to_owned(),
            lanes: 1,
            lane_capacity: 512,
            bundle: 1,
            confirm_timeout: Duration::from_secs(20),
        };
        let (publisher, publishing) = Publisher::start(settings, cancel.clone());
        publisher.ready().await;
        for result in publisher.publish_all(messages).await {
            result.unwrap();
        }
        cancel.cancel();
        publishing.await.unwrap();
    });
}

/// Puts letters into the queue as another tool does, and their rows beside it.
pub(crate) fn bury(ops: &Ops, sandbox: &Sandbox, letters: Vec<Message>) {
    publish(&sandbox.amqp_url, letters);
    ops.run("dlq sync").done();
}

pub(crate) fn ids(letters: &Value) -> Vec<&str> {
    letters.as_array().unwrap().iter().map(|letter| letter["id"].as_str().unwrap()).collect()
}

/// Messages that are ready in a queue.
pub(crate) fn depth(url: &str, queue: &str) -> u32 {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let settings = queue::ConnectionSettings::new(&Cluster::at(url).unwrap(), "test");
        let connection = queue::Connection::open(&settings).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let options = QueueDeclareOptions::durable().passive();
        let queue = channel.queue_declare(queue.into(), options, FieldTable::default()).await;
        let messages = queue.unwrap().message_count();
        connection.close().await;
        messages
    })
}

#[test]
fn topology_is_planned_applied_and_then_complete() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("dlq sync").ended(3, "ops topology apply");
    let plan =
        || ops.run("topology plan --output json").ended(1, "missing: `ops topology apply`").json();
    let planned = plan();
    assert!(!planned.as_array().unwrap().is_empty());
    assert_eq!(plan(), planned, "a plan changes nothing");
    assert_eq!(ops.json("topology apply"), planned);
    assert_eq!(ops.json("topology plan"), json!([]));
    assert_eq!(ops.run("topology apply").done().stdout, "nothing is missing\n");
    assert_eq!(ops.json("dlq list"), json!([]));
    // A letter that cannot be recorded is not replayed.
    Ops::at(NOBODY.0, &sandbox.amqp_url).run("dlq replay --all").ended(3, "database");
}

#[test]
fn old_shards_are_named_and_nothing_is_missing_when_the_number_shrinks() {
    let sandbox = Sandbox::broker_only();
    let (four, ops) = (Ops::new(&sandbox).set("ALIPAY__QUEUE__SHARDS", "4"), Ops::new(&sandbox));
    assert_eq!(four.json("topology apply").as_array().unwrap().len(), 28 + 9);
    assert_eq!(four.json("topology plan"), json!([]));
    let old = ops.run("topology plan --output json").ended(1, "3 odd").json();
    let expected = [1, 2, 3].map(|shard| {
        let name = work_queue(shard);
        json!({"object": "old_shard", "name": name, "messages": null, "in_tiers": null})
    });
    assert_eq!(old, json!(expected));
    assert_eq!(ops.json("topology apply"), json!([]));
    let status = ops.run("status --output json").json();
    let queues = status["queues"].as_array().unwrap().iter();
    let names: Vec<&str> = queues.map(|queue| queue["name"].as_str().unwrap()).collect();
    assert_eq!(names[0], "alipay.notify.0");
    assert_eq!(
        names[names.len() - 3..],
        expected.map(|it| it["name"].as_str().unwrap().to_owned())
    );
}

#[test]
fn a_hundred_lists_lose_no_letter_and_sort_by_time_of_death() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    let messages = (0..20).map(|n| letter(&format!("id-{n}"), (n * 7) % 20)).collect();
    bury(&ops, &sandbox, messages);
    let expected: Vec<String> = (0..20).map(|died| format!("id-{}", died * 3 % 20)).collect();
    for look in 0..100 {
        let letters = ops.json("dlq list");
        assert_eq!(ids(&letters), expected, "look {look}");
    }
    let letters = ops.json("dlq list");
    assert_eq!(
        letters[0],
        json!({
            "id": "id-0", "reason": "total_mismatch", "error": "\u{1b}[31mthe total",
            "order": "A-1", "order_exists": false, "merchant": "shop", "attempts": 5,
            "first_seen": "2026-11-23T11:00:00+08:00", "died_at": "2026-11-23T11:00:00+08:00"
        })
    );
    let table = ops.run("dlq list").done().stdout;
    assert!(table.contains("total_mismatch") && !table.contains('\u{1b}'), "{table}");
    let limited = ops.run("dlq list --limit 5 --output json").ended(0, "listed 5 of 20");
    assert_eq!(limited.json().as_array().unwrap().len(), 5);
    assert_eq!(ids(&ops.json("dlq list")), expected);
    assert_eq!(depth(&sandbox.amqp_url, DEAD_QUEUE), 20);
}

#[test]
fn a_letter_is_shown_with_its_form() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    let mut rubbish = letter("rubbish", 1);
    rubbish.body = b"no envelope".to_vec();
    bury(&ops, &sandbox, vec![letter("x", 1), letter("x", 2), rubbish]);
    let shown = ops.json("dlq show x");
    assert_eq!(shown["copies"], 2);
    assert_eq!(shown["died_at"], "2026-11-23T11:02:00+08:00");
    assert_eq!(shown["kind"], "trade_status");
    assert_eq!(shown["form"], "out_trade_no=A-1&subject=%E6%B5%8B&sign=secret");
    let text = ops.run("dlq show x").done().stdout;
    assert!(text.contains("subject = 测\n") && !text.contains("secret"), "{text}");
    assert_eq!(ops.json("dlq show rubbish")["body"], "no envelope");
    ops.run("dlq show nothing").ended(1, "there is no dead letter nothing");
    assert_eq!(depth(&sandbox.amqp_url, DEAD_QUEUE), 3);
}

#[test]
fn a_replay_of_one_letter_includes_its_copies() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    let mut messages: Vec<Message> = (0..600).map(|n| letter(&format!("id-{n}"), n)).collect();
    messages.push(letter("id-7", 700));
    bury(&ops, &sandbox, messages);

    ops.run("dlq replay --id nothing").ended(1, "there is no dead letter nothing");
    assert_eq!(
        ops.json("dlq replay --id id-7 --no-wait"),
        json!({ "replayed": 2, "copies": { "id-7": 2 } })
    );
    let depths =
        || [work_queue(0).as_str(), DEAD_QUEUE].map(|queue| depth(&sandbox.amqp_url, queue));
    assert_eq!(depths(), [2, 599]);
    let again = ops.run("dlq replay --id id-7").ended(1, "there is no dead letter id-7");
    assert!(again.stderr.contains("id-7 was replayed at 20"), "{}", again.stderr);
    // The other letters were only read and put back, in the broker's order.
    assert_eq!(ops.json("dlq list").as_array().unwrap().len(), 599);

    let answer = ops.run("dlq replay --all --no-wait").done();
    assert_eq!(answer.stdout, "replayed 599\n");
    assert_eq!(depths(), [601, 0], "acknowledgements got lost on the way");
    for (id, headers) in take_all(&sandbox.amqp_url, &work_queue(0)) {
        assert_eq!((headers.attempt, headers.reason), (0, None), "{id}");
        assert_eq!(headers.first_seen, at(0), "{id}");
    }
}

#[test]
fn a_replay_that_is_killed_loses_nothing_and_can_be_repeated() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    bury(&ops, &sandbox, (0..200).map(|n| letter(&format!("id-{n}"), n)).collect());
    let mut replay = Program::start("ops", &["dlq", "replay", "--all"], &sandbox.environment());
    while depth(&sandbox.amqp_url, &work_queue(0)) == 0 {
        assert!(replay.is_running(), "it ended without a replay: {}", replay.stderr());
    }
    replay.kill();
    let went: BTreeSet<String> = take_all(&sandbox.amqp_url, &work_queue(0)).into_keys().collect();
    let letters = ops.json("dlq list");
    let stayed: BTreeSet<String> = ids(&letters).into_iter().map(str::to_owned).collect();
    assert!(!stayed.is_empty(), "it was not killed on its way");
    let all: BTreeSet<String> = (0..200).map(|n| format!("id-{n}")).collect();
    assert_eq!(went.union(&stayed).cloned().collect::<BTreeSet<_>>(), all);
    assert_eq!(ops.json("dlq replay --all --no-wait"), json!({ "replayed": stayed.len() }));
    assert_eq!(ops.json("dlq list"), json!([]));
    // A letter is recorded before it is removed.
    let history = ops.json("dlq history --limit 1000");
    let told: BTreeSet<String> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["message_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, all);
}

/// Takes all messages out of a queue.
fn take_all(url: &str, queue: &str) -> BTreeMap<String, Headers> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let settings = queue::ConnectionSettings::new(&Cluster::at(url).unwrap(), "test");
        let connection = queue::Connection::open(&settings).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let mut taken = BTreeMap::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(got) = channel.basic_get(queue.into(), options).await.unwrap() {
            let received = queue::ReceivedMessage::new(got.delivery);
            taken.insert(received.message_id, received.headers);
        }
        connection.close().await;
        taken
    })
}

#[test]
fn a_letter_that_cannot_be_published_stays() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    bury(&ops, &sandbox, vec![letter("x", 1), letter("y", 2)]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let settings =
            queue::ConnectionSettings::new(&Cluster::at(&sandbox.amqp_url).unwrap(), "test");
        let connection = queue::Connection::open(&settings).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.queue_delete(work_queue(0).as_str().into(), Default::default()).await.unwrap();
    });
    let answer = ops.run("dlq replay --all").ended(3, "ops topology apply");
    assert_eq!(answer.stdout, "replayed 0\n");
    assert_eq!(ids(&ops.json("dlq list")), ["x", "y"]);
}

#[test]
fn status_counts_only_queues_that_exist() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    ops.run("order create A-1 --merchant shop --product gift").done();
    let queue = |status: &Value, name: &str| {
        let queues = status["queues"].as_array().unwrap();
        queues.iter().find(|row| row["name"] == name).unwrap()["messages"].clone()
    };
    let status = ops.status();
    assert_eq!(queue(&status, DEAD_QUEUE), Value::Null);
    ops.run("topology apply").done();
    bury(&ops, &sandbox, vec![letter("x", 1), letter("y", 2)]);
    let status = ops.status();
    assert_eq!(status["orders"], json!([{ "status": 0, "status_name": "placed", "orders": 1 }]));
    assert_eq!((&status["dead_letters"], queue(&status, DEAD_QUEUE)), (&json!(2), json!(2)));
    assert_eq!(queue(&status, &work_queue(0)), 0);
    assert_eq!(status["outbox"], json!({ "unpublished": 0, "oldest": null }));
    assert_eq!(status["awaiting_stock"], json!({ "count": 0, "oldest": null }));
    assert_eq!(status["open_reviews"]["count"], 0);
    assert_eq!(status["dead_letters_by_reason"], json!({ "total_mismatch": 2 }));
    assert_eq!(status["gateway_queries"]["due"], 0);
    assert_eq!((&status["low_stock"], &status["rates"]), (&json!([]), &Value::Null));
    ops.run("product set gift --low-stock 4").done();
    let low = json!([{ "product_id": "gift", "available": 0, "low_stock": 4 }]);
    assert_eq!(ops.status()["low_stock"], low);
    let table = ops.run("status").ended(1, "wrong").stdout;
    assert!(table.contains("alipay.dead") && table.contains("已下单"), "{table}");
    assert!(table.contains("total_mismatch") && table.contains("LOW STOCK"), "{table}");
    assert!(table.contains("last worked on: no message yet"), "{table}");
    assert_eq!(depth(&sandbox.amqp_url, DEAD_QUEUE), 2);

    // Orders are placed as long as `status --watch` runs.
    let mut placed = 0;
    let watch = std::thread::scope(|scope| {
        let watch = scope.spawn(|| ops.run("status --watch 1 --looks 3 --output json"));
        while !watch.is_finished() {
            ops.run(&format!("order create W-{placed} --merchant shop --product gift")).done();
            placed += 1;
        }
        watch.join().unwrap()
    });
    let looks: Vec<Value> = watch
        .ended(1, "wrong")
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(looks.len(), 3);
    assert_eq!(looks[0]["rates"], Value::Null);
    let rates: i64 = looks[1..].iter().map(|look| look["rates"]["orders"].as_i64().unwrap()).sum();
    assert!(rates > 0, "{looks:?}");
    let text = ops.run("status --watch --looks 1").ended(1, "wrong").stdout;
    assert!(text.contains("(every 2 s, Ctrl-C ends)") && !text.contains('\u{1b}'), "{text}");
    ops.run("status --looks 1").ended(2, "--watch");

    let without_database = Ops::at(NOBODY.0, &sandbox.amqp_url);
    let status = without_database.run("status --output json").ended(3, "database").json();
    assert_eq!((&status["dead_letters"], &status["orders"]), (&json!(2), &Value::Null));
    let without_broker = Ops::at(&sandbox.database_url, NOBODY.1);
    let status = without_broker.run("status --output json").ended(3, "broker").json();
    let orders = json!(1 + placed);
    assert_eq!((&status["queues"], &status["orders"][0]["orders"]), (&Value::Null, &orders));
}
