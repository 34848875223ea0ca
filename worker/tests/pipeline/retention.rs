//! The retention sweeper of a worker.

use crate::world::{CONFIG, World};

/// Two orders that are over, one of them for 200 days.
async fn two_finished_orders(world: &mut World) {
    world.place_orders("R", 2);
    for number in 1..=2 {
        let order = format!("R{number:06}");
        let mut trade = world.trade(&order);
        world.send(trade.pay(chrono::Utc::now()).expect("a payment")).await;
        world.send(trade.finish(chrono::Utc::now()).expect("an end")).await;
    }
    world.wait_for_count("user_order WHERE status = 4 AND is_finish", 2);
    world.wait_for_count("outbox WHERE published_at IS NOT NULL", 6);
    world.sql(
        "UPDATE notification SET first_seen = first_seen - INTERVAL 200 DAY, last_seen = last_seen - INTERVAL 200 DAY \
         WHERE order_id = 'R000001'; \
         UPDATE outbox SET created_at = created_at - INTERVAL 200 DAY, published_at = published_at - INTERVAL 200 DAY \
         WHERE order_id = 'R000001'",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_may_removes_old_rows_once_a_day() {
    let mut world = World::with(&format!("{CONFIG}\n[retention]\nsweep = true\n"), 2);
    {
        let worker = world.worker();
        let log = worker.wait_for_log("old rows were removed");
        assert!(log.contains("rows=0"), "{log}");
        // What becomes old now stays for a day.
        two_finished_orders(&mut world).await;
    }
    world.sql("UPDATE prune_mark SET swept_at = swept_at - INTERVAL 1 DAY");
    let worker = world.worker();
    let log = worker.wait_for_log("old rows were removed");
    assert!(log.contains("rows=5"), "{log}");
    assert_eq!(world.count("notification WHERE order_id = 'R000001'"), 0);
    assert_eq!(world.count("outbox WHERE order_id = 'R000001'"), 0);
    assert_eq!(world.count("notification WHERE order_id = 'R000002'"), 2);
    assert_eq!(world.count("outbox WHERE order_id = 'R000002'"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_removes_nothing_by_itself() {
    let mut world = World::new(2);
    {
        let _worker = world.worker();
        two_finished_orders(&mut world).await;
    }
    let _worker = world.worker();
    world.place_orders("S", 1);
    world.send(world.payment("S000001")).await;
    world.wait_for_count("notification WHERE order_id = 'S000001'", 1);
    assert_eq!(world.count("prune_mark WHERE swept_at IS NULL"), 6);
    assert_eq!(world.count("notification WHERE order_id = 'R000001'"), 2);
}
