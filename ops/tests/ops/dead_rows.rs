//! The rows beside the queue of dead letters: `ops dlq sync`, searches, and a discard that is undone.

use diesel::connection::SimpleConnection as _;
use lapin::options::QueuePurgeOptions;
use queue::topology::DEAD_QUEUE;
use queue::{Cluster, Message};
use serde_json::{Value, json};
use testkit::Sandbox;

use crate::dead_cohorts::{configured, notification};
use crate::dead_letters::{bury, depth, ids, letter, publish};
use crate::program::Ops;

fn scene() -> (Sandbox, Ops) {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    (sandbox, ops)
}

/// Removes all letters as the management page does.
fn purge(sandbox: &Sandbox) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let cluster = Cluster::at(&sandbox.amqp_url).unwrap();
        let settings = queue::ConnectionSettings::new(&cluster, "test");
        let connection = queue::Connection::open(&settings).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.queue_purge(DEAD_QUEUE.into(), QueuePurgeOptions::default()).await.unwrap();
        connection.close().await;
    });
}

fn corrected(ops: &Ops) -> [Value; 3] {
    let report = ops.json("dlq sync");
    ["found", "recounted", "gone"].map(|what| report[what].clone())
}

#[test]
fn a_comparison_finds_what_another_tool_has_put_in_or_taken_out() {
    let (sandbox, ops) = scene();
    publish(&sandbox.amqp_url, vec![letter("x", 1), letter("x", 3), letter("y", 2)]);
    let list =
        ops.run("dlq list --output json").ended(0, "has 3 letters ready, and the rows tell of 0");
    assert_eq!(list.json(), json!([]));
    assert_eq!(corrected(&ops), [json!(2), json!(0), json!(0)]);
    let list = ops.run("dlq list --output json").done();
    assert!(!list.stderr.contains("dlq sync"), "{}", list.stderr);
    assert_eq!(ids(&list.json()), ["y", "x"]);
    assert_eq!((&list.json()[1]["copies"], &list.json()[0]["copies"]), (&json!(2), &Value::Null));

    publish(&sandbox.amqp_url, vec![letter("x", 4)]);
    assert_eq!(corrected(&ops), [json!(0), json!(1), json!(0)]);
    assert_eq!(ops.json("dlq list --text x")[0]["copies"], 3);
    assert_eq!(corrected(&ops), [0, 0, 0].map(|none| json!(none)));

    purge(&sandbox);
    assert_eq!(ids(&ops.json("dlq list")), ["y", "x"], "a list reads no queue");
    assert_eq!(corrected(&ops), [json!(0), json!(0), json!(2)]);
    assert_eq!(ops.json("dlq list"), json!([]));
    publish(&sandbox.amqp_url, vec![letter("y", 5)]);
    assert_eq!(corrected(&ops), [json!(1), json!(0), json!(0)]);
    assert_eq!(ids(&ops.json("dlq list")), ["y"]);
}

/// A row of version 0.1 says less than one of today; its letter is in the queue.
#[test]
fn a_comparison_completes_the_rows_of_an_older_version() {
    let (sandbox, ops) = scene();
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let row = "INSERT INTO dead_letter (message_id, merchant, order_id, reason, error) \
               VALUES ('x', 'shop', 'A-1', 'kills_workers', 'redelivered 4 times')";
    connection.batch_execute(row).unwrap();
    publish(&sandbox.amqp_url, vec![letter("x", 1)]);
    assert_eq!(ops.json("dlq show x")["form"], Value::Null);
    ops.run("dlq replay x --dry-run --even-if-it-kills-workers").ended(1, "run `ops dlq sync`");
    ops.run("dlq sync").done();
    let shown = ops.json("dlq show x");
    assert!(shown["form"].as_str().unwrap().starts_with("out_trade_no=A-1"), "{shown}");
    assert_eq!(shown["died_at"], "2026-11-23T11:01:00+08:00");
    let groups = ops.json("dlq list --group");
    assert_eq!(groups[0]["fingerprint"], "\u{1b}[# total", "{groups}");
}

#[test]
fn letters_are_found_by_order_trade_reason_time_and_text() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    let mut other = letter("other", 9);
    other.headers.reason = Some("order_not_found".into());
    other.headers.error = Some("no order SPRING_1% after 5 retries".into());
    other.headers.order = Some("SPRING".into());
    let mut strange = letter("strange", 5);
    strange.headers = queue::Headers::first(strange.headers.first_seen, None);
    strange.body = b"no envelope".to_vec();
    bury(&ops, &sandbox, vec![notification("pays", "A-7", "10.00", 3), other, strange]);
    for (filter, expected) in [
        ("--trade-no 2026112300000001", &["pays"][..]),
        ("--trade-no 20261123", &[]),
        ("--text 20261123", &["pays"]),
        ("--text the_notification", &[]),
        ("--text order_not", &["other"]),
        ("--text PRIN", &["other"]),
        ("--text _1%", &["other"]),
        ("--text stran", &["strange"]),
        ("--until 2026-11-23T11:03:00+08:00", &["pays", "strange"]),
        ("--since 2026-11-23T11:03:00+08:00 --until 2026-11-23T11:03:00+08:00", &["pays"]),
        ("--order A-7 --text yuan", &["pays"]),
    ] {
        let list = ops.json(&format!("dlq list {filter}"));
        assert_eq!(ids(&list), expected, "{filter}");
    }
    let print = "no order #% after # retries";
    let by_print = ["dlq", "list", "--fingerprint", print, "--output", "json"];
    assert_eq!(ids(&ops.run_with(&by_print, b"").done().json()), ["other"]);
    // What is searched is replayed: no other letter goes back.
    let replayed = ops.json("dlq replay --text PRIN --no-wait");
    assert_eq!(replayed["replayed"], 1);
    assert_eq!(ids(&ops.json("dlq list")), ["pays", "strange"]);
}

#[test]
fn a_discard_can_be_undone() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    ops.run("order create A-1 --merchant shop --product gift").done();
    let keep = |message: Message| Message {
        message_id: format!("{}-0123456789", message.message_id),
        ..message
    };
    bury(&ops, &sandbox, vec![keep(notification("pays", "A-1", "10.00", 1)), letter("other", 2)]);
    let before = ops.json("dlq show pays-0123456789");
    let restore =
        |id: &str| ops.run(&format!("dlq restore {id} --by ann --note mistaken --output json"));
    restore("other").ended(1, "there is no discarded letter other");
    ops.run("dlq discard pays-0123456789 --reason test --by bob").done();
    assert_eq!(depth(&sandbox.amqp_url, DEAD_QUEUE), 1);
    // The beginning of the id is enough, and the second operator is told that it is done.
    assert_eq!(restore("pays-0123456").done().json(), json!({ "restored": 1 }));
    restore("pays-0123456789").ended(1, "there is no discarded letter");
    assert_eq!(depth(&sandbox.amqp_url, DEAD_QUEUE), 2);
    let after = ops.json("dlq show pays-0123456789");
    for what in ["form", "reason", "error", "died_at", "attempts", "first_seen", "order"] {
        assert_eq!(after[what], before[what], "{what}");
    }
    let history = ops.json("dlq history pays-0123456789");
    assert_eq!(
        (&history[0]["action"], &history[0]["done_by"]),
        (&json!("restored"), &json!("ann"))
    );
    assert_eq!(
        corrected(&ops),
        [0, 0, 0].map(|none| json!(none)),
        "the queue has what the rows say"
    );
    let worker = ops.worker();
    let replayed = ops.json("dlq replay pays-0123456789");
    assert_eq!(replayed["applied"], 1, "{replayed} {}", worker.stderr());
}

#[test]
fn notes_are_on_a_letter_or_on_its_group() {
    let (sandbox, ops) = scene();
    bury(&ops, &sandbox, vec![letter("x", 1), letter("y", 2)]);
    let note = |arguments: &[&str]| {
        ops.run_with(&[&["dlq", "note"], arguments, &["--by", "ann"]].concat(), b"")
    };
    note(&["x", "asked the shop"]).done();
    note(&["y", "a known cause", "--group"]).done();
    note(&["z", "nothing"]).ended(1, "there is no dead letter z");
    note(&["x", " "]).ended(2, "an empty note");
    let notes = |id: &str| -> Vec<Value> {
        let shown = ops.json(&format!("dlq show {id}"));
        shown["notes"].as_array().unwrap().iter().map(|note| note["note"].clone()).collect()
    };
    assert_eq!(notes("x"), ["asked the shop", "a known cause"]);
    assert_eq!(notes("y"), ["a known cause"]);
    let text = ops.run("dlq show x").done().stdout;
    assert!(text.contains("by ann on its group: a known cause"), "{text}");
    let groups = ops.json("dlq list --group");
    assert_eq!(groups[0]["notes"].as_array().unwrap().len(), 1, "{groups}");
    // A letter of the same cause that dies later has the note of its group.
    bury(&ops, &sandbox, vec![letter("later", 3)]);
    assert_eq!(notes("later"), ["a known cause"]);
}

/// So many rows are loaded at once; their letters are not in the queue, which lists do not ask for.
const MANY: i64 = 100_000;

/// How long each takes is printed: `cargo nextest run -E 'test(a_hundred_thousand)' --no-capture`.
#[test]
fn a_hundred_thousand_letters_are_listed_searched_and_tried_completely() {
    let (sandbox, ops) = scene();
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let digits = "(SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 \
                  UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
    let rows = format!(
        "INSERT INTO dead_letter (message_id, kind, merchant, order_id, trade_no, reason, error, fingerprint, cause, \
         worker_version, first_died_at, died_at) \
         SELECT SHA2(n, 256), 'trade_status', 'shop', CONCAT('A-', n), CONCAT('2026', n), \
         IF(n % 10 = 0, 'order_not_found', 'total_mismatch'), CONCAT('the total is ', n), 'the total is #', \
         IF(n % 10 = 0, 'aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'), '0.1.0', \
         '2026-11-23' + INTERVAL n SECOND, '2026-11-23' + INTERVAL n SECOND \
         FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n \
         FROM {digits} AS a, {digits} AS b, {digits} AS c, {digits} AS e, {digits} AS f) AS numbers; \
         INSERT INTO dead_letter_body (message_id, body) SELECT message_id, REPEAT('x', 2000) FROM dead_letter"
    );
    connection.batch_execute(&rows).unwrap();
    let timed = |arguments: &str, code: i32| {
        let began = std::time::Instant::now();
        let answer = ops.run(&format!("{arguments} --output json")).ended(code, "").json();
        eprintln!("ops {arguments}: {:.2} s", began.elapsed().as_secs_f64());
        answer
    };
    let groups = timed("dlq list --group", 0);
    let counts: Vec<&Value> =
        groups.as_array().unwrap().iter().map(|group| &group["letters"]).collect();
    assert_eq!(counts, [&json!(MANY * 9 / 10), &json!(MANY / 10)]);
    assert_eq!(groups[1]["orders"], MANY / 10);
    let listed = timed("dlq list --limit 100", 0);
    assert_eq!((listed.as_array().unwrap().len(), &listed[99]["order"]), (100, &json!("A-99")));
    for (filter, order) in [
        ("--text A-99998", "A-99998"),
        ("--order A-77777", "A-77777"),
        ("--trade-no 202650000", "A-50000"),
        ("--reason order_not_found --since 2026-11-24T11:46:30+08:00", "A-99990"),
    ] {
        let found = timed(&format!("dlq list {filter}"), 0);
        assert_eq!(found[0]["order"], order, "{filter}");
        assert_eq!(found.as_array().unwrap().len(), 1, "{filter}");
    }
    let tried = timed("dlq replay --all --dry-run", 1);
    for what in ["letters", "meant", "looked_at", "would_die_again"] {
        assert_eq!(tried[what], MANY, "{what}");
    }
}
