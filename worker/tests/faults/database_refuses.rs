//! What the database refuses: of one message, of every message, and while DDL waits.

use std::thread;

use diesel::connection::SimpleConnection;
use store::Pool;
use testkit::until;

use crate::world::World;
use crate::{Worker, check};

const ORDERS: usize = 30;

/// Each order is delivered once, and nothing is dead-lettered. Attempts are counted here, as intended.
fn delivered(world: &mut World, orders: i64) {
    world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", orders);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), orders);
    assert_eq!(world.dead_letters(), []);
}

/// A trigger of the shop's refuses one order. The others are delivered, the one waits in a retry tier, and
/// is delivered when the trigger is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_refused_by_a_trigger_of_the_shop_delays_no_other() {
    let mut world = World::new(ORDERS + 10);
    world.place_orders("K", ORDERS);
    world.sql(
        "CREATE TRIGGER shop_says_no BEFORE UPDATE ON user_order FOR EACH ROW \
         BEGIN IF NEW.id = 'K000015' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF; END",
    );
    // Before the worker starts, so that they are in one batch.
    for number in 1..=ORDERS {
        world.send(world.payment(&format!("K{number:06}"))).await;
    }
    let worker = Worker::start(&world, &[]);
    world.wait_for_count("user_order WHERE is_send_goods", 29);
    worker.program.wait_for_log("refuses this message");
    worker.wait_until_ready();
    assert_eq!(world.dead_letters(), []);
    world.sql("DROP TRIGGER shop_says_no");
    let order = world.expect("K000015", |order| order["is_send_goods"] == true);
    assert!(order["story"][0]["attempts"].as_i64() >= Some(1), "{order:#}");
    delivered(&mut world, 30);
}

/// A unique key of the shop: the worker cannot know the reason.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_refused_by_a_unique_key_of_the_shop_delays_no_other() {
    let mut world = World::new(10);
    world.place_orders("K", 4);
    world.sql("ALTER TABLE user_order ADD COLUMN once SMALLINT AS (NULLIF(status, 0)) STORED, ADD UNIQUE KEY shop_once (once)");
    let worker = Worker::start(&world, &[]);
    for number in 1..=4 {
        world.send(world.payment(&format!("K{number:06}"))).await;
    }
    world.wait_for_count("user_order WHERE is_send_goods", 1);
    until("the others are set aside", || {
        worker.program.stderr().matches("refuses this message").count() >= 3
    });
    worker.wait_until_ready();
    world.sql("ALTER TABLE user_order DROP KEY shop_once, DROP COLUMN once");
    delivered(&mut world, 4);
}

/// A schema of another version: it is no message's fault. The worker reports what is refused, consumes nothing,
/// and continues when the schema fits.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_statement_is_logged_once_and_stops_consuming() {
    let mut world = World::new(10);
    world.place_orders("K", 3);
    let worker = Worker::start(&world, &[("ALIPAY__WORKER__LANES", "2")]);
    world.sql("ALTER TABLE trade RENAME COLUMN facts TO facts_of_another_version");
    for number in 1..=3 {
        world.send(world.payment(&format!("K{number:06}"))).await;
    }
    worker.wait_until_it_says("the database refuses a statement of this version");
    assert!(worker.readiness().contains("facts"), "{}", worker.readiness());
    until("it stops consuming", || worker.readiness().contains("a lane is not consuming"));
    let said = "nothing is consumed until it is taken";
    assert_eq!(worker.program.stderr().matches(said).count(), 1, "{}", worker.program.stderr());
    world.sql("ALTER TABLE trade RENAME COLUMN facts_of_another_version TO facts");
    check(&mut world, 3);
    worker.wait_until_ready();
    assert_eq!(world.count("redelivery"), 0);
}

/// `ALTER TABLE` waits behind a forgotten transaction, and everything waits behind it. Nothing is counted
/// against a message for that, whatever happens to the workers meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_ddl_rejects_no_message() {
    let mut world = World::new(10);
    world.place_orders("K", 3);
    let pool = Pool::new(&world.sandbox.database_url, 2);
    let mut forgotten = pool.get().expect("a connection");
    forgotten.batch_execute("BEGIN; SELECT COUNT(*) FROM user_order").expect("a transaction");
    let mut migrating = pool.get().expect("a connection");
    migrating.batch_execute("SET SESSION lock_wait_timeout = 600").expect("a patient session");
    let ddl = thread::spawn(move || {
        migrating.batch_execute("ALTER TABLE user_order ADD COLUMN more INT NULL")
    });
    let waits = "information_schema.processlist WHERE state LIKE 'Waiting for table metadata lock' \
                 AND info LIKE 'ALTER TABLE user_order ADD COLUMN more%'";
    until("the DDL waits", || world.count(waits) > 0);
    for number in 1..=3 {
        world.send(world.payment(&format!("K{number:06}"))).await;
    }
    // Each worker is killed while it holds the messages, more often than a message's crash count allows.
    for _ in 0..4 {
        let mut worker = Worker::start(&world, &[("ALIPAY__WORKER__DATABASE_TIMEOUT", "30s")]);
        worker.wait_until_it_says("the database does not answer");
        worker.program.kill();
    }
    forgotten.batch_execute("COMMIT").expect("the end");
    ddl.join().expect("no panic").expect("the column");
    let _worker = Worker::start(&world, &[]);
    check(&mut world, 3);
    assert_eq!(world.dead_letters(), []);
}
