//! A shop that keeps an order locked, and an order that is not committed yet.

use diesel::connection::SimpleConnection;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_locked_by_the_shop_delays_no_other() {
    let mut world = World::new(10);
    let _worker = world.worker();
    world.place_orders("L", 4);
    let mut shop = store::Pool::new(&world.sandbox.database_url, 1).get().expect("a connection");
    shop.batch_execute("BEGIN; SELECT id FROM user_order WHERE id = 'L000001' FOR UPDATE")
        .expect("a lock");
    for number in 1..=4 {
        world.send(world.payment(&format!("L{number:06}"))).await;
    }
    world.wait_for_count("user_order WHERE is_send_goods", 3);
    assert_eq!(world.count("user_order WHERE id = 'L000001' AND status = 8"), 0);
    shop.batch_execute("COMMIT").expect("the lock goes");
    let order = world.expect("L000001", |order| order["is_send_goods"] == true);
    assert_eq!(order["story"][0]["attempts"], 0, "waiting for a lock is no attempt");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_committed_late_is_retried() {
    let mut world = World::new(10);
    let _worker = world.worker();
    let mut shop = store::Pool::new(&world.sandbox.database_url, 1).get().expect("a connection");
    shop.batch_execute(
        "BEGIN; INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee) \
         VALUES ('LATE', 'shop', 'CODE', 1, 's', 1000)",
    )
    .expect("an order");
    world.place_orders("N", 1);
    world.send(world.payment("LATE")).await;
    world.send(world.payment("N000001")).await;
    // An open insert does not hold up its neighbours.
    world.expect("N000001", |order| order["is_send_goods"] == true);
    shop.batch_execute("COMMIT").expect("the order is there");
    let order = world.expect("LATE", |order| order["is_send_goods"] == true);
    assert_eq!(order["story"][0]["attempts"], 1);
    assert_eq!(world.dead_letters(), []);
}
