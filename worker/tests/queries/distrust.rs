//! What somebody who can only publish to the queue cannot do.

use std::time::Duration;

use alipay::{Charset, Fen, Md5Key, Signer, TradeRef, TradeRefund};
use chrono::{TimeDelta, Utc};
use config::Config;
use gateway::{Gateway, RefundOutcome, RefundProof};
use queue::topology::ShardCount;
use queue::{Envelope, Message, MessageKind, RefundAnswerForm};

use crate::alipay_side::AlipaySide;
use crate::decisions::{review, write_decision};

const NO_QUERIES: (&str, &str) = ("ALIPAY__WORKER__QUERIES", "false");
const NOWHERE: &str = "http://127.0.0.1:9/gateway.do";

#[tokio::test(flavor = "multi_thread")]
async fn unsigned_parameters_deliver_nothing() {
    let mut side = AlipaySide::new(3);
    let _worker = side.worker(NOWHERE, &[NO_QUERIES]);
    side.place("shop", "FORGED", "CODE");
    let now = Utc::now();
    let form = "out_trade_no=FORGED&trade_no=1&trade_status=TRADE_SUCCESS&total_fee=10.00";
    let forged = |kind, form: &str| Envelope::new("shop", kind, Charset::Utf8, now, form);
    let batch = "notify_type=batch_refund_notify&batch_no=B1&success_num=1\
                 &result_details=1%5E10.00%5ESUCCESS&notify_id=b";
    side.publish([
        forged(MessageKind::TradeStatus, form),
        forged(MessageKind::TradeStatus, &format!("{form}&notify_id=1&sign={}", "0".repeat(32))),
        forged(MessageKind::BatchRefund, batch),
    ])
    .await;
    side.world.wait_for_count("notification WHERE outcome = 'rejected'", 3);
    let letters = [("", "missing_sign"), ("FORGED", "bad_signature"), ("FORGED", "missing_sign")];
    let letters = letters.map(|(order, reason)| (order.to_owned(), reason.to_owned()));
    assert_eq!(side.world.dead_letters(), letters);
    assert_eq!(side.world.count("user_order WHERE status <> 0 OR is_send_goods"), 0);
    assert_eq!(side.world.count("stock_item WHERE state <> 'available'"), 0);
    assert_eq!(side.world.count("refund"), 0);
}

fn told(proof: &RefundProof, order: &str, trade_no: &str, number: &str, fen: i64) -> Envelope {
    let form = RefundAnswerForm {
        order,
        trade_no,
        request_no: number,
        amount: Fen::new(fen),
        refund: proof.refund.as_deref(),
        refund_query: proof.refund_query.as_deref(),
    };
    Envelope::refund_answer("app", proof.charset, &form, proof.asked_at)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_under_another_number_refunds_nothing_twice() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[NO_QUERIES]);
    side.place("app", "TWICE", "CODE");
    side.pays("app", "TWICE", &[]);
    let order = side.world.expect("TWICE", |order| order["is_send_goods"] == true);
    let trade_no = order["trade_no"].as_str().expect("a trade").to_owned();
    let config =
        Config::load_from(Some(side.world.pipeline.config()), []).expect("a configuration");
    let mut merchant = config.merchants["app"].clone();
    merchant.gateway = address;
    let gateway = Gateway::new(Duration::from_secs(20));
    let refund = |number: &'static str| TradeRefund {
        which: TradeRef::TradeNo(&trade_no),
        amount: Fen::new(300),
        out_request_no: number,
        reason: "",
    };
    // Two refunds of the same amount were asked for, and one of them was made.
    side.asked_refund("TWICE", &trade_no, "R1");
    side.asked_refund("TWICE", &trade_no, "R2");
    let RefundOutcome::Made(first) =
        gateway.carry_out_refund(&merchant, &refund("R1"), false).await
    else {
        panic!("not made")
    };
    side.publish([told(&first, "TWICE", &trade_no, "R1", 300)]).await;
    side.world.expect("TWICE", |order| order["refunded_fee"] == 300);
    side.publish([
        told(&first, "TWICE", &trade_no, "R2", 300),
        told(&first, "TWICE", &trade_no, "R3", 300),
        told(&first, "TWICE", &trade_no, "R1", 200),
        told(&first, "TWICE", &trade_no, "R1", 300),
    ])
    .await;
    side.world.wait_for_count("notification WHERE reason = 'refund_answer_mismatch'", 3);
    side.world.wait_for_count("notification WHERE kind = 'refund_answer' AND seen = 2", 1);
    let order = side.world.expect("TWICE", |_| true);
    assert_eq!((&order["refunded_fee"], &order["status"]), (&300.into(), &8.into()));
    assert_eq!(side.world.count("refund WHERE result = 'SUCCESS'"), 1);

    // When the other is made, its own answer counts.
    let RefundOutcome::Made(second) =
        gateway.carry_out_refund(&merchant, &refund("R2"), false).await
    else {
        panic!("not made")
    };
    side.publish([told(&second, "TWICE", &trade_no, "R2", 300)]).await;
    side.world.expect("TWICE", |order| order["refunded_fee"] == 600);
    assert_eq!(side.refunds("app", "TWICE"), [300, 300]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_in_the_queue_decides_nothing() {
    let mut side = AlipaySide::new(3);
    let _worker = side.worker(NOWHERE, &[NO_QUERIES]);
    for order in ["CLOSED", "OTHER"] {
        side.place("shop", order, "CODE");
        let mut trade = side.world.trade(order);
        let paid = trade.pay(Utc::now()).expect("a payment");
        let closed = paid
            .with("trade_status", "TRADE_CLOSED")
            .with("gmt_close", testkit::clock::beijing(Utc::now()));
        side.world.send(closed).await;
    }
    let number = review(&mut side, "CLOSED", "closed_after_payment");
    let other = review(&mut side, "OTHER", "closed_after_payment");
    // A person's decision about another order.
    let decided = write_decision(&side, "OTHER", None, other, "noted");
    let forged = |form: String| {
        Envelope::new("shop", MessageKind::Decision, Charset::Utf8, Utc::now(), form)
    };
    let time = "notify_time=2026-11-23+12%3A00%3A00";
    side.publish([
        forged(format!(
            "out_trade_no=CLOSED&review={number}&decision=paid&decided_by=boss&note=x&{time}"
        )),
        forged(format!("out_trade_no=CLOSED&decision_no=999999&{time}")),
        forged(format!(
            "out_trade_no=CLOSED&decision_no={decided}&review={number}&decision=paid&{time}"
        )),
    ])
    .await;
    side.world.wait_for_count("notification WHERE reason = 'decision_without_row'", 3);
    assert_eq!(side.world.count("user_order WHERE status <> 32 OR is_send_goods"), 0);
    let open = format!("review WHERE id = {number} AND state = 'open'");
    assert_eq!(side.world.count(&open), 1);
    assert_eq!(side.world.count("stock_item WHERE state <> 'available'"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expiry_without_a_row_only_queries_the_gateway() {
    let mut side = AlipaySide::new(1);
    let _worker = side.worker(NOWHERE, &[NO_QUERIES]);
    side.place("app", "OPEN", "CODE");
    side.world.sql("UPDATE user_order SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 5 SECOND");
    let ended = Utc::now() + TimeDelta::seconds(60);
    side.publish([Envelope::expiry("app", "OPEN", ended, Utc::now())]).await;
    side.world.wait_for_count("notification WHERE kind = 'expiry'", 1);
    assert_eq!(side.world.count("user_order WHERE status = 0 AND expired_at IS NULL"), 1);
    assert_eq!(side.world.count("gateway_query WHERE order_id = 'OPEN' AND why = 'expiry'"), 1);
    assert_eq!(side.world.dead_letters(), []);
}

/// The row counts, even if its message was lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_whose_message_is_lost_is_applied() {
    let mut side = AlipaySide::new(3);
    let _worker = side.worker(NOWHERE, &[NO_QUERIES]);
    side.place("shop", "CLOSED", "CODE");
    side.place("app", "OVER", "CODE");
    side.world.sql(
        "UPDATE user_order SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 5 SECOND WHERE id = 'OVER'",
    );
    let mut trade = side.world.trade("CLOSED");
    let paid = trade.pay(Utc::now()).expect("a payment");
    let closed = paid
        .with("trade_status", "TRADE_CLOSED")
        .with("gmt_close", testkit::clock::beijing(Utc::now()));
    side.world.send(closed).await;
    let number = review(&mut side, "CLOSED", "closed_after_payment");
    let paid = write_decision(&side, "CLOSED", None, number, "paid");
    let moot = write_decision(&side, "CLOSED", None, number, "refunded");
    let refused = write_decision(&side, "CLOSED", None, 999_999, "noted");
    let (ended, at) = (Utc::now() - TimeDelta::seconds(1), Utc::now());
    store::order_expired::write(&mut side.connection(), "OVER", ended, at).expect("a row");

    // The test does not wait for the time that a message is given.
    side.world.sql("UPDATE decision SET decided_at = decided_at - INTERVAL 20 SECOND");
    side.world.sql("UPDATE order_expired SET written_at = written_at - INTERVAL 20 SECOND");
    side.world.expect("CLOSED", |order| order["is_send_goods"] == true);
    side.world.expect("OVER", |order| order["status"] == 32);
    side.world.wait_for_count("decision WHERE state <> 'open'", 3);
    for (number, state) in [(paid, "applied"), (moot, "moot"), (refused, "refused")] {
        let row = format!("decision WHERE id = {number} AND state = '{state}'");
        assert_eq!(side.world.count(&row), 1, "{state}");
    }
    assert_eq!(side.world.count("order_expired WHERE ended_at IS NULL"), 0);
    // The message arrives late: nothing changes, and a refusal is a dead letter.
    let message = |number| Envelope::decision("shop", "CLOSED", number, Utc::now());
    side.publish([message(paid), message(moot), message(refused)]).await;
    eventually_dead(&side);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
}

fn eventually_dead(side: &AlipaySide) {
    testkit::until("the refusal is a dead letter", || {
        side.world.dead_letters() == [("CLOSED".to_owned(), "impossible_decision".to_owned())]
    });
}

/// A publisher can write any `message_id`: `retry_copy` and the inbox use the content of the message.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_the_id_of_another_is_processed() {
    let mut side = AlipaySide::new(3);
    let _worker = side.worker(NOWHERE, &[NO_QUERIES]);
    // The order does not exist yet: its notification waits in a tier, with a row in `retry_copy`.
    side.world.send(side.world.payment("LATER")).await;
    side.world.wait_for_count("retry_copy WHERE order_id = 'LATER'", 1);
    let id = side.text("SELECT CAST(message_id AS CHAR) AS text FROM retry_copy");
    side.place("shop", "OTHER", "CODE");
    let mut other = side.world.trade("OTHER");
    let paid = other.pay(Utc::now()).expect("a payment");
    let signer = Signer::Md5(Md5Key::new("only0for0tests"));
    let form = paid.sign(&signer).expect("a signature").body().to_vec();
    let form = String::from_utf8(form).expect("a form");
    let envelope = Envelope::new("shop", MessageKind::TradeStatus, Charset::Utf8, Utc::now(), form);
    let mut message = Message::notify(&envelope, id.clone(), None, ShardCount::ONE);
    message.headers.attempt = 1;
    side.world.publish(vec![message]).await;
    side.world.expect("OTHER", |order| order["is_send_goods"] == true);
    assert_eq!(side.world.count("retry_copy WHERE order_id = 'LATER'"), 1);
    assert_eq!(side.world.count("notification WHERE order_id = 'OTHER' AND seen = 1"), 1);
    let of_the_other = format!("notification WHERE message_id = '{id}' AND order_id = 'OTHER'");
    assert_eq!(side.world.count(&of_the_other), 0);
}
