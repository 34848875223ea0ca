//! The database is read-only: every worker reports it, even without a message.

use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use store::{Connection, Pool};
use testkit::{Database, Folder, Sandbox, until};

use crate::Worker;
use crate::world::{CONFIG, World};

fn root(database: &Database) -> Connection {
    Pool::new(&database.url(), 1).get().expect("a connection")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_worker_reports_since_when_the_database_is_read_only() {
    let scene = tokio::task::spawn_blocking(|| {
        let folder = Arc::new(Folder::create().expect("a folder"));
        let database = Database::start(&folder).expect("a server");
        root(&database)
            .batch_execute("CREATE USER shop@'%'; GRANT ALL ON alipay.* TO shop@'%'")
            .expect("a user");
        let mut sandbox = Sandbox::broker_only();
        sandbox.database_url = database.url().replace("root@", "shop@");
        let mut world = World::on(sandbox, CONFIG, 4);
        world.place_orders("K", 1);
        (database, world)
    });
    let (database, mut world) = scene.await.expect("a scene");
    // One lane each: one of the two has the message, the other none.
    let one_lane = [("ALIPAY__WORKER__LANES", "1")];
    let workers = [Worker::start(&world, &one_lane), Worker::start(&world, &one_lane)];
    world.wait_for_count("worker_heartbeat", 2);

    root(&database).batch_execute("SET GLOBAL read_only = 1").expect("a replica");
    let words = "the database is read-only since 20";
    for worker in &workers {
        worker.wait_until_it_says(words);
    }
    world.send(world.payment("K000001")).await;
    // It stays the reason, also while the worker that holds the message makes new connections.
    let since = |worker: &Worker| {
        let said = worker.readiness();
        assert!(said.contains(words) && !said.contains("does not answer"), "{said}");
        said
    };
    let first = workers.each_ref().map(since);
    until("the batch was tried several times", || {
        let failures =
            workers.iter().map(|it| it.metric("alipay_worker_batch_failures_total")).sum::<f64>();
        failures > 3.0
    });
    assert_eq!(workers.each_ref().map(since), first, "the time stays");

    root(&database).batch_execute("SET GLOBAL read_only = 0").expect("a primary");
    for worker in &workers {
        worker.wait_until_ready();
    }
    world.wait_for_count("user_order WHERE is_send_goods", 1);
    assert_eq!(world.dead_letters(), []);
}
