//! `ops prune` after notifications that a worker's batch has applied: what is over goes, all that is needed stays.

use std::thread;

use alipay::Protocol;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use testkit::until;
use worker::batch::Outcome;

use crate::worker_at_hand::Shop;

impl Shop {
    fn order(&self, id: &str) {
        self.ops.run(&format!("order create {id} --merchant shop --product gift")).done();
    }

    fn told(&mut self, order: &str, trade: &str, status: &str, more: &str) -> Outcome {
        let total = "total_amount=10.00";
        let body =
            format!("out_trade_no={order}&trade_no={trade}&{total}&trade_status={status}{more}");
        self.hear(Protocol::Openapi, &body)
    }

    /// A payment that cannot be refunded any more.
    fn finished(&mut self, order: &str) {
        self.order(order);
        for status in ["TRADE_SUCCESS", "TRADE_FINISHED"] {
            assert_eq!(self.told(order, &format!("T-{order}"), status, ""), Outcome::Done);
        }
    }

    fn sql(&mut self, statements: &str) {
        self.connection.batch_execute(statements).expect(statements);
    }

    /// All that was written until now was written so many days ago, and all events are published.
    fn age(&mut self, days: u32) {
        self.sql(&format!(
            "UPDATE notification SET first_seen = first_seen - INTERVAL {days} DAY, last_seen = last_seen - INTERVAL {days} DAY;
             UPDATE outbox SET created_at = created_at - INTERVAL {days} DAY, published_at = created_at;
             UPDATE user_order SET created_at = created_at - INTERVAL {days} DAY"
        ));
    }

    fn count(&mut self, what: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let sql = format!("SELECT COUNT(*) AS number FROM {what}");
        sql_query(&sql).get_result::<Row>(&mut self.connection).expect(&sql).number
    }

    /// How many rows the inbox has of this order.
    fn inbox(&mut self, order: &str) -> i64 {
        self.count(&format!("notification WHERE order_id = '{order}'"))
    }

    /// So many rows of the inbox that are 200 days old and belong to no order.
    fn old_rows(&mut self, rows: u32) {
        self.sql(&format!(
            "INSERT INTO notification (merchant, kind, message_id, charset, form, outcome, received_at, first_seen, last_seen)
             WITH RECURSIVE digit (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM digit WHERE n < 9)
             SELECT 'shop', 'batch_refund', CONCAT('old', a.n, b.n, c.n, d.n), 'utf-8', 'x=y', 'unchanged', UTC_TIMESTAMP(6),
                 UTC_TIMESTAMP(6) - INTERVAL 200 DAY, UTC_TIMESTAMP(6) - INTERVAL 200 DAY
             FROM digit AS a JOIN digit AS b JOIN digit AS c JOIN digit AS d LIMIT {rows}"
        ));
    }
}

/// The rows of a table in the result of `ops prune`.
fn rows(pruned: &Value, table: &str) -> i64 {
    let tables = pruned["tables"].as_array().unwrap();
    tables.iter().find(|it| it["table"] == table).unwrap()["rows"].as_i64().unwrap()
}

#[test]
fn what_is_over_goes_and_its_messages_change_nothing_when_they_come_again() {
    let mut shop = Shop::new();
    shop.stock("CODE-1\nCODE-2\nCODE-3\n");
    shop.finished("DONE");
    shop.age(200);
    shop.finished("YOUNG");

    let counted = shop.ops.json("prune --dry-run");
    assert_eq!((rows(&counted, "notification"), rows(&counted, "outbox")), (2, 3), "{counted}");
    assert_eq!((&counted["dry_run"], &counted["interrupted"]), (&json!(true), &json!(false)));
    let oldest = counted["tables"][0]["oldest"].as_str().unwrap();
    assert!(oldest < counted["before"].as_str().unwrap(), "{counted}");
    assert_eq!(shop.inbox("DONE"), 2, "a dry run removes nothing");
    assert_eq!(shop.ops.json("order show DONE")["removed_before"], Value::Null);
    shop.ops.run("prune --older-than 39d").ended(2, "at least 40d");
    assert_eq!(rows(&shop.ops.json("prune --older-than 201d"), "notification"), 0);

    let text = shop.ops.run("prune").done().stdout;
    assert!(text.contains("5 rows from before 2"), "{text}");
    assert_eq!((shop.inbox("DONE"), shop.inbox("YOUNG")), (0, 2));
    assert_eq!(shop.count("outbox"), 3, "those of the young order");
    shop.ops.run("audit --grace 0s").done();

    // The order says that its story is not whole; a younger one has nothing to say.
    let shown = shop.ops.json("order show DONE");
    assert_eq!((&shown["status"], &shown["story"]), (&json!(4), &json!([])));
    assert!(shown["removed_before"].is_string(), "{shown}");
    let text = shop.ops.run("order show DONE").done().stdout;
    assert!(text.contains("that are not shown were removed (`ops prune`)"), "{text}");
    assert_eq!(shop.ops.json("order show YOUNG").get("removed_before"), None);
    shop.ops.run("order show NOWHERE").ended(1, "were removed (`ops prune`)");

    // Alipay repeats what was removed: no second delivery, no second event.
    for status in ["TRADE_SUCCESS", "TRADE_FINISHED"] {
        assert_eq!(shop.told("DONE", "T-DONE", status, ""), Outcome::Done);
    }
    let shown = shop.ops.json("order show DONE");
    let outcomes: Vec<&Value> =
        shown["story"].as_array().unwrap().iter().map(|it| &it["outcome"]).collect();
    assert_eq!(outcomes, ["unchanged", "unchanged"]);
    assert_eq!((shown["goods"].as_array().unwrap().len(), shop.count("outbox")), (1, 3));
    shop.ops.run("audit --grace 0s").done();
}

#[test]
fn what_is_open_waits_or_is_in_review_stays() {
    let mut shop = Shop::new();
    shop.stock("CODE-1\nCODE-2\nCODE-3\nCODE-4\n");
    shop.ops.run("product add rare --name Rare --kind stock --price 10").done();
    // Paid: a refund is possible.
    shop.order("PAID");
    shop.told("PAID", "T-PAID", "TRADE_SUCCESS", "");
    // A refund in part is in review.
    shop.finished("PART");
    let refund = "&refund_fee=5.00&out_biz_no=R1&gmt_refund=2026-11-23+12%3A00%3A00";
    shop.told("PART", "T-PART", "TRADE_SUCCESS", refund);
    // Goods wait.
    shop.ops.run("order create RARE --merchant shop --product rare").done();
    shop.told("RARE", "T-RARE", "TRADE_FINISHED", "");
    // A dead letter and a retry wait.
    shop.finished("DEAD");
    shop.sql("INSERT INTO dead_letter (message_id, merchant, order_id, reason, error) VALUES ('1', 'shop', 'DEAD', 'x', 'y')");
    shop.finished("RETRY");
    shop.sql("INSERT INTO retry_copy (message_id, attempt, tier, merchant, order_id, first_seen, due_at) \
              VALUES ('1', 1, 'alipay.retry.5s', 'shop', 'RETRY', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))");
    // The buyer was asked to pay and never came.
    shop.order("NEVER");
    shop.told("NEVER", "T-NEVER", "WAIT_BUYER_PAY", "");
    shop.age(200);
    let kept = [("PAID", 1), ("PART", 3), ("RARE", 1), ("DEAD", 2), ("RETRY", 2)];
    let events = shop.count("outbox");

    let pruned = shop.ops.json("prune --pause 0s");
    assert_eq!((rows(&pruned, "notification"), rows(&pruned, "outbox")), (1, 0), "{pruned}");
    assert_eq!(kept.map(|(order, _)| (order, shop.inbox(order))), kept);
    assert_eq!((shop.inbox("NEVER"), shop.count("outbox")), (0, events));

    // Once nothing waits, they go.
    shop.sql("DELETE FROM dead_letter; DELETE FROM retry_copy");
    assert_eq!(rows(&shop.ops.json("prune"), "notification"), 4);
}

/// The inbox is the only place that tells of a payment that no order took.
#[test]
fn a_rejected_payment_stays_until_its_money_is_back() {
    let mut shop = Shop::new();
    shop.stock("CODE-1\n");
    shop.finished("A-1");
    let other = "out_trade_no=A-1&trade_no=T-2&total_amount=3.00&trade_status=TRADE_SUCCESS";
    assert!(matches!(shop.hear(Protocol::Openapi, other), Outcome::Rejected(_)));
    shop.age(200);
    assert_eq!(rows(&shop.ops.json("prune"), "notification"), 0, "its dead letter waits");
    shop.sql("UPDATE notification SET dead_since = NULL");
    assert_eq!(rows(&shop.ops.json("prune"), "notification"), 2, "those of the order's own trade");

    for (number, state, amount) in
        [("R1", "accepted", 200), ("R2", "unknown", 100), ("R3", "accepted", 100)]
    {
        assert_eq!((rows(&shop.ops.json("prune"), "notification"), shop.inbox("A-1")), (0, 1));
        shop.sql(&format!(
            "INSERT INTO refund_request (request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, state, \
             of_rejected) VALUES ('{number}', 'shop', 'A-1', 'T-2', {amount}, FALSE, 'x', 'ann', '{state}', TRUE)"
        ));
    }
    assert_eq!((rows(&shop.ops.json("prune"), "notification"), shop.inbox("A-1")), (1, 0));
}

#[test]
fn a_notification_that_left_no_trade_stays_for_the_audit() {
    let mut shop = Shop::new();
    shop.stock("CODE-1\n");
    shop.finished("A-1");
    shop.sql("UPDATE notification SET trade_no = 'T-LOST' WHERE trade_status = 'TRADE_SUCCESS'");
    shop.age(200);
    let audit = |shop: &Shop| {
        shop.ops.run("audit --grace 0s --output json").ended(1, "").json()["gap_counts"].clone()
    };
    let gaps = audit(&shop);
    assert_eq!(rows(&shop.ops.json("prune"), "notification"), 1);
    assert_eq!(audit(&shop), gaps);
}

/// Answers of the gateway, ended expiries, counts of redeliveries and dead letters that left the queue go by their own times.
#[test]
fn the_other_tables_go_by_their_own_times() {
    let mut shop = Shop::new();
    shop.stock("CODE-1\n");
    shop.finished("DONE");
    shop.order("PAID");
    shop.told("PAID", "T-PAID", "TRADE_SUCCESS", "");
    for (order, age) in [("DONE", 200), ("DONE", 100), ("PAID", 200)] {
        shop.sql(&format!(
            "INSERT INTO gateway_answer (order_id, digest, written_at) VALUES ('{order}', '{age}', UTC_TIMESTAMP(6) - INTERVAL {age} DAY);
             INSERT INTO order_expired (order_id, expires_at, said_at, written_at, ended_at) VALUES ('{order}',
                 UTC_TIMESTAMP(6) - INTERVAL {age} DAY, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) - INTERVAL {age} DAY,
                 UTC_TIMESTAMP(6) - INTERVAL {age} DAY);
             INSERT INTO redelivery (message_id, order_id, last_seen) VALUES ('{order}{age}', '{order}', UTC_TIMESTAMP(6) - INTERVAL {age} DAY);
             INSERT INTO dead_letter (message_id, order_id, reason, error, state, copies, changed_at) VALUES ('{order}{age}', '{order}', 'poison', '',
                 'replayed', 0, UTC_TIMESTAMP(6) - INTERVAL {age} DAY);
             INSERT INTO dead_letter_body (message_id, body) VALUES ('{order}{age}', 'x')"
        ));
    }
    shop.sql("UPDATE order_expired SET ended_at = NULL WHERE order_id = 'PAID'");
    let pruned = shop.ops.json("prune");
    for table in ["gateway_answer", "order_expired", "redelivery", "dead_letter"] {
        assert_eq!((rows(&pruned, table), shop.count(table)), (1, 2), "{table}");
    }
    assert_eq!(shop.count("dead_letter_body"), 2);
}

/// A letter in the queue keeps its row, and all of its order's.
#[test]
fn a_letter_in_the_queue_keeps_its_row() {
    let mut shop = Shop::new();
    shop.stock("CODE-1\n");
    shop.finished("DONE");
    shop.sql(
        "INSERT INTO dead_letter (message_id, order_id, reason, error, changed_at) VALUES ('x', 'DONE', 'poison', '',
         UTC_TIMESTAMP(6) - INTERVAL 200 DAY)",
    );
    shop.age(200);
    let pruned = shop.ops.json("prune");
    assert_eq!((rows(&pruned, "dead_letter"), rows(&pruned, "notification")), (0, 0));
    assert_eq!(shop.count("dead_letter"), 1);
}

#[test]
fn two_at_a_time_remove_each_row_once() {
    let mut shop = Shop::new();
    shop.old_rows(5_000);
    let ops = &shop.ops;
    let both = thread::scope(|scope| {
        let run = || scope.spawn(|| rows(&ops.json("prune --pause 0s"), "notification"));
        [run(), run()].map(|it| it.join().unwrap())
    });
    assert_eq!(both.iter().sum::<i64>(), 5_000, "{both:?}");
    assert_eq!(shop.count("notification"), 0);
    assert_eq!(shop.count("prune_mark WHERE removed = 5000"), 1);
}

#[test]
fn what_an_interrupt_leaves_the_next_run_removes() {
    let mut shop = Shop::new();
    shop.old_rows(5_000);
    // The pause is longer than the test: the run is interrupted in it.
    let mut run = shop.ops.start(&["prune", "--pause", "1h"]);
    until("a step is done", || shop.count("notification") == 4_000);
    kill(Pid::from_raw(run.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let line = run.wait_for_line("1000 rows from before");
    assert!(line.ends_with("removed"), "{line}");
    assert_eq!(run.wait().code(), Some(3));
    assert_eq!(shop.count("notification"), 4_000);
    assert_eq!(rows(&shop.ops.json("prune"), "notification"), 4_000);
}
