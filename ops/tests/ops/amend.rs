//! Orders that the shop wrote wrongly: amended, and their dead letters replayed.

use diesel::RunQueryDsl as _;
use queue::Message;
use serde_json::Value;
use testkit::Sandbox;

use crate::dead_cohorts::{configured, notification};
use crate::dead_letters::bury;
use crate::program::Ops;

/// The shop with orders of 10.00 yuan, for which these letters are dead.
fn with_letters(sandbox: &Sandbox, letters: Vec<Message>) -> Ops {
    let ops = configured(sandbox);
    for order in ["A-1", "A-2"] {
        ops.run(&format!("order create {order} --merchant shop --product gift")).done();
    }
    bury(&ops, sandbox, letters);
    ops
}

fn amend(ops: &Ops, arguments: &str) -> crate::program::Answer {
    ops.run(&format!("order amend {arguments} --reason tested --by wang"))
}

fn order(ops: &Ops, id: &str) -> Value {
    ops.json(&format!("order show {id}"))
}

#[test]
fn a_letter_that_disagrees_is_replayed_once_its_order_agrees() {
    let sandbox = Sandbox::new();
    let ops = with_letters(&sandbox, vec![notification("n-1", "A-1", "9.00", 0)]);
    // Looked at first: nothing changes.
    let plan = amend(&ops, "A-1 --total 9.00 --replay all --dry-run --output json").done().json();
    assert_eq!(
        (&plan["changes"][0]["before"], &plan["changes"][0]["after"]),
        (&"10.00".into(), &"9.00".into())
    );
    assert_eq!((&plan["letters"], &plan["dry_run"][0]["outcome"]), (&1.into(), &"applied".into()));
    assert_eq!(order(&ops, "A-1")["total_fee"], 1000);
    assert!(amend(&ops, "A-1 --total 9.00").ended(2, "--yes").stderr.contains("10.00 → 9.00"));

    let _worker = ops.worker();
    let done = amend(&ops, "A-1 --total 9.00 --replay all --yes --output json").done().json();
    assert_eq!((&done["state"], &done["replay"]["applied"]), (&"applied".into(), &1.into()));
    let shown = order(&ops, "A-1");
    assert_eq!((&shown["total_fee"], &shown["is_send_goods"]), (&900.into(), &true.into()));
    assert_eq!(shown["goods"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["amendments"][0]["reason"], "tested");
    assert_eq!(ops.json("dlq list"), Value::Array(Vec::new()));
    let act = &ops.json("actions --action amend_order")[0];
    assert_eq!((&act["before"]["total"], &act["after"]["total"]), (&1000.into(), &900.into()));
    // Once more: it has these terms, and nothing is left to replay.
    let again = amend(&ops, "A-1 --total 9.00 --replay all --yes --output json").done().json();
    assert_eq!((&again["amendment"], &again["replay"]), (&Value::Null, &Value::Null));
    // What it was paid by stays.
    amend(&ops, "A-1 --total 8.00 --yes").ended(1, "trade 2026112300000001 has paid this order");
    amend(&ops, "A-1 --product gift --time-limit none --yes").done();
    assert_eq!(ops.json("order amendments A-1").as_array().map(Vec::len), Some(1));
}

#[test]
fn a_crash_between_amending_and_replaying_is_gone_on_from() {
    let sandbox = Sandbox::new();
    let ops = with_letters(&sandbox, vec![notification("n-1", "A-1", "9.00", 0)]);
    let _worker = ops.worker();
    let words = "order amend A-1 --total 9.00 --replay all --yes --reason tested --by wang";
    let arguments: Vec<&str> = words.split(' ').collect();
    let dying = ops.clone().set("CRASH_POINT", "ops.amended");
    assert!(!dying.start(&arguments).wait().success());
    let shown = order(&ops, "A-1");
    assert_eq!((&shown["total_fee"], &shown["is_send_goods"]), (&900.into(), &false.into()));
    assert_eq!(ops.json("dlq list").as_array().map(Vec::len), Some(1));

    let again = ops.run(&format!("{words} --output json")).done().json();
    assert_eq!((&again["amendment"], &again["replay"]["applied"]), (&Value::Null, &1.into()));
    let shown = order(&ops, "A-1");
    assert_eq!(
        (&shown["is_send_goods"], shown["goods"].as_array().map(Vec::len)),
        (&true.into(), Some(1))
    );
    assert_eq!(shown["amendments"].as_array().map(Vec::len), Some(1));
}

#[test]
fn above_the_limit_a_second_person_confirms() {
    let sandbox = Sandbox::new();
    let letters = vec![notification("n-1", "A-1", "9.00", 0)];
    let ops = with_letters(&sandbox, letters).set("ALIPAY__ORDERS__AMEND_ALONE_UP_TO", "0.99");
    let _worker = ops.worker();
    let proposed = amend(&ops, "A-1 --total 9.00 --replay all --yes --output json").done().json();
    assert_eq!((&proposed["state"], &proposed["amendment"]), (&"proposed".into(), &1.into()));
    assert_eq!(order(&ops, "A-1")["total_fee"], 1000);
    let confirm =
        |by: &str| ops.run(&format!("order amend --confirm 1 --yes --by {by} --output json"));
    confirm("wang").ended(1, "another person has to confirm it");
    assert_eq!(order(&ops, "A-1")["total_fee"], 1000);
    let confirmed = confirm("li").done().json();
    assert_eq!(
        (&confirmed["state"], &confirmed["replay"]["applied"]),
        (&"applied".into(), &1.into())
    );
    let shown = order(&ops, "A-1");
    assert_eq!((&shown["total_fee"], &shown["is_send_goods"]), (&900.into(), &true.into()));
    assert_eq!(shown["amendments"][0]["decided_by"], "li");
    // Once more, as after a crash: nothing is left to replay.
    assert_eq!(confirm("li").done().json()["replay"], Value::Null);

    // A proposal that the order has overtaken changes nothing, and is taken back.
    amend(&ops, "A-2 --total 8.00 --yes").done();
    let alone = ops.clone().set("ALIPAY__ORDERS__AMEND_ALONE_UP_TO", "5.00");
    amend(&alone, "A-2 --total 9.50 --yes").done();
    ops.run("order amend --confirm 2 --yes --by li").ended(1, "has changed meanwhile");
    ops.run("order amend --withdraw 2 --by li").done();
    assert_eq!(ops.json("order amendments --open"), Value::Array(Vec::new()));
    assert_eq!(order(&ops, "A-2")["total_fee"], 950);
}

#[test]
fn a_crash_between_confirming_and_replaying_is_gone_on_from() {
    let sandbox = Sandbox::new();
    let letters = vec![notification("n-1", "A-1", "9.00", 0)];
    let ops = with_letters(&sandbox, letters).set("ALIPAY__ORDERS__AMEND_ALONE_UP_TO", "0.00");
    let _worker = ops.worker();
    amend(&ops, "A-1 --total 9.00 --replay all --yes").done();
    let words = "order amend --confirm 1 --yes --by li --output json";
    let arguments: Vec<&str> = words.split(' ').collect();
    let dying = ops.clone().set("CRASH_POINT", "ops.amended");
    assert!(!dying.start(&arguments).wait().success());
    assert_eq!(order(&ops, "A-1")["is_send_goods"], false);
    assert_eq!(ops.run(words).done().json()["replay"]["applied"], 1);
    assert_eq!(order(&ops, "A-1")["is_send_goods"], true);
}

#[test]
fn many_small_steps_are_as_good_as_a_large_one() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox).set("ALIPAY__ORDERS__AMEND_ALONE_UP_TO", "1.00");
    ops.run("order create A-1 --merchant shop --product gift").done();
    let state = |total: &str| {
        let words = format!("A-1 --total {total} --yes --output json");
        amend(&ops, &words).done().json()["state"].clone()
    };
    assert_eq!(state("9.50"), "applied");
    assert_eq!(state("8.99"), "proposed");
    // Back towards what it was.
    assert_eq!(state("10.00"), "applied");
    ops.run("order amend --withdraw 2 --by li").done();
    assert_eq!(state("8.00"), "proposed");
    ops.run("order amend --confirm 4 --yes --by li").done();
    // From what a second person has looked at on.
    assert_eq!(state("7.10"), "applied");
    assert_eq!(state("6.99"), "proposed");
}

#[test]
fn the_gateway_of_the_former_merchant_is_not_asked_any_more() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    ops.run("order create A-1 --merchant shop --product gift").done();
    let two = [("PROTOCOL", "mapi"), ("SELLER_ID", "2088000000000002"), ("SIGN_TYPES", "MD5")];
    let two = two.into_iter().chain([("MD5_KEY", "another-key-of-the-tests")]);
    let ops = two
        .fold(ops, |ops, (key, value)| ops.set(&format!("ALIPAY__MERCHANTS__SHOP2__{key}"), value));
    let mut database = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    for statement in [
        "INSERT INTO gateway_query (order_id, merchant, why, due_at) VALUES ('A-1', 'shop', 'unpaid', UTC_TIMESTAMP(6))",
        "INSERT INTO order_expired (order_id, expires_at, said_at) \
         VALUES ('A-1', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
    ] {
        diesel::sql_query(statement).execute(&mut *database).unwrap();
    }
    amend(&ops, "A-1 --merchant shop2 --yes").done();
    ops.run("order amend --confirm 1 --yes --by li").done();
    let left = "UPDATE order_expired SET ended_at = NULL WHERE ended_at IS NULL";
    assert_eq!(diesel::sql_query(left).execute(&mut *database).unwrap(), 0);
    // The new merchant's is, at once.
    for (merchant, rows) in [("shop", 0), ("shop2", 1)] {
        let asked =
            format!("DELETE FROM gateway_query WHERE order_id = 'A-1' AND merchant = '{merchant}'");
        assert_eq!(diesel::sql_query(asked).execute(&mut *database).unwrap(), rows, "{merchant}");
    }
}

/// Else its buyer would have goods and money, or a new merchant an order that its gateway has not closed.
#[test]
fn an_order_stays_while_its_payment_is_given_back_and_its_merchant_once_it_has_expired() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    ops.run("order create A-1 --merchant shop --product gift").done();
    let mut database = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let mut execute = |sql: &str| diesel::sql_query(sql).execute(&mut *database).unwrap();
    execute(
        "INSERT INTO refund_request (request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, state, of_rejected) \
         VALUES ('R-1', 'shop', 'A-1', 'T-1', 900, TRUE, 'why', 'ann', 'asked', TRUE)",
    );
    for state in ["asked", "unknown"] {
        execute(&format!("UPDATE refund_request SET state = '{state}'"));
        let refused = format!("refund R-1 of the rejected payment T-1 is {state}");
        amend(&ops, "A-1 --total 9.00 --yes").ended(1, &refused);
    }
    execute("UPDATE refund_request SET state = 'refused'");
    amend(&ops, "A-1 --total 9.00 --yes").done();
    execute("UPDATE user_order SET expired_at = UTC_TIMESTAMP(6), status = 32, is_finish = TRUE");
    let two = ops.set("ALIPAY__MERCHANTS__SHOP2__PROTOCOL", "mapi");
    let two = two.set("ALIPAY__MERCHANTS__SHOP2__SELLER_ID", "2088000000000002");
    let two = two.set("ALIPAY__MERCHANTS__SHOP2__SIGN_TYPES", "MD5");
    let two = two.set("ALIPAY__MERCHANTS__SHOP2__MD5_KEY", "another-key-of-the-tests");
    amend(&two, "A-1 --merchant shop2 --yes").ended(1, "it has expired");
}

#[test]
fn what_is_refused_changes_nothing() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    ops.run("order create A-1 --merchant shop --product gift").done();
    ops.run("product add other --name Other --kind manual --price 10").done();
    for (arguments, code, why) in [
        ("NOWHERE --total 9.00", 1, "there is no order NOWHERE"),
        ("A-1 --product nothing", 1, "there is no product nothing"),
        ("A-1 --merchant nobody", 1, "nobody"),
        ("A-1 --total 9.00 --replay f00d", 1, "no dead letter f00d"),
        ("A-1 --time-limit 1h", 2, "not in the future"),
        ("A-1", 2, "required"),
        ("--total 9.00", 2, "required"),
        ("--confirm 9", 1, "there is no amendment 9"),
        ("--withdraw 9", 1, "there is no amendment 9"),
    ] {
        amend(&ops, &format!("{arguments} --yes")).ended(code, why);
    }
    let shown = order(&ops, "A-1");
    assert_eq!((&shown["total_fee"], &shown["product"]["id"]), (&1000.into(), &"gift".into()));
    assert_eq!(ops.json("order amendments"), Value::Array(Vec::new()));
    // Another merchant's money needs two people always.
    let two = ops.set("ALIPAY__MERCHANTS__SHOP2__PROTOCOL", "mapi");
    let two = two.set("ALIPAY__MERCHANTS__SHOP2__SELLER_ID", "2088000000000002");
    let two = two.set("ALIPAY__MERCHANTS__SHOP2__SIGN_TYPES", "MD5");
    let two = two.set("ALIPAY__MERCHANTS__SHOP2__MD5_KEY", "another-key-of-the-tests");
    let proposed = amend(&two, "A-1 --merchant shop2 --yes --output json").done().json();
    assert_eq!(proposed["state"], "proposed");
    // The product of another kind: nothing of it was delivered yet.
    amend(&two, "A-1 --product other --yes").done();
    assert_eq!(order(&two, "A-1")["product"]["id"], "other");
}
