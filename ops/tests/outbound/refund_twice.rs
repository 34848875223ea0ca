//! An equal refund within minutes, and the same refund again: the output and the effect of `ops refund`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use serde_json::json;
use testkit::clock::{column, minutes_ago};
use testkit::until;

use crate::world::World;

const ONE: &str = "refund B-1 --amount 1.00 --reason broken --by li";

#[test]
fn another_reason_within_ten_minutes_refunds_no_second_time() {
    let world = World::new();
    let _worker = world.paid(&[("B-1", "app")]);
    let first = world.run(ONE).ended(0, "").stdout;
    assert!(first.contains("in all, 1.00 of 10.00 yuan are refunded"), "{first}");
    for equal in [
        "refund B-1 --amount 1.00 --reason broken.",
        "refund B-1 --amount 1 --reason Broken --by wang",
        "refund B-1 --amount 1.0 --reason 坏了",
        "refund B-1 --amount 1 --reason broken. --dry-run",
    ] {
        let answer = world.run(equal).ended(1, "repeat with --again");
        assert!(answer.stderr.contains("1.00 yuan were asked for at"), "{}", answer.stderr);
        assert!(answer.stderr.contains("by li as"), "{}", answer.stderr);
        assert_eq!(answer.stdout, "", "{equal}");
    }
    assert_eq!(world.refunds("B-1", "app"), [100]);
    assert_eq!(world.json("refund-requests --order B-1").as_array().unwrap().len(), 1);

    // Another amount is another refund; `--all` can be the same amount as an earlier one.
    world.run("refund B-1 --amount 1.01 --reason broken").ended(0, "");
    let again = world.json("refund B-1 --amount 1 --reason broken. --again");
    assert_eq!(
        (&again["repeated"], &again["refunded_in_all"], &again["order_total"]),
        (&json!(false), &json!(301), &json!(1000))
    );
    // It is one refund, however often it is repeated.
    let repeated = world.json("refund B-1 --amount 1 --reason broken. --again");
    assert_eq!(
        (&repeated["repeated"], &repeated["request_no"]),
        (&json!(true), &again["request_no"])
    );
    world.run("refund B-1 --amount 5.99 --reason most").ended(0, "");
    world.run("refund B-1 --all --reason rest").ended(1, "repeat with --again");
    assert_eq!(world.refunds("B-1", "app"), [100, 101, 100, 599]);
}

/// Rows that workers have written.
fn booked_refunds(connection: &mut store::Connection) -> i64 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let rows = sql_query("SELECT COUNT(*) AS count FROM refund").get_result::<Row>(connection);
    rows.unwrap().count
}

#[test]
fn the_same_refund_after_ten_minutes_is_a_new_one() {
    let world = World::new();
    let _worker = world.paid(&[("B-1", "app")]);
    let sql = |text: &str| {
        let mut connection = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
        connection.batch_execute(text).unwrap();
    };
    // Alipay's message settles a request: the rows change when workers have booked it.
    let booked = |refunds: i64| {
        let mut connection = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
        until(&format!("{refunds} refunds"), || booked_refunds(&mut connection) >= refunds);
    };
    world.run(ONE).ended(0, "");
    booked(1);
    let older = |minutes: u32| {
        sql(&format!(
            "UPDATE refund_request SET created_at = UTC_TIMESTAMP(6) - INTERVAL {minutes} MINUTE, \
             asked_at = created_at, ended_at = created_at"
        ));
    };
    older(9);
    world.run("refund B-1 --amount 1 --reason second").ended(1, "--again");
    older(11);
    world.run("refund B-1 --amount 1 --reason second").ended(0, "");
    booked(2);
    // A refund with an unknown result, at any age.
    older(600);
    sql("UPDATE refund_request SET state = 'unknown' WHERE reason = 'second'");
    world.run("refund B-1 --amount 1 --reason third").ended(1, "(unknown, reason: second)");
    // Alipay has refused it: no money moved, and no refund is recorded.
    sql(
        "DELETE FROM refund WHERE request_no IN (SELECT request_no FROM refund_request WHERE reason = 'second')",
    );
    sql("UPDATE refund_request SET state = 'refused'");
    world.run("refund B-1 --amount 1 --reason third").ended(0, "");
    booked(2);
    // The refused one can be repeated, too, and has the same amount.
    world.run("refund B-1 --amount 1 --reason second").ended(1, "reason: third");
    assert_eq!(world.refunds("B-1", "app"), [100, 100, 100]);
}

#[test]
fn a_refund_made_in_alipays_back_office_is_detected() {
    let world = World::new();
    let _worker = world.paid(&[("B-1", "app")]);
    let trade = world.trade("B-1", "app")["trade_no"].as_str().unwrap().to_owned();
    let told = |minutes: i64| {
        let at = column(minutes_ago(minutes));
        format!(
            "INSERT INTO refund (merchant, trade_no, refund_key, request_no, amount, running_total, gmt_refund) \
             VALUES ('app', '{trade}', 'HAND@{minutes}', 'HAND', 100, 100, '{at}') \
             ON DUPLICATE KEY UPDATE gmt_refund = VALUES(gmt_refund)"
        )
    };
    let mut connection = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    connection.batch_execute(&told(3)).unwrap();
    world.run(ONE).ended(1, "1.00 yuan were refunded at Alipay at");
    assert!(world.refunds("B-1", "app").is_empty());
    connection.batch_execute("DELETE FROM refund").unwrap();
    connection.batch_execute(&told(30)).unwrap();
    world.run(ONE).ended(0, "");
}

/// `script` gives the program a terminal.
#[test]
fn a_repeated_refund_asks_on_a_terminal() {
    let world = World::new();
    let _worker = world.paid(&[("B-1", "app")]);
    world.run(ONE).ended(0, "");
    let answer = |answer: &str| {
        let (ops, config) = (env!("CARGO_BIN_EXE_ops"), world.pipeline.config().display());
        let command =
            format!("{ops} --config {config} refund B-1 --amount 1 --reason again --by li");
        let mut script = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .envs(world.pipeline.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        script.stdin.as_mut().unwrap().write_all(answer.as_bytes()).unwrap();
        // The end of its input would close the terminal.
        let stdin = script.stdin.take();
        let output = script.wait_with_output().unwrap();
        drop(stdin);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for no in ["no\n", "y\n", "\n"] {
        let (code, said) = answer(no);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("Refund the same amount once more? Type yes to go on:"), "{said}");
        assert!(said.contains("nothing was refunded"), "{said}");
    }
    assert_eq!(world.refunds("B-1", "app"), [100]);
    let (code, said) = answer("yes\n");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(world.refunds("B-1", "app"), [100, 100]);
}

#[test]
fn a_repeated_refund_names_time_and_operator_of_the_first() {
    let world = World::new();
    let _worker = world.paid(&[("B-1", "app")]);
    world.run(ONE).ended(0, "");
    let again = world.run(&ONE.replace("li", "wang")).ended(0, "").stdout;
    assert!(again.starts_with("already refunded at 20"), "{again}");
    assert!(again.contains(" by li: 1.00 yuan of order B-1"), "{again}");
    assert!(again.contains("Nothing was sent."), "{again}");
    world.run("refund B-1 --amount 2 --reason other").ended(0, "");
    // Not Alipay's earlier answer.
    let again = world.run(ONE).ended(0, "").stdout;
    assert!(again.contains("in all, 3.00 of 10.00 yuan are refunded"), "{again}");
    assert_eq!(world.refunds("B-1", "app"), [100, 200]);
}

#[test]
fn a_dry_run_writes_and_sends_nothing() {
    let world = World::new();
    let _worker = world.paid(&[("A-1", "shop"), ("B-1", "app")]);
    let dry = world.json(&format!("{ONE} --dry-run"));
    assert_eq!(
        (&dry["dry_run"], &dry["amount"], &dry["repeated"]),
        (&json!(true), &json!(100), &json!(false))
    );
    let text = world.run(&format!("{ONE} --dry-run")).ended(0, "").stdout;
    assert!(
        text.contains("1.00 yuan of order B-1") && text.contains("would be refunded"),
        "{text}"
    );
    let text = world.run("refund A-1 --all --reason no --dry-run").ended(0, "").stdout;
    assert!(text.contains("a link would be printed to refund 10.00 yuan"), "{text}");
    assert!(!text.contains("http"), "{text}");
    world
        .run("refund B-1 --amount 10.01 --reason no --dry-run")
        .ended(1, "more than the 10.00 yuan");
    assert_eq!(world.json("refund-requests"), json!([]));
    assert!(world.refunds("B-1", "app").is_empty() && world.refunds("A-1", "shop").is_empty());

    world.run(ONE).ended(0, "");
    let text = world.run(&format!("{ONE} --dry-run")).ended(0, "").stdout;
    assert!(
        text.contains("nothing would be sent: 1.00 yuan of order B-1 are refunded already at"),
        "{text}"
    );
    assert_eq!(world.refunds("B-1", "app"), [100]);
}

#[test]
fn a_second_refund_link_for_one_amount_needs_again() {
    testkit::clock::wait_past_midnight();
    let world = World::new();
    let _worker = world.paid(&[("A-1", "shop")]);
    world.run("refund A-1 --amount 2 --reason broken").ended(0, "");
    world.run("refund A-1 --amount 2 --reason broken.").ended(1, "(asked, reason: broken)");
    world.run("refund A-1 --amount 2 --reason broken. --again").ended(0, "");
}
