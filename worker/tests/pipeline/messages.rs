//! Messages of the Open Platform's message service: a bank that sends a refund back, and all others.

use alipay::{Form, Md5Key, Rule, Signer};
use chrono::Utc;
use serde_json::{Value, json};
use simulator::AlipayTrade;
use testkit::until;

use crate::world::{TOTAL, World};

const FAILED: &str = include_str!("cases/depositback-failed.json");
const TRANSFER: &str = include_str!("cases/trans-order-changed.json");

/// The body of a case with other members of its `biz_content`, signed with the key of merchant `app`.
fn signed(case: &str, notify_id: &str, members: &Value) -> Vec<u8> {
    let case: Value = serde_json::from_str(case).expect("a case");
    let mut form: Form = Form::new();
    for (name, value) in case.as_object().expect("an object") {
        form.set(name, value.as_str().expect("a text"));
    }
    form.set("notify_id", notify_id);
    let content = case["biz_content"].as_str().expect("a text");
    let mut content: Value = serde_json::from_str(content).expect("an object");
    for (name, value) in members.as_object().expect("an object") {
        content[name] = value.clone();
    }
    form.set("biz_content", content.to_string());
    sign(form)
}

fn sign(mut form: Form) -> Vec<u8> {
    Signer::Md5(Md5Key::new("only0for0tests0too"))
        .sign_form(&mut form, Rule::Notification)
        .expect("signed");
    form.encode().into_bytes()
}

/// The review of an order that a bank's answer causes.
fn review(order: &Value) -> Option<&Value> {
    let mut reviews = order["reviews"].as_array().expect("reviews").iter();
    reviews.find(|review| review["reason"] == "refund_sent_back")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_returned_by_the_bank_opens_a_review_in_any_order_of_arrival() {
    let mut world = World::new(10);
    let _worker = world.worker();
    let told = |order: &str, trade_no: &str, status: &str| {
        let members = json!({"out_trade_no": order, "trade_no": trade_no, "dback_status": status,
            "out_request_no": format!("{order}-R1")});
        signed(FAILED, &format!("{order}-{status}"), &members)
    };
    for round in 0..3 {
        let order = format!("BACK{round}");
        let mut trade = AlipayTrade::open(&world.app, order.as_str(), TOTAL, Utc::now());
        let back = told(&order, &trade.trade_no, "F");
        // The first message finds no order and waits in a retry tier.
        if round == 0 {
            world.send_body("app", back.clone()).await;
            world.wait_for_count("retry_copy WHERE order_id = 'BACK0'", 1);
        }
        world.pipeline.order(&order, "app", "CODE").expect("an order");
        if round == 1 {
            world.send_body("app", back.clone()).await;
            world.expect(&order, |order| review(order).is_some());
        }
        world.send(trade.pay(Utc::now()).expect("a payment")).await;
        let refund = trade.refund(TOTAL, Some("R"), Utc::now()).expect("a refund");
        world.send(refund.sync).await;
        world.expect(&order, |order| order["status"] == 105);
        if round == 2 {
            world.send_body("app", back.clone()).await;
        }
        let shown = world.expect(&order, |order| {
            review(order).is_some() && order["status"] == 105 && order["needs_review"] == true
        });
        let review = review(&shown).expect("a review");
        assert_eq!(
            review["evidence"],
            format!("request {order}-R1, 10.00 yuan, bank time 2026-12-21 12:00:00")
        );
        // Again, and what is good news afterwards: one review, which a person ends.
        world.send_body("app", back).await;
        world.send_body("app", told(&order, &trade.trade_no, "S")).await;
        let seen =
            format!("notification WHERE order_id = '{order}' AND trade_status = 'DEPOSITBACK");
        world.wait_for_count(&format!("{seen}_FAILED' AND seen = 2"), 1);
        world.wait_for_count(&format!("{seen}_DONE' AND outcome = 'unchanged'"), 1);
        let cases = format!("review WHERE order_id = '{order}' AND state = 'open'");
        assert_eq!(world.count(&cases), 1);
        let id = review["id"].to_string();
        let decide = ["review", "decide", &id, "noted", "--by", "li", "--note", "paid in cash"];
        world.pipeline.ops(&decide).expect("decided");
        world.expect(&order, |order| order["needs_review"] == false);
    }
    // Neither credited money nor money in progress needs a person.
    world.pipeline.order("FINE", "app", "CODE").expect("an order");
    let trade = AlipayTrade::open(&world.app, "FINE", TOTAL, Utc::now());
    for status in ["S", "P"] {
        world.send_body("app", told("FINE", &trade.trade_no, status)).await;
    }
    world.wait_for_count("notification WHERE order_id = 'FINE' AND outcome = 'unchanged'", 2);
    assert_eq!(world.count("review WHERE order_id = 'FINE'"), 0);
    assert!(world.dead_letters().is_empty());
    // A bank's message adds no trade, and the audit reports no gap.
    world.pipeline.ops(&["audit", "--grace", "0s"]).expect("no gap");
}

/// A batch names no order: it waits for one that knows the trade.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_refund_returned_by_the_bank_may_arrive_before_its_payment() {
    let mut world = World::new(10);
    let _worker = world.worker();
    world.pipeline.order("EARLY", "shop", "CODE").expect("an order");
    let mut trade = AlipayTrade::open(&world.shop, "EARLY", TOTAL, Utc::now());
    let payment = trade.pay(Utc::now()).expect("a payment");
    let refund = trade.refund(TOTAL, None, Utc::now()).expect("a refund");
    let batch = refund.batch.expect("a legacy refund has a batch");
    let details = batch.parameter("result_details").expect("details").to_owned();
    world.send(batch.with("result_details", format!("{details}^true^F"))).await;
    world.wait_for_count("retry_copy", 1);
    world.send(payment).await;
    world.expect("EARLY", |order| order["status"] == 105 && review(order).is_some());
}

/// The legacy gateway tells of it in the details of a batch.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_refund_returned_by_the_bank_opens_a_review() {
    let world = World::new(10);
    let _worker = world.worker();
    for (order, flags, sent_back) in [
        ("BANKF", "^true^F", true),
        ("BANKS", "^true^S", false),
        ("BANKP", "^true^P", false),
        ("NOBANK", "^false^F", false),
    ] {
        world.pipeline.order(order, "shop", "CODE").expect("an order");
        let mut trade = AlipayTrade::open(&world.shop, order, TOTAL, Utc::now());
        world.send(trade.pay(Utc::now()).expect("a payment")).await;
        let refund = trade.refund(TOTAL, None, Utc::now()).expect("a refund");
        let batch = refund.batch.expect("a legacy refund has a batch");
        let details = batch.parameter("result_details").expect("details").to_owned();
        assert!(details.ends_with("^SUCCESS"), "{details}");
        world.send(batch.with("result_details", format!("{details}{flags}"))).await;
        // Where it overtakes the payment it waits in a retry tier until an order knows the trade.
        let shown = world
            .expect(order, |order| order["status"] == 105 && review(order).is_some() == sent_back);
        assert_eq!(review(&shown).is_some(), sent_back, "{order}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unhandled_and_foreign_messages_are_dead_letters_with_a_reason() {
    let world = World::new(10);
    let _worker = world.worker();
    world.pipeline.order("MINE", "app", "CODE").expect("an order");
    world.pipeline.order("THEIRS", "shop", "CODE").expect("an order");
    let theirs = world.trade("THEIRS");
    let trade_no = theirs.trade_no.clone();
    world.send(world.payment("THEIRS").with("trade_no", trade_no.as_str())).await;
    world.expect("THEIRS", |order| order["is_send_goods"] == true);

    let mut other = Form::new();
    for (name, value) in [
        ("app_id", "2021000000000001"),
        ("notify_id", "m4"),
        ("msg_method", "alipay.trade.refund.depositback.completed"),
        (
            "biz_content",
            "{\"out_trade_no\":\"MINE\",\"dback_status\":\"F\",\"dback_status\":\"S\"}",
        ),
    ] {
        other.set(name, value);
    }
    for body in [
        signed(TRANSFER, "m1", &json!({})),
        // Another merchant's trade, and another merchant's order.
        signed(FAILED, "m2", &json!({"out_trade_no": "MINE", "trade_no": trade_no})),
        signed(FAILED, "m3", &json!({"out_trade_no": "THEIRS", "trade_no": trade_no})),
        sign(other.clone()),
    ] {
        world.send_body("app", body).await;
    }
    // A value with a second reading is not believed, as in any notification.
    other.set("notify_id", "m5");
    other.set(
        "biz_content",
        "{\"out_trade_no\":\"MINE\",\"dback_status\":\"F\",\"x\":\"&trade_no=1\"}",
    );
    world.send_body("app", sign(other.clone())).await;
    let of = |order: &str, reason: &str| (order.to_owned(), reason.to_owned());
    let mut expected = vec![
        of("", "unhandled_msg_method"),
        of("MINE", "trade_of_another_order"),
        of("THEIRS", "merchant_mismatch"),
        of("MINE", "unreadable_biz_content"),
        of("MINE", "ambiguous_form"),
    ];
    expected.sort();
    until("every dead letter is there", || world.dead_letters().len() >= expected.len());
    assert_eq!(world.dead_letters(), expected);
    let letters = world.pipeline.json(&["dlq", "list"]).expect("ops dlq list");
    let named = letters.as_array().expect("letters").iter().any(|letter| {
        letter["error"]
            == "message service, msg_method alipay.fund.trans.order.changed, not handled here"
    });
    assert!(named, "{letters:#}");
    let shown = world.pipeline.show("MINE").expect("an order");
    assert_eq!(shown["reviews"], json!([]));

    // The signature and the recipient are checked as of any other.
    other.set("app_id", "2021000000000002");
    world.refused("app", sign(other.clone())).await;
    other.set("app_id", "2021000000000001");
    other.set("sign", "0".repeat(32));
    world.refused("app", other.encode().into_bytes()).await;
}
