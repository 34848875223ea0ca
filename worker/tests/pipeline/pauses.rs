//! Work that operators let wait: nothing of it is lost, dies, or happens before the pause is over.
//!
//! A worker that is started during a pause knows it before its first message, so no test has to wait for it to take effect.

use alipay::Fen;
use chrono::Utc;
use simulator::AlipayTrade;
use testkit::{Program, until};

use crate::broker::drain;
use crate::world::{TOTAL, World};

const WAITING: &str = "paused_message";

fn pause(world: &World, work: &str) {
    let arguments: Vec<&str> = ["pause"].into_iter().chain(work.split(' ')).collect();
    let arguments = [&arguments[..], &["--reason", "tested", "--by", "wang"]].concat();
    world.pipeline.ops(&arguments).expect("a pause");
}

fn resume(world: &World, work: &str) {
    let arguments: Vec<&str> = ["resume"].into_iter().chain(work.split(' ')).collect();
    world.pipeline.ops(&[&arguments[..], &["--by", "li"]].concat()).expect("the end of a pause");
}

/// Places an order of another product than `CODE`.
fn place(world: &mut World, id: &str, product: &str) {
    world.sql(&format!(
        "INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee) \
         VALUES ('{id}', 'shop', '{product}', 1, 's', 1000)"
    ));
}

/// A second product with one code.
fn add_other_product(world: &World) {
    world.pipeline.add_product("OTHER", "other", &["--kind", "stock"]).expect("a product");
    world.pipeline.import("OTHER", &["O1".to_owned()]).expect("stock");
}

fn is_delivered(order: &serde_json::Value) -> bool {
    order["is_send_goods"] == true
}

/// Stops a worker, and looks at what it has left behind: everything was acknowledged, nothing died.
async fn nothing_is_left(world: &mut World, mut worker: Program) {
    assert_eq!(world.count(WAITING), 0);
    assert_eq!(world.dead_letters(), []);
    worker.terminate();
    assert!(worker.wait().success());
    assert_eq!(drain(world, "alipay.notify.0").await.len(), 0, "acknowledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_notifications_of_a_paused_merchant_wait_and_those_of_others_do_not() {
    let mut world = World::new(10);
    world.place_orders("M", 2);
    world.sql("UPDATE user_order SET merchant = 'app' WHERE id = 'M000002'");
    pause(&world, "merchant shop");
    let worker = world.worker();
    let payment = world.message(world.payment("M000001"));
    // The same delivery twice is one row.
    world.publish(vec![payment.clone(), payment]).await;
    // Also what would die: nothing is dead-lettered meanwhile.
    let mut wrong = world.trade("M000001");
    wrong.total = Fen::new(TOTAL.get() - 1);
    world.send(wrong.pay(Utc::now()).expect("a payment")).await;
    world.wait_for_count(WAITING, 2);
    let mut other = AlipayTrade::open(&world.app, "M000002", TOTAL, Utc::now());
    world.send(other.pay(Utc::now()).expect("a payment")).await;
    world.expect("M000002", is_delivered);
    let order = world.pipeline.show("M000001").expect("ops order show");
    assert_eq!(
        (order["status"].as_i64(), order["trades"].as_array().map(Vec::len)),
        (Some(0), Some(0))
    );
    assert_eq!(order["pauses"][0]["reason"], "tested");
    assert_eq!(world.count("retry_copy"), 0, "no attempt is counted");
    assert_eq!(world.dead_letters(), []);
    let listed = world.pipeline.json(&["pause", "list", "--active"]).expect("ops pause list");
    assert_eq!((&listed[0]["messages"], &listed[0]["begun_by"]), (&2.into(), &"wang".into()));

    resume(&world, "merchant shop");
    world.expect("M000001", is_delivered);
    until("the wrong payment is judged", || {
        world.dead_letters() == [("M000001".to_owned(), "total_mismatch".to_owned())]
    });
    assert_eq!(world.count(WAITING), 0);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 2);
    drop(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_product_delivers_nothing_whatever_its_goods_waited_for() {
    let mut world = World::new(0);
    world.place_orders("P", 2);
    add_other_product(&world);
    place(&mut world, "OTHER-1", "OTHER");
    let mut first = world.worker();
    world.send(world.payment("P000001")).await;
    world.expect("P000001", |order| order["fulfillment"]["state"] == "awaiting_stock");
    first.terminate();
    assert!(first.wait().success());

    pause(&world, "product CODE");
    let worker = world.worker();
    world.pipeline.import("CODE", &["C1".to_owned(), "C2".to_owned()]).expect("stock");
    // In one bundle: each is judged by its own order.
    let bundle = ["P000002", "OTHER-1"].map(|order| world.message(world.payment(order)));
    world.publish_in_bundles(2, bundle.into()).await;
    world.expect("OTHER-1", is_delivered);
    world.wait_for_count(WAITING, 1);
    // Another order waits for stock and gets it: the restock sweeper has passed the paused product, whose name comes first.
    place(&mut world, "OTHER-2", "OTHER");
    world.send(world.payment("OTHER-2")).await;
    world.expect("OTHER-2", |order| order["fulfillment"]["state"] == "awaiting_stock");
    world.pipeline.import("OTHER", &["O2".to_owned()]).expect("stock");
    world.expect("OTHER-2", is_delivered);
    assert_eq!(world.count("stock_item WHERE product_id = 'CODE' AND state = 'delivered'"), 0);

    resume(&world, "product CODE");
    for order in ["P000001", "P000002"] {
        world.expect(order, is_delivered);
    }
    assert_eq!(world.count("stock_item WHERE product_id = 'CODE' AND state = 'delivered'"), 2);
    nothing_is_left(&mut world, worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_everything_is_paused_the_queue_keeps_what_comes() {
    let mut world = World::new(10);
    world.place_orders("E", 1);
    let worker = world.worker();
    pause(&world, "everything");
    worker.wait_for_log("the lane takes nothing");
    world.send(world.payment("E000001")).await;
    // A worker that starts now is ready, and takes nothing either.
    let mut second = world.worker();
    until("the queue keeps it", || {
        let status = world.pipeline.status().expect("ops status");
        let queues = status["queues"].as_array().expect("queues");
        let work = queues.iter().find(|queue| queue["name"] == "alipay.notify.0");
        work.is_some_and(|work| work["messages"] == 1 && work["consumers"] == 0)
    });
    assert_eq!(world.count("notification"), 0);
    second.terminate();
    assert!(second.wait().success());

    resume(&world, "everything");
    world.expect("E000001", is_delivered);
    nothing_is_left(&mut world, worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_ends_by_itself() {
    let mut world = World::new(10);
    world.place_orders("T", 1);
    pause(&world, "merchant shop");
    let worker = world.worker();
    world.send(world.payment("T000001")).await;
    world.wait_for_count(WAITING, 1);
    world.sql("UPDATE pause SET ends_at = UTC_TIMESTAMP(6)");
    world.expect("T000001", is_delivered);
    nothing_is_left(&mut world, worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_pauses_the_last_one_counts() {
    let mut world = World::new(10);
    world.place_orders("O", 1);
    pause(&world, "merchant shop");
    pause(&world, "product CODE");
    let worker = world.worker();
    world.send(world.payment("O000001")).await;
    world.wait_for_count(WAITING, 1);
    resume(&world, "merchant shop");
    // It goes back to the queue, and waits for the other pause.
    let of_product = "paused_message JOIN pause ON pause.id = pause_id WHERE scope = 'product'";
    world.wait_for_count(of_product, 1);
    assert_eq!(world.count("user_order WHERE status = 8"), 0);
    resume(&world, "product CODE");
    world.expect("O000001", is_delivered);
    nothing_is_left(&mut world, worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_either_end_of_a_pause_loses_nothing_and_delivers_once() {
    let mut world = World::new(10);
    world.place_orders("C", 4);
    pause(&world, "merchant shop");
    for number in 1..=3 {
        world.send(world.payment(&format!("C{number:06}"))).await;
    }
    dies_at(&world, "pauses.after_put_aside");
    let mut successor =
        world.pipeline.with(&[("ALIPAY__WORKER__LANES", "1")]).program("worker", &[]);
    // With one lane, what came before it has been put aside.
    world.send(world.payment("C000004")).await;
    world.wait_for_count("paused_message WHERE order_id = 'C000004'", 1);
    assert_eq!(world.count(WAITING), 4, "what came again is no second row");
    successor.terminate();
    assert!(successor.wait().success());

    resume(&world, "merchant shop");
    dies_at(&world, "pauses.before_delete");
    let worker = world.worker();
    world.wait_for_count("user_order WHERE is_send_goods", 4);
    until("no row is left", || world.count(WAITING) == 0);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 4);
    nothing_is_left(&mut world, worker).await;
}

fn dies_at(world: &World, point: &str) {
    let mut worker = world.pipeline.with(&[("CRASH_POINT", point)]).program("worker", &[]);
    assert!(!worker.wait().success(), "{point}");
    let said = worker.stderr();
    assert!(said.lines().last().is_some_and(|last| last.contains(point)), "{said}");
}

/// The merchant was removed from the configuration while its work waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_paused_merchant_that_no_configuration_has_waits_as_well() {
    let mut world = World::new(0);
    world.sql(
        "INSERT INTO pause (scope, scope_id, reason, begun_by, ends_at) \
         VALUES ('merchant', 'gone', 'tested', 'wang', UTC_TIMESTAMP(6) + INTERVAL 1 HOUR)",
    );
    let _worker = world.worker();
    let mut message = world.message(world.payment("G000001"));
    let body = String::from_utf8(message.body).expect("JSON");
    message.body = body.replace("\"shop\"", "\"gone\"").into_bytes();
    world.publish(vec![message]).await;
    world.wait_for_count(WAITING, 1);
    assert_eq!(world.dead_letters(), []);
    world.sql("UPDATE pause SET ended_at = UTC_TIMESTAMP(6)");
    until("it is judged", || {
        world.dead_letters() == [("G000001".to_owned(), "unknown_merchant".to_owned())]
    });
    assert_eq!(world.count(WAITING), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_a_paused_merchant_get_no_codes_and_those_of_others_do() {
    let mut world = World::new(0);
    world.place_orders("R", 2);
    world.sql("UPDATE user_order SET merchant = 'app' WHERE id = 'R000002'");
    let mut first = world.worker();
    world.send(world.payment("R000001")).await;
    let mut other = AlipayTrade::open(&world.app, "R000002", TOTAL, Utc::now());
    world.send(other.pay(Utc::now()).expect("a payment")).await;
    for order in ["R000001", "R000002"] {
        world.expect(order, |order| order["fulfillment"]["state"] == "awaiting_stock");
    }
    first.terminate();
    assert!(first.wait().success());

    pause(&world, "merchant shop");
    let worker = world.worker();
    world.pipeline.import("CODE", &["C1".to_owned(), "C2".to_owned()]).expect("stock");
    // It was paid later, and the sweep that served it has passed the first.
    world.expect("R000002", is_delivered);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 1);
    resume(&world, "merchant shop");
    world.expect("R000001", is_delivered);
    nothing_is_left(&mut world, worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_at_the_end_of_a_pause_deliver_once() {
    let mut world = World::new(200);
    world.place_orders("W", 150);
    pause(&world, "merchant shop");
    let mut first = world.worker();
    let second = world.worker();
    let payments = (1..=150).map(|number| world.message(world.payment(&format!("W{number:06}"))));
    world.publish(payments.collect()).await;
    world.wait_for_count(WAITING, 150);
    resume(&world, "merchant shop");
    world.wait_for_count("user_order WHERE is_send_goods", 150);
    until("no row is left", || world.count(WAITING) == 0);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 150);
    first.terminate();
    assert!(first.wait().success());
    nothing_is_left(&mut world, second).await;
}
