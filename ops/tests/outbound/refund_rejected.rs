//! `ops refund --trade-no`: a payment that no order accepted is refunded, and no message becomes a dead letter.

use std::thread::scope;

use serde_json::{Value, json};
use testkit::{http, until_ok};

use crate::world::World;

/// Waits until there are so many dead letters.
#[track_caller]
fn letters(world: &World, count: usize) -> Vec<Value> {
    until_ok(&format!("{count} dead letters"), || {
        let listed = world.json("dlq list");
        let letters = listed.as_array().unwrap();
        if letters.len() == count { Ok(letters.clone()) } else { Err(listed) }
    })
}

/// Waits until the inbox has such a row for the order.
#[track_caller]
fn until_told(world: &World, order: &str, reason: &str) -> Value {
    until_ok(&format!("{reason} in the story of {order}"), || {
        let page = world.run(&format!("order show {order} --output json")).json();
        let story = page["story"].as_array().unwrap();
        story.iter().find(|it| it["reason"] == reason).cloned().ok_or(page)
    })
}

fn trade_no(world: &World, order: &str, merchant: &str) -> String {
    world.trade(order, merchant)["trade_no"].as_str().unwrap().to_owned()
}

/// Pays 0.01 yuan for a new order `B-1`, which costs more. Returns the payment's dead letter and trade number.
fn pay_a_fen(world: &World) -> (Value, String) {
    world.order("B-1", "app");
    world.at_alipay("pay", "app", "B-1", &["--total", "0.01"]);
    (letters(world, 1).remove(0), trade_no(world, "B-1", "app"))
}

#[test]
fn a_payment_with_a_wrong_amount_is_refunded_by_trade_number() {
    let mut world = World::new();
    world.hear_alipay();
    let _worker = world.worker();
    let (letter, trade) = pay_a_fen(&world);
    assert_eq!(letter["reason"], "total_mismatch");

    world.run("refund B-1 --all --reason wrong").ended(1, "is not paid");
    world.run("refund B-1 --trade-no 1 --all --reason wrong").ended(1, "no trade 1 paid order B-1");
    let another = format!("refund B-2 --trade-no {trade} --all --reason wrong");
    world.run(&another).ended(1, "names order B-1, not B-2");
    let refund = format!("refund B-1 --trade-no {trade} --all --reason wrong --by ann");
    let dry = world.json(&format!("{refund} --dry-run"));
    assert_eq!(
        (&dry["amount"], &dry["of_rejected"], &dry["dry_run"]),
        (&json!(1), &json!(true), &json!(true))
    );
    assert_eq!(world.json("refund-requests"), json!([]), "a dry run writes nothing");
    let more = format!("refund B-1 --trade-no {trade} --amount 0.02 --reason wrong");
    world.run(&more).ended(1, "more than the 0.01 yuan");

    let done = world.json(&refund);
    assert_eq!(
        (&done["state"], &done["amount"], &done["of_rejected"], &done["order_total"]),
        (&json!("accepted"), &json!(1), &json!(true), &json!(1))
    );
    assert_eq!(world.refunds("B-1", "app"), [1]);
    // The same refund again, by somebody else and without the order: nothing is sent.
    let again = world.json(&format!("refund --trade-no {trade} --all --reason wrong --by bob"));
    assert_eq!((&again["request_no"], &again["asked_by"]), (&done["request_no"], &json!("ann")));
    assert_eq!(world.refunds("B-1", "app"), [1]);
    let other = format!("refund B-1 --trade-no {trade} --all --reason other");
    world.run(&other).ended(1, "is refunded in full");

    // Alipay reports the refund, and repeats the payment.
    let told = until_told(&world, "B-1", "rejected_payment_given_back");
    assert_ne!(told["outcome"], "rejected", "{told}");
    world.run("query B-1 --apply").ended(0, "");
    let order = world.json("order show B-1");
    assert_eq!((&order["status"], &order["refunded_fee"]), (&json!(0), &json!(0)), "{order}");
    assert_eq!(letters(&world, 1)[0]["id"], letter["id"], "no second letter");
    let row = &world.json("refund-requests --order B-1")[0];
    assert_eq!((&row["state"], &row["of_rejected"]), (&json!("accepted"), &json!(true)));
    // A repeat of the payment's notification after its letter is gone becomes no letter either.
    assert_eq!(letters(&world, 1)[0]["settled"], "given_back");
    world.run("dlq discard --settled --reason back").ended(0, "");
    world.run("audit").ended(0, "");
    letters(&world, 0);
}

#[test]
fn rejected_payments_are_refunded_by_a_legacy_batch_too() {
    let mut world = World::new();
    world.hear_alipay();
    let _worker = world.worker();
    // A query about the order finds the trade; its answer is dead-lettered, since the total differs.
    world.order("A-1", "shop");
    world.at_alipay("pay", "shop", "A-1", &["--total", "0.50"]);
    letters(&world, 1);
    let trade = trade_no(&world, "A-1", "shop");
    let asked = world.json(&format!("refund --trade-no {trade} --all --reason wrong --by ann"));
    assert_eq!((&asked["state"], &asked["amount"]), (&json!("asked"), &json!(50)));
    assert!(asked["link"].as_str().unwrap().contains("refund_fastpay_by_platform_pwd"));
    let page = crate::pay_link::get(asked["link"].as_str().unwrap());
    let location = page.header("location").expect("a redirect");
    assert!(location.starts_with("/refund/"), "{page:?}");
    http::post_form(&format!("{}{location}", world.alipay_url()), "password=1").unwrap();
    assert_eq!(world.refunds("A-1", "shop"), [50]);
    until_told(&world, "A-1", "rejected_payment_given_back");
    letters(&world, 1);
}

/// Two operators at once make one refund, even without an order to lock.
#[test]
fn two_refunds_of_one_trade_at_once_make_one() {
    let mut world = World::new();
    world.hear_alipay();
    let _worker = world.worker();
    world.order("B-1", "app");
    world.at_alipay("pay", "app", "B-1", &["--total", "3.00"]);
    letters(&world, 1);
    // As if the order had never existed.
    let mut connection = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    let gone =
        "DELETE FROM review; DELETE FROM gateway_query; DELETE FROM trade; DELETE FROM user_order";
    diesel::connection::SimpleConnection::batch_execute(&mut *connection, gone).unwrap();
    let trade = trade_no(&world, "B-1", "app");
    let refund = format!("refund B-1 --trade-no {trade} --amount 1.00 --reason wrong --by");
    let numbers: Vec<Value> = scope(|scope| {
        let both = ["ann", "bob"].map(|by| {
            let command = format!("{refund} {by}");
            let world = &world;
            scope.spawn(move || world.json(&command)["request_no"].clone())
        });
        both.map(|it| it.join().unwrap()).to_vec()
    });
    assert_eq!(numbers[0], numbers[1]);
    assert_eq!(world.refunds("B-1", "app"), [100]);
    // The remaining amount, and no more.
    let rest = world.json(&format!("refund B-1 --trade-no {trade} --all --reason rest"));
    assert_eq!((&rest["amount"], &rest["refunded_in_all"]), (&json!(200), &json!(300)));
    until_told(&world, "B-1", "rejected_payment_given_back");
    assert_eq!(letters(&world, 1)[0]["reason"], "total_mismatch");
}

/// After Alipay has refunded the payment, its order is mended and the letter is replayed: the order takes the payment with
/// its refund.
#[test]
fn a_refund_counts_in_the_order_that_takes_its_payment_later() {
    let mut world = World::new();
    world.hear_alipay();
    let _worker = world.worker();
    let (letter, trade) = pay_a_fen(&world);
    // As a crash of `ops refund` leaves it: Alipay makes the refund, and its answer is lost.
    let mut connection = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    let mut write = |sql: &str| {
        diesel::connection::SimpleConnection::batch_execute(&mut *connection, sql).unwrap();
    };
    write(&format!(
        "INSERT INTO refund_request (request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, \
         state, of_rejected) VALUES ('R1', 'app', 'B-1', '{trade}', 1, TRUE, 'wrong', 'ann', 'unknown', TRUE)"
    ));
    world.at_alipay("refund", "app", "B-1", &["--request-no", "R1"]);
    until_told(&world, "B-1", "rejected_payment_given_back");

    write("UPDATE user_order SET total_fee = 1 WHERE id = 'B-1'");
    world.run(&format!("dlq replay {}", letter["id"].as_str().unwrap())).ended(0, "");
    world.until("B-1", |order| order["trade_no"] == trade.as_str());
    let order = world.json("order show B-1");
    assert_eq!((&order["status"], &order["refunded_fee"]), (&json!(105), &json!(1)), "{order}");
    assert_eq!(order["fulfillment"], Value::Null, "nothing is to be delivered: {order}");
    world.run("audit").ended(0, "");
}
