//! A notification of a refund settles the request for it, whichever comes first.

use alipay::Fen;
use chrono::Utc;
use serde_json::{Value, json};
use simulator::{AlipayTrade, BatchRefundLine};
use testkit::until_ok;

use crate::world::{TOTAL, World};

const FAILED: &str = "REFUND_TRADE_FEE_ERROR";

/// Writes a request as `ops refund` does.
fn ask(world: &mut World, merchant: &str, trade: &AlipayTrade, number: &str, state: &str) {
    world.sql(&format!(
        "INSERT INTO refund_request (request_no, merchant, order_id, trade_no, amount, is_rest, reason, \
         asked_by, state) VALUES ('{number}', '{merchant}', '{}', '{}', 100, 0, 'broken', 'ann', '{state}')",
        trade.out_trade_no, trade.trade_no
    ));
}

fn item(trade: &AlipayTrade, fen: i64, result: &str) -> BatchRefundLine {
    BatchRefundLine {
        result: result.to_owned(),
        ..BatchRefundLine::success(&trade.trade_no, Fen::new(fen))
    }
}

/// State and error of the one request of an order, as soon as it is `state`.
fn settled(world: &World, order: &str, state: &str) -> Value {
    until_ok(&format!("the request of {order}, {state}"), || {
        let asked = world.pipeline.json(&["refund-requests", "--order", order]).expect("requests");
        if asked[0]["state"] == state { Ok(asked[0]["error"].clone()) } else { Err(asked) }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_settles_the_request_with_its_number_in_any_order_of_arrival() {
    let mut world = World::new(10);
    let _worker = world.worker();
    let words = |world: &World, order: &str| {
        world.pipeline.ops(&["order", "show", order]).expect("an order")
    };
    // Success; the same batch afterwards, and one that says the contrary.
    for (order, first) in [("PAID-FIRST", true), ("BATCH-FIRST", false)] {
        world.pipeline.order(order, "shop", "CODE").expect("an order");
        let mut trade = world.trade(order);
        let payment = trade.pay(Utc::now()).expect("a payment");
        let number = format!("20260101{}", order.replace('-', ""));
        ask(&mut world, "shop", &trade, &number, "asked");
        assert!(words(&world, order).contains("not refunded: 1.00 yuan"));
        let [works, fails] = ["SUCCESS", FAILED].map(|result| {
            let items = [item(&trade, 100, result)];
            trade.batch_refund_notify(&number, &items, Utc::now())
        });
        if first {
            world.send(payment.clone()).await;
            world.expect(order, |order| order["status"] == 8);
        }
        world.send(works).await;
        assert_eq!(settled(&world, order, "accepted"), json!(null));
        world.send(payment).await;
        world.expect(order, |order| order["refunded_fee"] == 100);
        let told = words(&world, order);
        assert!(told.contains("refunded 1.00 yuan") && !told.contains("not refunded"), "{told}");
        world.send(fails).await;
        world.wait_for_count(
            &format!("notification WHERE form LIKE '%{number}%' AND form LIKE '%{FAILED}%'"),
            1,
        );
        assert_eq!(settled(&world, order, "accepted"), json!(null));
    }
    // A failure says why; a success that comes later wins.
    world.pipeline.order("FAILS", "shop", "CODE").expect("an order");
    let mut trade = world.trade("FAILS");
    world.send(trade.pay(Utc::now()).expect("a payment")).await;
    ask(&mut world, "shop", &trade, "20260101fails", "asked");
    let [failed, works] = [FAILED, "SUCCESS"].map(|result| item(&trade, 100, result));
    let mut batch =
        |items: &[BatchRefundLine]| trade.batch_refund_notify("20260101fails", items, Utc::now());
    world.send(batch(&[failed])).await;
    assert_eq!(
        settled(&world, "FAILS", "refused"),
        format!("Alipay told that it failed: {FAILED}")
    );
    let told = words(&world, "FAILS");
    assert!(told.contains("refused: Alipay told that it failed"), "{told}");
    // Two items of one trade, one of them refused as its double.
    let double =
        BatchRefundLine { result: "DUBL_TRADE_NO_IN_SAME_BATCH".to_owned(), ..works.clone() };
    world.send(batch(&[works, double])).await;
    assert_eq!(settled(&world, "FAILS", "accepted"), json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_refund_that_was_asked_for_settles_a_request() {
    let mut world = World::new(10);
    let _worker = world.worker();
    world.pipeline.order("OTHER", "shop", "CODE").expect("an order");
    let mut other = world.trade("OTHER");
    for order in ["A", "B", "C"] {
        world.pipeline.order(order, "shop", "CODE").expect("an order");
        let mut trade = world.trade(order);
        world.send(trade.pay(Utc::now()).expect("a payment")).await;
        ask(&mut world, "shop", &trade, &format!("20260101{order}"), "asked");
        let batch = |number: &str, of: &mut AlipayTrade, fen| {
            let items = [item(of, fen, "SUCCESS")];
            of.batch_refund_notify(number, &items, Utc::now())
        };
        match order {
            // A batch that is not ours, and ours with the trade of another order.
            "A" => world.send(batch("20260101begunthere", &mut trade, 300)).await,
            "B" => world.send(batch("20260101B", &mut other, 100)).await,
            // Another amount than was asked for.
            _ => world.send(batch("20260101C", &mut trade, 40)).await,
        }
    }
    assert_eq!(settled(&world, "C", "accepted"), "Alipay told of another amount: 40 fen");
    world.wait_for_count("refund", 3);
    assert_eq!(world.count("refund_request WHERE state = 'asked'"), 2);

    // Open Platform: an answer was lost, and the notification says the outcome of the refund.
    world.pipeline.order("LOST", "app", "CODE").expect("an order");
    let mut trade = AlipayTrade::open(&world.app, "LOST", TOTAL, Utc::now());
    world.send(trade.pay(Utc::now()).expect("a payment")).await;
    ask(&mut world, "app", &trade, "R1", "unknown");
    let refund = trade.refund(Fen::new(100), Some("R2"), Utc::now()).expect("a refund");
    world.send(refund.sync).await;
    world.expect("LOST", |order| order["refunded_fee"] == 100);
    assert_eq!(settled(&world, "LOST", "unknown"), json!(null));
    let refund = trade.refund(Fen::new(100), Some("R1"), Utc::now()).expect("a refund");
    world.send(refund.sync).await;
    assert_eq!(settled(&world, "LOST", "accepted"), json!(null));
    assert_eq!(world.count("refund_request WHERE running_total = 200 AND ended_at IS NOT NULL"), 1);
}
