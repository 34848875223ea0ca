//! Several notifications in one message of the broker: each has a verdict of its own.

use crate::broker::{drain, only_dead_letter};
use crate::world::{CONFIG, TOTAL, World};
use diesel::connection::SimpleConnection;
use futures_util::future::join_all;

#[tokio::test(flavor = "multi_thread")]
async fn each_notification_of_a_bundle_has_its_own_verdict() {
    let mut world = World::new(10);
    world.place_orders("B", 5);
    let mut wrong = world.trade("B000004");
    wrong.total = alipay::Fen::new(TOTAL.get() - 1);
    let wrong = wrong.pay(chrono::Utc::now()).expect("a payment");
    let twice = world.message(world.payment("B000002"));
    let payment = |order: &str| world.message(world.payment(order));
    let messages = vec![
        payment("B000001"),
        twice.clone(),
        twice,
        payment("B000003"),
        world.message(wrong),
        payment("B000005"),
        payment("LATER"),
    ];
    let mut shop = store::Pool::new(&world.sandbox.database_url, 1).get().expect("a connection");
    shop.batch_execute("BEGIN; SELECT id FROM user_order WHERE id = 'B000005' FOR UPDATE")
        .expect("a lock");
    world.publish_in_bundles(16, messages).await;
    let mut worker = world.worker();
    // The locked one and the one without an order wait; the bundle is still with the worker.
    world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", 3);
    world.wait_for_count("retry_copy WHERE order_id = 'LATER'", 1);
    world.wait_for_count("notification WHERE order_id = 'B000004' AND outcome = 'rejected'", 1);
    world.sql(
        "INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee) \
         VALUES ('LATER', 'shop', 'CODE', 1, 's', 1000)",
    );
    world.expect("LATER", |order| order["is_send_goods"] == true);
    assert_eq!(world.count("user_order WHERE id = 'B000005' AND status = 8"), 0);
    shop.batch_execute("COMMIT").expect("the lock goes");
    world.expect("B000005", |order| order["is_send_goods"] == true);
    assert_eq!(world.dead_letters(), [("B000004".to_owned(), "total_mismatch".to_owned())]);
    worker.terminate();
    assert!(worker.wait().success());
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 5);
    assert_eq!(drain(&world, "alipay.notify.0").await.len(), 0, "acknowledged");
    let letter = only_dead_letter(&world).await;
    assert!(queue::Envelope::read(&letter.body).is_ok(), "the notification, not the bundle");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_stays_in_the_queue_until_each_of_its_notifications_is_done() {
    let mut world = World::new(10);
    world.place_orders("B", 4);
    let payments = (1..=4).map(|number| world.message(world.payment(&format!("B{number:06}"))));
    let messages = payments.collect();
    let mut shop = store::Pool::new(&world.sandbox.database_url, 1).get().expect("a connection");
    shop.batch_execute("BEGIN; SELECT id FROM user_order WHERE id = 'B000003' FOR UPDATE")
        .expect("a lock");
    world.publish_in_bundles(4, messages).await;
    let mut killed = world.worker();
    world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", 3);
    // A payment that comes later is acknowledged alone.
    world.place_orders("N", 1);
    world.send(world.payment("N000001")).await;
    world.expect("N000001", |order| order["is_send_goods"] == true);
    killed.kill();
    shop.batch_execute("COMMIT").expect("the lock goes");
    let _worker = world.worker();
    world.expect("B000003", |order| order["is_send_goods"] == true);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingress_that_makes_bundles_loses_nothing() {
    let config = CONFIG.replace("[ingress]", "[ingress]\nlanes = 1\nbundle = 8");
    let mut world = World::with(&config, 100);
    world.place_orders("I", 60);
    let payments = (1..=60).map(|number| world.payment(&format!("I{number:06}")));
    join_all(payments.map(|payment| world.send(payment))).await;
    let messages = drain(&world, "alipay.notify.0").await;
    assert!(messages.len() < 60, "60 notifications at once in {} messages", messages.len());
    let payments = (1..=60).map(|number| world.payment(&format!("I{number:06}")));
    join_all(payments.map(|payment| world.send(payment))).await;
    let _worker = world.worker();
    world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", 60);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 60);
    assert_eq!(world.dead_letters(), []);
}
