//! Orders whose merchant is not configured.

use testkit::until;

use crate::Worker;
use crate::world::World;

const GAUGE: &str = "alipay_worker_orders_of_unknown_merchants";

/// A typing error in the shop's SQL: without an alarm, only a buyer would notice.
#[tokio::test(flavor = "multi_thread")]
async fn orders_of_an_unconfigured_merchant_raise_an_alarm() {
    let mut world = World::new(10);
    world.place_orders("K", 2);
    let worker = Worker::start(&world, &[]);
    world.sql("UPDATE user_order SET merchant = 'shpo' WHERE id = 'K000002'");
    // Long ago, and paid: a shop that was closed is no alarm.
    world.sql(
        "INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee, status, created_at) \
         VALUES ('OLD', 'closed', 'CODE', 1, 's', 1000, 0, UTC_TIMESTAMP(6) - INTERVAL 31 DAY), \
                ('PAID', 'closed', 'CODE', 1, 's', 1000, 8, UTC_TIMESTAMP(6))",
    );
    until("an alarm", || worker.metric(GAUGE) == 1.0);
    until("a line of the log", || {
        let log = worker.program.stderr();
        log.contains("merchant=\"shpo\" orders=1 did_you_mean=\"shop\"")
    });

    let status = world.pipeline.status().expect("a status");
    let unknown = &status["unknown_merchants"];
    assert_eq!(unknown.as_array().map(Vec::len), Some(1), "{unknown}");
    assert_eq!((&unknown[0]["merchant"], &unknown[0]["orders"]), (&"shpo".into(), &1.into()));
    assert_eq!(unknown[0]["did_you_mean"], "shop");
    let said = status["findings"].to_string();
    assert!(said.contains("1 unpaid order names merchant shpo"), "{said}");

    world.sql("UPDATE user_order SET merchant = 'shop' WHERE id = 'K000002'");
    until("the alarm ends", || worker.metric(GAUGE) == 0.0);
}
