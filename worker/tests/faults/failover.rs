//! The primary of the database becomes read-only and another server takes over behind the same address.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use store::{Connection, Pool, migrate};
use testkit::{Database, FaultProxy, Folder, Sandbox, until};

use crate::Worker;
use crate::world::{CONFIG, World};

/// How long the new primary may be idle; it takes about a second.
const GAP: Duration = Duration::from_secs(5);

/// A server with a user that read-only holds for.
fn server() -> (Database, Arc<Folder>) {
    let folder = Arc::new(Folder::create().expect("a folder"));
    let database = Database::start(&folder).expect("a server");
    root(&database)
        .batch_execute("CREATE USER shop@'%'; GRANT ALL ON alipay.* TO shop@'%'")
        .expect("a user");
    (database, folder)
}

fn root(database: &Database) -> Connection {
    Pool::new(&database.url(), 1).get().expect("a connection")
}

fn as_shop(database: &Database) -> String {
    database.url().replace("root@", "shop@")
}

/// Orders whose goods went out.
fn delivered(connection: &mut Connection) -> i64 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let query = sql_query("SELECT COUNT(*) AS n FROM user_order WHERE is_send_goods");
    query.get_result::<Row>(connection).expect("a number").n
}

#[tokio::test(flavor = "multi_thread")]
async fn work_continues_on_the_new_primary() {
    let scene = tokio::task::spawn_blocking(|| {
        let ((old, old_folder), (new, new_folder)) = (server(), server());
        let line = FaultProxy::in_front_of(&as_shop(&old)).expect("a proxy");
        let mut sandbox = Sandbox::broker_only();
        // The new primary has what the old one had: here the schema, the orders and the codes.
        sandbox.database_url = as_shop(&new);
        let mut world = World::on(sandbox, CONFIG, 10);
        world.place_orders("K", 2);
        let mut at_old = root(&old);
        migrate::run(&mut at_old, drop).expect("the schema");
        at_old
            .batch_execute(
                "INSERT INTO product (id, name, kind, price) VALUES ('CODE', 'p', 'stock', 1000); \
                 INSERT INTO stock_item (product_id, code) VALUES ('CODE', 'C00001'), ('CODE', 'C00002'); \
                 INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee) \
                 VALUES ('K000001', 'shop', 'CODE', 1, 's', 1000), ('K000002', 'shop', 'CODE', 1, 's', 1000)",
            )
            .expect("a shop");
        (old, new, line, world, [old_folder, new_folder])
    });
    let (old, new, line, mut world, _folders) = scene.await.expect("a scene");
    let url = line.url(&as_shop(&old));
    let worker = Worker::start(&world, &[("DATABASE_URL", &url)]);
    world.send(world.payment("K000001")).await;
    let mut at_old = root(&old);
    until("delivered at the old primary", || delivered(&mut at_old) == 1);

    line.lead_to(&as_shop(&new)).expect("an address");
    at_old.batch_execute("SET GLOBAL read_only = 1").expect("a replica");
    let failed_over = Instant::now();
    world.send(world.payment("K000002")).await;
    world.wait_for_count("user_order WHERE id = 'K000002' AND is_send_goods", 1);
    let gap = failed_over.elapsed();
    assert!(gap < GAP, "the new primary was idle for {gap:?}");
    worker.wait_until_ready();
    assert_eq!(delivered(&mut at_old), 1, "nothing was written to the old one");
    assert_eq!(world.dead_letters(), []);
}
