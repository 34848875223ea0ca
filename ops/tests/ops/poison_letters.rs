//! Letters of messages that killed workers, and letters without an inbox row.

use diesel::connection::SimpleConnection as _;
use queue::topology::{DEAD_QUEUE, work_queue};
use queue::{Headers, Message};
use serde_json::json;
use testkit::Sandbox;

use crate::dead_letters::{bury, depth, letter};
use crate::program::Ops;

fn killed_workers(id: &str, died: i64) -> Message {
    let message = letter(id, died);
    let headers = Headers { reason: Some("kills_workers".into()), ..message.headers };
    Message { headers, ..message }
}

#[test]
fn a_replay_leaves_out_letters_that_kill_workers() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    bury(
        &ops,
        &sandbox,
        vec![letter("harmless", 1), killed_workers("kills", 2), killed_workers("kills", 3)],
    );

    let dry =
        ops.run("dlq replay --all --dry-run --output json").ended(1, "2 letters were left out");
    assert_eq!((&dry.json()["letters"], &dry.json()["left_out"]), (&json!(1), &json!(2)));
    for which in ["kills", "--reason kills_workers", "--order A-1 --reason kills_workers"] {
        let answer = ops.run(&format!("dlq replay {which} --no-wait --output json"));
        let answer = answer.ended(1, "--even-if-it-kills-workers");
        assert_eq!(
            (&answer.json()["replayed"], &answer.json()["left_out"]),
            (&json!(0), &json!(2))
        );
    }
    let mixed =
        ops.run("dlq replay --all --no-wait --output json").ended(1, "2 letters were left out");
    assert_eq!(mixed.json()["replayed"], 1);
    assert_eq!(depth(&sandbox.amqp_url, &work_queue(0)), 1);
    assert_eq!(depth(&sandbox.amqp_url, DEAD_QUEUE), 2);
    ops.run("dlq replay kills absent --no-wait").ended(1, "there is no dead letter absent");

    let all = ops.json("dlq replay kills --no-wait --even-if-it-kills-workers");
    assert_eq!((&all["replayed"], &all["left_out"]), (&json!(2), &json!(null)));
    assert_eq!(depth(&sandbox.amqp_url, &work_queue(0)), 3);
}

#[test]
fn exit_code_1_for_a_replay_that_matches_no_letter() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    for which in ["--all", "--reason total_mismatch", "--order A-9"] {
        let none = ops.run(&format!("dlq replay {which} --output json"));
        assert_eq!(none.ended(1, "no dead letter matches").json()["replayed"], 0);
        let dry = ops.run(&format!("dlq replay {which} --dry-run --output json"));
        assert_eq!(dry.ended(1, "no dead letter matches").json()["letters"], 0);
    }
    // All would die again: the merchant is not configured.
    bury(&ops, &sandbox, vec![letter("a", 1), letter("b", 2)]);
    ops.run("dlq replay --all --dry-run").ended(1, "2 of 2 would die again");
}

#[test]
fn letters_without_an_inbox_row_are_in_the_order_history() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    ops.run("product add gift --name Gift --kind manual --price 10").done();
    ops.run("order create A-1 --product gift --merchant shop").ended(0, "");
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let rows = "INSERT INTO dead_letter (message_id, merchant, order_id, reason, error) VALUES \
                ('kills', 'shop', 'A-1', 'kills_workers', 'redelivered 4 times'), \
                ('lost', 'shop', 'A-2', 'kills_workers', 'redelivered 4 times'); \
                INSERT INTO redelivery (message_id, count, merchant, order_id) VALUES \
                ('again', 2, 'shop', 'A-1'), ('once', 1, 'shop', 'A-2')";
    connection.batch_execute(rows).unwrap();
    let page = ops.json("order show A-1");
    assert_eq!(page["unrecorded_letters"][0]["reason"], "kills_workers");
    assert_eq!(page["came_back"][0]["count"], 2);
    let told = ops.run("order show A-1").done().stdout;
    for line in [
        "dead letter kills, kills_workers: redelivered 4 times",
        "a message (again) came back 2 times without an answer",
        "not applied: 1 message was rejected as kills_workers, see `ops dlq list --order A-1`",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let missing = ops.run("order show A-2").ended(1, "there is no order A-2").stderr;
    assert!(missing.contains("dead letter lost, kills_workers"), "{missing}");
    assert!(missing.contains("a message (once) came back once without an answer"), "{missing}");

    // Removed with its letter; the operator's action is still shown.
    bury(&ops, &sandbox, vec![killed_workers("kills", 1)]);
    ops.run("dlq discard kills --reason poison --by ann").done();
    let page = ops.json("order show A-1");
    assert_eq!(page["unrecorded_letters"], json!([]));
    assert_eq!(page["dead_letters"][0]["action"], "discarded");
}
