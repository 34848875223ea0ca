//! A replay by a ramp, and what a crash leaves of a replay or of a discard that is undone.

use diesel::connection::SimpleConnection as _;
use queue::Message;
use queue::topology::{DEAD_QUEUE, work_queue};
use serde_json::{Value, json};
use testkit::Sandbox;

use crate::dead_cohorts::{configured, notification_of_trade};
use crate::dead_letters::{bury, depth, ids};
use crate::program::Ops;

/// Letters of so many orders, whose total is 10.00 yuan.
fn payments(ops: &Ops, count: usize, total: &str) -> Vec<Message> {
    let letter = |number: usize| {
        let order = format!("A-{number}");
        ops.run(&format!("order create {order} --merchant shop --product gift")).done();
        let trade_no = format!("20261123000000{number:02}");
        let died = i64::try_from(number).unwrap();
        notification_of_trade(&format!("id-{number}"), &order, &trade_no, total, died)
    };
    (0..count).map(letter).collect()
}

#[test]
fn a_ramp_stops_at_letters_that_die_again_and_the_same_command_goes_on() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    let letters = payments(&ops, 13, "1.00");
    bury(&ops, &sandbox, letters);
    let ramp = "dlq replay --reason total_mismatch --ramp --output json";

    let idle = ops.run(ramp).ended(1, "no worker has come to letters of the last step").json();
    let step = |letters: u32, dead_again: u32, waiting: u32| json!({ "letters": letters, "dead_again": dead_again, "retrying": 0, "waiting": waiting });
    assert_eq!((&idle["steps"], &idle["stopped"]), (&json!([step(1, 0, 1)]), &json!("no_worker")));
    // Its message is the first that the worker handles: it dies again.
    let _worker = ops.worker();
    testkit::until("all are dead again", || ops.json("dlq list").as_array().unwrap().len() == 13);

    let stopped = ops.run(ramp).ended(1, "stopped after 1 of 13: too many letters").json();
    assert_eq!((&stopped["replayed"], &stopped["dead_again"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&stopped["steps"], &stopped["stopped"]),
        (&json!([step(1, 1, 0)]), &json!("dead_again"))
    );
    // One in ten is less than a fifth.
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    connection.batch_execute("UPDATE user_order SET total_fee = 100 WHERE id <> 'A-5'").unwrap();
    let some = ops.run(&format!("{ramp} --stop-at 20% --rate 200")).ended(1, "1 of 13 died again");
    let some = some.json();
    assert_eq!((&some["replayed"], &some["applied"]), (&json!(13), &json!(12)), "{some}");
    assert_eq!(some["stopped"], Value::Null);
    let letters: Vec<&Value> =
        some["steps"].as_array().unwrap().iter().map(|step| &step["letters"]).collect();
    assert_eq!(letters, [1, 10, 2]);
    assert_eq!(ids(&ops.json("dlq list")), ["id-5"]);

    connection.batch_execute("UPDATE user_order SET total_fee = 100").unwrap();
    let text = ops.run("dlq replay --all --ramp").done().stdout;
    assert!(text.contains("step 1: 1 letter, 0 died again, 0 in a retry tier\n"), "{text}");
    assert_eq!(ops.json("dlq list"), json!([]));
    ops.run("dlq replay --all --ramp --no-wait").ended(2, "cannot be used with");
    ops.run("dlq replay --all --rate 5").ended(2, "--ramp");
    ops.run("dlq replay --all --ramp --stop-at 101").ended(2, "expected a percentage");
}

/// At most so many letters a second, however fast the servers are.
#[test]
fn a_ramp_keeps_to_its_rate() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    let letters = payments(&ops, 11, "10.00");
    bury(&ops, &sandbox, letters);
    let _worker = ops.worker();
    let began = std::time::Instant::now();
    ops.run("dlq replay --all --ramp --rate 5").done();
    assert!(began.elapsed().as_secs_f64() >= 11.0 / 5.0, "{:?}", began.elapsed());
}

/// Whatever a crash interrupts: each letter is still there, the comparison says where, and repeating it pays no order twice.
#[test]
fn a_crash_at_each_point_of_a_replay_loses_no_letter() {
    for (point, listed_before_sync) in [("ops.replay_published", 2), ("ops.replay_recorded", 0)] {
        let sandbox = Sandbox::new();
        let ops = configured(&sandbox);
        let letters = payments(&ops, 2, "10.00");
        bury(&ops, &sandbox, letters);
        crash(&sandbox, point, &["dlq", "replay", "--all"]);
        assert_eq!(depth(&sandbox.amqp_url, &work_queue(0)), 2, "{point}");
        testkit::until("the broker has put them back", || {
            depth(&sandbox.amqp_url, DEAD_QUEUE) == 2
        });
        let listed = ops.json("dlq list");
        assert_eq!(listed.as_array().unwrap().len(), listed_before_sync, "{point}");
        ops.run("dlq sync").done();
        assert_eq!(ids(&ops.json("dlq list")), ["id-0", "id-1"], "{point}");

        let _worker = ops.worker();
        let again = ops.json("dlq replay --all");
        assert_eq!((&again["replayed"], &again["dead_again"]), (&json!(2), &json!(0)), "{point}");
        assert_eq!(depth(&sandbox.amqp_url, DEAD_QUEUE), 0);
        testkit::until("both are paid", || {
            let orders = ops.json("order list");
            orders.as_array().unwrap().iter().all(|order| order["status"] == 8)
        });
        ops.run("audit").done();
        assert_eq!(ops.json("stock list")[0]["available"], 0, "one code for each order");
        let synced = ops.json("dlq sync");
        assert_eq!((&synced["found"], &synced["gone"]), (&json!(0), &json!(0)), "{point}");
    }
}

#[test]
fn a_crash_while_a_letter_is_restored_leaves_it_in_the_queue() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    let letters = payments(&ops, 1, "10.00");
    bury(&ops, &sandbox, letters);
    ops.run("dlq discard id-0 --reason test --by ann").done();
    crash(&sandbox, "ops.restore_published", &["dlq", "restore", "id-0", "--by", "ann"]);
    assert_eq!(depth(&sandbox.amqp_url, DEAD_QUEUE), 1);
    assert_eq!(ops.json("dlq list"), json!([]));
    assert_eq!(ops.json("dlq sync")["found"], 1);
    assert_eq!(ids(&ops.json("dlq list")), ["id-0"]);
    ops.run("dlq restore id-0 --by ann").ended(1, "there is no discarded letter");
}

/// Runs it until it dies at this point.
fn crash(sandbox: &Sandbox, point: &str, arguments: &[&str]) {
    let dying = Ops::new(sandbox).with_shop().set("CRASH_POINT", point);
    let ended = dying.start(arguments).wait();
    assert_eq!(ended.code(), None, "{point}: it must die of a signal");
}
