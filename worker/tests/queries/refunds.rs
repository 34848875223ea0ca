//! Automatic refunds of late payments. All notifications of refunds are lost here: what is known of
//! it comes from the gateway's answers.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use alipay::{Fen, QueryAnswer, TradeRef, TradeRefund};
use config::Config;
use gateway::{Gateway, RefundOutcome};
use queue::{Envelope, RefundAnswerForm};
use store::refund_request::{LateRefund, RefundRequest, ask_late, late_number, of_order};
use testkit::Program;

use crate::alipay_side::AlipaySide;

/// Leases are short then.
const TIMEOUT: (&str, &str) = ("ALIPAY__WORKER__QUERY_TIMEOUT", "500ms");

/// An order that is paid and delivered. Its trade number.
fn paid(side: &mut AlipaySide, order: &str) -> String {
    side.place("app", order, "CODE");
    side.pays("app", order, &[]);
    let order = side.world.expect(order, |order| order["is_send_goods"] == true);
    order["trade_no"].as_str().expect("a trade").to_owned()
}

/// What a lane does when a late payment must be refunded.
fn ask(side: &AlipaySide, order: &str, trade_no: &str, amount: i64) {
    let mut connection = side.connection();
    let late = LateRefund { merchant: "app", order_id: order, trade_no, amount: Fen::new(amount) };
    ask_late(&mut connection, &[late]).expect("written");
}

fn request(side: &AlipaySide, order: &str) -> RefundRequest {
    let mut requests = of_order(&mut side.connection(), order).expect("requests");
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.remove(0)
}

fn wait_for_state(side: &mut AlipaySide, order: &str, state: &str) {
    let row = format!("refund_request WHERE order_id = '{order}' AND state = '{state}'");
    side.world.wait_for_count(&row, 1);
}

#[test]
fn late_payments_are_refunded() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    let workers = [side.worker(&address, &[]), side.worker(&address, &[])];
    let trade_no = paid(&mut side, "LATE-1");
    ask(&side, "LATE-1", &trade_no, 1000);
    let order = side.world.expect("LATE-1", |order| order["is_return_goods"] == true);
    assert_eq!((&order["status"], &order["refunded_fee"]), (&105.into(), &1000.into()));
    wait_for_state(&mut side, "LATE-1", "accepted");
    assert_eq!(request(&side, "LATE-1").running_total, Some(Fen::new(1000)));
    assert_eq!(side.refunds("app", "LATE-1"), [1000]);
    let number = late_number("app", &trade_no);
    let row = format!("refund WHERE request_no = '{number}' AND running_total = 1000");
    assert_eq!(side.world.count(&row), 1);
    // And that the trade is closed, which the answer to a refund does not say.
    side.world.expect("LATE-1", |order| order["trade_status"] == 5);
    assert_eq!(side.world.dead_letters(), []);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
    for worker in workers {
        let said = worker.stderr();
        assert!(!said.contains("late money is not known"), "{said}");
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_crash_while_refunding_is_recovered() {
    for point in ["refunds.after_claim", "refunds.after_call", "refunds.after_publish"] {
        let mut side = AlipaySide::new(3);
        let (_gateway, address) = side.gateway(&[]);
        let mut armed = side.worker(&address, &[TIMEOUT, ("CRASH_POINT", point)]);
        let trade_no = paid(&mut side, "DIES");
        ask(&side, "DIES", &trade_no, 1000);
        let status = armed.wait();
        assert_eq!(status.signal(), Some(6), "{point}: {status}");
        let row = request(&side, "DIES");
        assert_eq!((row.state.as_str(), row.running_total), ("unknown", None), "{point}");
        let made = if point == "refunds.after_claim" { vec![] } else { vec![1000] };
        assert_eq!(side.refunds("app", "DIES"), made, "{point}");

        let _successor = side.worker(&address, &[TIMEOUT]);
        // Its lease ends early, so that the test does not wait.
        let earlier = "UTC_TIMESTAMP(6) - INTERVAL 4 SECOND";
        side.world
            .sql(&format!("UPDATE refund_request SET due_at = {earlier}, asked_at = {earlier}"));
        wait_for_state(&mut side, "DIES", "accepted");
        let order = side.world.expect("DIES", |order| order["is_return_goods"] == true);
        assert_eq!(order["status"], 105, "{point}");
        assert_eq!(side.refunds("app", "DIES"), [1000], "{point}");
        assert_eq!(side.world.dead_letters(), [], "{point}");
        side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
    }
}

#[test]
fn refunds_that_alipay_refuses_stay_in_review() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    let mut worker = side.worker(&address, &[]);
    let trade_no = paid(&mut side, "GONE");
    // Somebody refunded it earlier, in Alipay's console.
    side.happens("refund", "app", "GONE", &["--amount", "4.00", "--drop"]);
    ask(&side, "GONE", &trade_no, 1000);
    wait_for_state(&mut side, "GONE", "refused");
    let row = request(&side, "GONE");
    let why = row.error.unwrap_or_default();
    assert!(why.contains("ACQ.REASON_TRADE_REFUND_FEE_ERR"), "{why}");
    assert_eq!(side.refunds("app", "GONE"), [400]);
    assert_eq!(side.world.count("notification WHERE kind = 'refund_answer'"), 0);
    let due = "refund_request WHERE due_at IS NOT NULL";
    assert_eq!(side.world.count(due), 0, "it is not tried again");
    worker.terminate();
    assert!(worker.wait().success());
    let said = worker.stderr();
    assert_eq!(said.matches("Alipay refuses to refund a late payment").count(), 1, "{said}");
}

#[test]
fn an_unreachable_gateway_is_called_again() {
    let mut side = AlipaySide::new(3);
    let nowhere = "http://127.0.0.1:9/gateway.do";
    let mut first: Program = side.worker(nowhere, &[]);
    let (_gateway, address) = side.gateway(&[]);
    let trade_no = paid(&mut side, "AWAY");
    ask(&side, "AWAY", &trade_no, 1000);
    side.world.wait_for_count("refund_request WHERE error LIKE 'no_connection: %'", 1);
    assert_eq!(request(&side, "AWAY").state.as_str(), "unknown");
    first.terminate();
    assert!(first.wait().success());
    let _worker = side.worker(&address, &[]);
    wait_for_state(&mut side, "AWAY", "accepted");
    assert_eq!(request(&side, "AWAY").error, None);
    assert_eq!(side.refunds("app", "AWAY"), [1000]);
    side.world.expect("AWAY", |order| order["status"] == 105);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_come_before_the_payment_is_known() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[]);
    side.place("app", "EARLY", "CODE");
    side.pays("app", "EARLY", &["--drop"]);
    let config =
        Config::load_from(Some(side.world.pipeline.config()), []).expect("a configuration");
    let mut merchant = config.merchants["app"].clone();
    merchant.gateway = address;
    let gateway = Gateway::new(Duration::from_secs(20));
    let answered =
        gateway.query(&merchant, TradeRef::OutTradeNo("EARLY")).await.expect("an answer");
    let QueryAnswer::Trade(trade) = answered.answer else { panic!("{answered:?}") };
    let refund = TradeRefund {
        which: TradeRef::TradeNo(&trade.trade_no),
        amount: Fen::new(300),
        out_request_no: "R1",
        reason: "",
    };
    let RefundOutcome::Made(proof) = gateway.carry_out_refund(&merchant, &refund, false).await
    else {
        panic!("not made")
    };
    side.asked_refund("EARLY", &trade.trade_no, "R1");
    let form = RefundAnswerForm {
        order: "EARLY",
        trade_no: &trade.trade_no,
        request_no: "R1",
        amount: Fen::new(300),
        refund: proof.refund.as_deref(),
        refund_query: None,
    };
    let answer = Envelope::refund_answer("app", proof.charset, &form, proof.asked_at);
    side.publish([answer.clone(), answer.clone()]).await;
    // A refund proves that there was a payment.
    let order = side.world.expect("EARLY", |order| order["refunded_fee"] == 300);
    assert_eq!((&order["status"], &order["is_send_goods"]), (&8.into(), &true.into()));
    let known = "trade WHERE order_id = 'EARLY' AND FIND_IN_SET('refunded_in_part', facts)";
    assert_eq!(side.world.count(known), 1);
    // The query of the trade adds its facts; the same answer again adds nothing.
    let query =
        Envelope::query_answer("app", proof.charset, "EARLY", answered.asked_at, &answered.body);
    side.asked_answer("EARLY", &query);
    side.publish([query, answer]).await;
    let order = side.world.expect("EARLY", |order| !order["paid_dtime"].is_null());
    assert_eq!((&order["refunded_fee"], &order["status"]), (&300.into(), &8.into()));
    assert_eq!(side.world.count("refund WHERE request_no = 'R1'"), 1);
    assert_eq!(side.world.dead_letters(), []);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
}
