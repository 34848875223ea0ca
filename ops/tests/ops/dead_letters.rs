//! topology, dlq, status, with messages that a worker could have dead-lettered.

use std::time::Duration;

use alipay::Charset;
use chrono::{DateTime, TimeDelta, Utc};
use queue::topology::{DEAD_QUEUE, work_queue};
use queue::{Envelope, Headers, Kind, Message, Publisher, PublisherSettings};
use serde_json::{Value, json};
use testkit::Sandbox;
use tokio_util::sync::CancellationToken;

use crate::program::Ops;

fn at(minute: i64) -> DateTime<Utc> {
    "2026-11-23T03:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

/// A dead letter that died at that minute.
fn letter(id: &str, died: i64) -> Message {
    let form = "out_trade_no=A-1&subject=%E6%B5%8B&sign=secret";
    let envelope = Envelope::new("shop", Kind::TradeStatus, Charset::Utf8, at(0), form);
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

fn publish(url: &str, messages: Vec<Message>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let cancel = CancellationToken::new();
        let settings = PublisherSettings {
            url: url.to_owned(),
            name: "test".to_owned(),
            lanes: 1,
            lane_capacity: 512,
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

fn ids(letters: &Value) -> Vec<&str> {
    letters.as_array().unwrap().iter().map(|letter| letter["id"].as_str().unwrap()).collect()
}

/// Messages by queue, as `ops status` counts them. The database is away, which it says with 3.
fn depths(ops: &Ops) -> impl Fn(&str) -> Value {
    let status = ops.run("status --output json").ended(3, "database").json();
    move |queue| {
        let queues = status["queues"].as_array().unwrap();
        queues.iter().find(|row| row["name"] == queue).unwrap()["messages"].clone()
    }
}

#[test]
fn topology_is_planned_applied_and_then_complete() {
    let sandbox = Sandbox::broker_only();
    let ops = Ops::new(&sandbox);
    for verb in ["dlq list", "dlq show x", "dlq replay --all"] {
        ops.run(verb).ended(3, "ops topology apply");
    }
    assert_eq!(depths(&ops)(DEAD_QUEUE), Value::Null);
    let planned = ops.json("topology plan");
    assert!(!planned.as_array().unwrap().is_empty());
    assert_eq!(ops.json("topology plan"), planned, "a plan changes nothing");
    assert_eq!(ops.json("topology apply"), planned);
    assert_eq!(ops.json("topology plan"), json!([]));
    assert_eq!(ops.run("topology apply").done().stdout, "nothing is missing\n");
    assert_eq!(ops.json("dlq list"), json!([]));
    assert_eq!(ops.json("dlq replay --all"), json!({ "replayed": 0 }));
}

#[test]
fn fifty_looks_lose_nothing_and_are_sorted_by_death() {
    let sandbox = Sandbox::broker_only();
    let ops = Ops::new(&sandbox);
    ops.run("topology apply").done();
    let messages = (0..20).map(|n| letter(&format!("id-{n}"), (n * 7) % 20)).collect();
    publish(&sandbox.amqp_url, messages);
    let expected: Vec<String> = (0..20).map(|died| format!("id-{}", died * 3 % 20)).collect();
    for look in 0..50 {
        let letters = ops.json("dlq list");
        assert_eq!(ids(&letters), expected, "look {look}");
    }
    let letters = ops.json("dlq list");
    assert_eq!(
        letters[0],
        json!({
            "id": "id-0", "reason": "total_mismatch", "error": "\u{1b}[31mthe total",
            "order": "A-1", "merchant": "shop", "attempts": 5,
            "first_seen": "2026-11-23T11:00:00+08:00", "died_at": "2026-11-23T11:00:00+08:00"
        })
    );
    let table = ops.run("dlq list").done().stdout;
    assert!(table.contains("total_mismatch") && !table.contains('\u{1b}'), "{table}");
    let limited = ops.run("dlq list --limit 5 --output json").ended(0, "more dead letters");
    assert_eq!(limited.json().as_array().unwrap().len(), 5);
    assert_eq!(ids(&ops.json("dlq list")), expected);
    assert_eq!(depths(&ops)(DEAD_QUEUE), 20);
}

#[test]
fn a_letter_is_shown_with_its_form() {
    let sandbox = Sandbox::broker_only();
    let ops = Ops::new(&sandbox);
    ops.run("topology apply").done();
    let mut rubbish = letter("rubbish", 1);
    rubbish.body = b"no envelope".to_vec();
    publish(&sandbox.amqp_url, vec![letter("x", 1), letter("x", 2), rubbish]);
    let shown = ops.json("dlq show x");
    assert_eq!(shown["copies"], 2);
    assert_eq!(shown["died_at"], "2026-11-23T11:02:00+08:00");
    assert_eq!(shown["kind"], "trade_status");
    assert_eq!(shown["form"], "out_trade_no=A-1&subject=%E6%B5%8B&sign=secret");
    let text = ops.run("dlq show x").done().stdout;
    assert!(text.contains("subject = 测\n") && !text.contains("secret"), "{text}");
    assert_eq!(ops.json("dlq show rubbish")["body"], "no envelope");
    ops.run("dlq show nothing").ended(1, "there is no dead letter nothing");
    assert_eq!(depths(&ops)(DEAD_QUEUE), 3);
}

#[test]
fn replay_one_with_its_copies_and_then_all() {
    let sandbox = Sandbox::broker_only();
    let ops = Ops::new(&sandbox);
    ops.run("topology apply").done();
    let mut messages: Vec<Message> = (0..600).map(|n| letter(&format!("id-{n}"), n)).collect();
    messages.push(letter("id-7", 700));
    publish(&sandbox.amqp_url, messages);

    ops.run("dlq replay --id nothing").ended(1, "there is no dead letter nothing");
    assert_eq!(ops.json("dlq replay --id id-7"), json!({ "replayed": 2 }));
    let depth = depths(&ops);
    assert_eq!((depth(&work_queue(0)), depth(DEAD_QUEUE)), (json!(2), json!(599)));
    ops.run("dlq replay --id id-7").ended(1, "id-7");
    // The others were only taken and given back, in an order that the broker chose.
    assert_eq!(ops.json("dlq list").as_array().unwrap().len(), 599);

    let answer = ops.run("dlq replay --all").done();
    assert_eq!(answer.stdout, "replayed 599\n");
    for _ in 0..4 {
        println!("DEPTH {}", depths(&ops)(DEAD_QUEUE));
        std::thread::sleep(Duration::from_secs(1));
    }
    let depth = depths(&ops);
    assert_eq!((depth(&work_queue(0)), depth(DEAD_QUEUE)), (json!(601), json!(0)));
    let headers = work_headers(&sandbox.amqp_url);
    assert_eq!((headers.attempt, headers.reason, headers.first_seen), (0, None, at(0)));
}

/// The headers of the next message of the work queue.
fn work_headers(url: &str) -> Headers {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let settings = queue::ConnectionSettings::new(url, "test");
        let connection = queue::Connection::open(&settings).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let got = channel.basic_get(work_queue(0).as_str().into(), Default::default()).await;
        queue::Received::new(got.unwrap().unwrap().delivery).headers
    })
}

#[test]
fn a_letter_that_cannot_be_published_stays() {
    let sandbox = Sandbox::broker_only();
    let ops = Ops::new(&sandbox);
    ops.run("topology apply").done();
    publish(&sandbox.amqp_url, vec![letter("x", 1), letter("y", 2)]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let settings = queue::ConnectionSettings::new(sandbox.amqp_url.as_str(), "test");
        let connection = queue::Connection::open(&settings).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.queue_delete(work_queue(0).as_str().into(), Default::default()).await.unwrap();
    });
    let answer = ops.run("dlq replay --all").ended(3, "ops topology apply");
    assert_eq!(answer.stdout, "replayed 0\n");
    assert_eq!(ids(&ops.json("dlq list")), ["x", "y"]);
}
