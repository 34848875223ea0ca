//! review show and decide, with a real worker that takes the decisions.

use alipay::{Form, Md5Key, Rule, Signer};
use chrono::{DateTime, Utc};
use queue::topology::ShardCount;
use queue::{Envelope, Message, MessageKind};
use serde_json::{Value, json};
use testkit::clock::{beijing_in_form, minutes_ago};
use testkit::{until, until_ok};

use crate::dead_letters::publish;
use crate::gateway_at_hand::PAID_MINUTES_AGO;
use crate::program::KEY;
use crate::reconcile::World;

/// A notification on its way, as the ingress sends it.
pub(crate) fn notification(order: &str, trade_no: &str, status: &str, more: &str) -> Message {
    let body = format!(
        "out_trade_no={order}&trade_no={trade_no}&total_fee=10.00&trade_status={status}\
         &seller_id=2088000000000001&gmt_payment={}{more}",
        beijing_in_form(minutes_ago(PAID_MINUTES_AGO))
    );
    let at: DateTime<Utc> = Utc::now();
    let mut form = Form::parse(body.as_bytes()).unwrap();
    let id = queue::message_id("shop", MessageKind::TradeStatus, &form);
    Signer::Md5(Md5Key::new(KEY)).sign_form(&mut form, Rule::DropEmpty).unwrap();
    let body = form.encode();
    let envelope = Envelope::new("shop", MessageKind::TradeStatus, alipay::Charset::Utf8, at, body);
    Message::notify(&envelope, id, None, ShardCount::ONE)
}

fn open_review(world: &World, order: &str) -> i64 {
    until_ok(&format!("a review of {order}"), || {
        let list = world.ops.json("review list");
        let found = list.as_array().unwrap().iter().find(|row| row["order_id"] == order);
        found.map(|row| row["id"].as_i64().unwrap()).ok_or(list)
    })
}

fn decide(world: &World, arguments: &[&str]) -> crate::program::Answer {
    let all = [&["review", "decide"], arguments, &["--by", "王", "--output", "json"]].concat();
    world.ops.run_with(&all, b"")
}

#[test]
fn a_case_is_shown_with_its_commands_and_decided() {
    let world = World::new();
    world.order("CLOSED");
    world.order("TWICE");
    let worker = world.ops.worker();
    publish(
        &world.sandbox.amqp_url,
        vec![
            notification("CLOSED", "T1", "TRADE_CLOSED", ""),
            notification("TWICE", "T2", "TRADE_SUCCESS", ""),
            notification("TWICE", "T3", "TRADE_SUCCESS", ""),
        ],
    );
    let closed = open_review(&world, "CLOSED").to_string();
    let list = world.ops.json("review list");
    let listed = list.as_array().unwrap().iter().find(|row| row["order_id"] == "CLOSED").unwrap();
    assert_eq!(listed["possible"], json!(["paid", "refunded"]));
    let text = world.ops.run(&format!("review show {closed}")).done().stdout;
    assert!(text.contains("closed_after_payment, open since 2"), "{text}");
    assert!(text.contains(&format!("ops review decide {closed} paid --note")), "{text}");
    assert!(text.contains("trade T1: paid, closed"), "{text}");

    decide(&world, &[&closed, "delivered", "--note", "x"]).ended(2, "does not answer the review");
    decide(&world, &[&closed, "maybe", "--note", "x"])
        .ended(2, "possible values: paid, refunded, accepted");
    decide(&world, &[&closed, "paid", "--note", " "]).ended(2, "say why");
    decide(&world, &[&closed, "paid", "--note", "x", "--trade-no", "T9"]).ended(2, "no trade T9");
    decide(&world, &["999", "paid", "--note", "x"]).ended(1, "there is no review 999");

    let done = decide(&world, &[&closed, "paid", "--note", "seen in the bank account"]).done();
    let done = done.json();
    assert_eq!(
        (&done["outcome"], &done["facts_added"]),
        (&json!("applied"), &json!(["confirmed_paid"]))
    );
    assert_eq!(done["changes"][0]["goods"], "delivered", "{done}");
    let shown = world.ops.json("order show CLOSED");
    assert_eq!((&shown["status"], &shown["needs_review"]), (&json!(8), &json!(false)), "{shown}");
    let case = world.ops.json(&format!("review show {closed}"));
    assert_eq!(
        (&case["state"], &case["decision"], &case["decided_by"], &case["note"], &case["choices"]),
        (
            &json!("decided"),
            &json!("paid"),
            &json!("王"),
            &json!("seen in the bank account"),
            &json!([])
        )
    );
    decide(&world, &[&closed, "paid", "--note", "again"]).ended(1, "is decided by 王 already");

    let twice = open_review(&world, "TWICE").to_string();
    let case = world.ops.json(&format!("review show {twice}"));
    let commands: Vec<&Value> =
        case["choices"].as_array().unwrap().iter().map(|choice| &choice["command"]).collect();
    assert_eq!(commands.len(), 3, "{case}");
    assert!(commands[1].as_str().unwrap().contains("--trade-no T3"), "{case}");
    decide(&world, &[&twice, "refunded", "--note", "x"]).ended(2, "one of T2, T3");
    drop(worker);

    // Without a worker the decision waits.
    let refund = [&twice, "refunded", "--note", "by phone", "--trade-no", "T3"];
    let waiting = decide(&world, &refund).done().json();
    assert_eq!(waiting["outcome"], "waiting");
    let worker = world.ops.worker();
    until("the decision is taken", || world.ops.json("order show TWICE")["needs_review"] == false);
    drop(worker);
    let shown = world.ops.json("order show TWICE");
    assert_eq!(
        (&shown["status"], &shown["fulfillment"]["state"]),
        (&json!(8), &json!("delivered"))
    );
}
