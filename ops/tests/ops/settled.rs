//! Settled dead letters are marked, and only `--settled` discards them.

use diesel::connection::SimpleConnection as _;
use queue::topology::DEAD_QUEUE;
use serde_json::{Value, json};
use testkit::Sandbox;

use crate::dead_cohorts::{configured, notification};
use crate::dead_letters::{bury, depth};

#[test]
fn only_settled_letters_are_marked_and_discarded() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    for order in ["A-1", "A-2", "A-3"] {
        ops.run(&format!("order create {order} --merchant shop --product gift")).done();
    }
    let mut forged = notification("forged", "A-1", "10.00", 4);
    forged.body = String::from_utf8(forged.body).unwrap().replace("A-1", "A-3").into_bytes();
    let mut nothing = notification("nothing", "A-1", "10.00", 5);
    nothing.body = b"no envelope".to_vec();
    bury(
        &ops,
        &sandbox,
        vec![
            // Its content is already known from another message.
            notification("known", "A-1", "10.00", 1),
            // The same trade with another total: the payment is unclear.
            notification("other-total", "A-1", "0.01", 2),
            // The trade belongs to another order, which proves nothing about this one.
            notification("unknown", "A-2", "10.00", 3),
            forged,
            nothing,
        ],
    );
    let marks = || -> Vec<(String, Value)> {
        let letters = ops.json("dlq list");
        let letters = letters.as_array().unwrap().iter();
        letters.map(|it| (it["id"].as_str().unwrap().to_owned(), it["settled"].clone())).collect()
    };
    assert!(marks().iter().all(|(_, settled)| settled.is_null()), "{:?}", marks());
    ops.run("dlq discard --settled --reason over --by ann").done();
    assert_eq!(depth(&sandbox.amqp_url, DEAD_QUEUE), 5, "nothing is settled yet");

    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let trade = "INSERT INTO trade (order_id, trade_no, facts) VALUES ('A-1', '2026112300000001', 'paid'); \
                 UPDATE user_order SET trade_no = '2026112300000001', status = 8 WHERE id = 'A-1'";
    connection.batch_execute(trade).unwrap();
    let settled: Vec<(String, Value)> = marks().into_iter().filter(|it| !it.1.is_null()).collect();
    assert_eq!(settled, [("known".to_owned(), json!("in_books"))]);
    let shown = ops.run("dlq show known").done().stdout;
    assert!(shown.contains("settled      in_books"), "{shown}");
    let table = ops.run("dlq list").done().stdout;
    assert!(table.contains("SETTLED") && table.contains("in_books"), "{table}");

    ops.run("dlq discard --settled").ended(2, "--reason");
    ops.run("dlq discard known --settled --reason x").ended(2, "cannot be used with");
    let done = ops.json("dlq discard --settled --reason over --by ann");
    assert_eq!((&done["discarded"], &done["settled"]), (&json!(1), &json!({ "in_books": 1 })));
    let left: Vec<String> = marks().into_iter().map(|(id, _)| id).collect();
    assert_eq!(left, ["other-total", "unknown", "forged", "nothing"]);
    let history = &ops.json("dlq history known")[0];
    assert_eq!((&history["done_by"], &history["note"]), (&json!("ann"), &json!("over")));
}

/// No order accepted the payment: settled once all of it is refunded, by our request or by Alipay's message.
#[test]
fn a_letter_without_order_is_settled_once_its_money_is_refunded() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    bury(&ops, &sandbox, vec![notification("stray", "A-9", "10.00", 1)]);
    let settled = || ops.json("dlq list")[0]["settled"].clone();
    assert_eq!(settled(), Value::Null);
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let mut request = |number: &str, amount: u32, state: &str, of_rejected: u8| {
        let row = format!(
            "INSERT INTO refund_request (request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, \
             state, of_rejected) VALUES ('{number}', 'shop', 'A-9', '2026112300000001', {amount}, FALSE, 'x', 'ann', \
             '{state}', {of_rejected})"
        );
        connection.batch_execute(&row).unwrap();
    };
    for (number, amount, state) in
        [("R1", 400, "accepted"), ("R2", 600, "unknown"), ("R3", 600, "refused")]
    {
        request(number, amount, state, 1);
        assert_eq!(settled(), Value::Null, "{number}");
    }
    request("R4", 600, "accepted", 1);
    assert_eq!(settled(), "given_back");
}

/// What was given back on Alipay's own page is only in the running total that Alipay answered.
#[test]
fn a_running_total_of_all_the_money_settles_a_letter_without_order() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    bury(&ops, &sandbox, vec![notification("stray", "A-9", "10.00", 1)]);
    let settled = || ops.json("dlq list")[0]["settled"].clone();
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let mut request = |number: &str, order: &str, running_total: u32| {
        let row = format!(
            "INSERT INTO refund_request (request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, \
             state, running_total, of_rejected) VALUES ('{number}', 'shop', '{order}', '2026112300000001', 300, \
             FALSE, 'x', 'ann', 'accepted', {running_total}, TRUE)"
        );
        connection.batch_execute(&row).unwrap();
    };
    request("R1", "A-9", 999);
    assert_eq!(settled(), Value::Null, "one fen is missing");
    request("R2", "A-8", 1000);
    assert_eq!(settled(), Value::Null, "the request was for a payment of another order");
    request("R3", "A-9", 1000);
    assert_eq!(settled(), "given_back");
}
