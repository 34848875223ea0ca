//! The broker: alarms, blocked connections, what is missing.

use std::sync::Arc;

use queue::topology::{self, WORK_EXCHANGE, work_queue};
use queue::{Cluster, Connection, ConnectionSettings};
use testkit::{Folder, RabbitMq, Sandbox};

use crate::shop::{Shop, codes, ops_of};

fn on_broker<T>(url: &str, work: impl AsyncFnOnce(&lapin::Channel) -> T) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let settings = ConnectionSettings::new(&Cluster::at(url).unwrap(), "test");
        let connection = Connection::open(&settings).await.unwrap();
        let done = work(&connection.create_channel().await.unwrap()).await;
        connection.close().await;
        done
    })
}

#[test]
fn an_alarm_is_named_with_and_without_the_management_api() {
    let folder = Arc::new(Folder::create().unwrap());
    let broker = RabbitMq::start(&folder).unwrap();
    let mut sandbox = Sandbox::database_only();
    sandbox.amqp_url = broker.url();
    let shop = Shop::new(sandbox);
    let _worker = shop.worker();
    shop.ops.run("status").done();
    let asks_api = || {
        ops_of(&shop.sandbox.database_url, &broker.url())
            .set("ALIPAY__AMQP__MANAGEMENT_URL", &broker.admin_url())
    };
    let well = asks_api().run("status").done();
    assert!(well.stdout.starts_with("all is well\n"), "{}", well.stdout);

    broker.control(&["set_vm_memory_high_watermark", "absolute", "1"]).unwrap();
    shop.ops.run("status").names("broker_memory_alarm", "low on memory");
    let with = asks_api().run("status --output json").ended(1, "wrong").json();
    assert_eq!(codes(&with)[0], "broker_memory_alarm");
    assert!(with["findings"][0]["seen"].as_str().unwrap().contains(&broker.node()), "{with:#}");
    assert_eq!(with["verdict"], "wrong");
    // Several times, since `status` must not change anything.
    shop.ops.run("status").names("broker_memory_alarm", "low on memory");

    broker.control(&["set_vm_memory_high_watermark", "0.9"]).unwrap();
    shop.wait_for_codes(&[]);
    shop.ops.run("status").done();

    broker.control(&["set_disk_free_limit", "999999GB"]).unwrap();
    let status = shop.wait_for("the alarm", |status| codes(status).contains(&"broker_disk_alarm"));
    assert_eq!(codes(&status)[0], "broker_disk_alarm");
    broker.control(&["set_disk_free_limit", "1MB"]).unwrap();
    shop.wait_for_codes(&[]);
}

#[test]
fn missing_broker_objects_are_named() {
    let shop = Shop::new(Sandbox::new());
    let worker = shop.worker();
    let url = shop.sandbox.amqp_url.clone();
    shop.ops.run("status").done();
    // A binding that no message waits for.
    on_broker(&url, async |channel| {
        let (queue, key) = (work_queue(0), topology::DEAD_QUEUE);
        let (queue, exchange) = (queue.as_str().into(), WORK_EXCHANGE.into());
        channel.queue_unbind(queue, exchange, key.into(), Default::default()).await.unwrap();
    });
    shop.ops
        .run("status")
        .names("topology_missing", "binding of queue alipay.notify.0 to exchange alipay.notify");
    shop.ops.run("topology apply").done();
    shop.ops.run("status").done();

    on_broker(&url, async |channel| {
        channel.exchange_delete(WORK_EXCHANGE.into(), Default::default()).await.unwrap();
    });
    shop.ops
        .run("status")
        .names("topology_missing", "missing at the broker: direct exchange alipay.notify");
    shop.ops.run("topology apply").done();

    // The worker would declare its queue again.
    drop(worker);
    on_broker(&url, async |channel| {
        let name = work_queue(0);
        channel.queue_delete(name.as_str().into(), Default::default()).await.unwrap();
    });
    shop.ops.run("status").names("topology_missing", "quorum queue alipay.notify.0");
}

#[test]
fn a_queue_with_other_arguments_is_named() {
    let shop = Shop::new(Sandbox::new());
    on_broker(&shop.sandbox.amqp_url.clone(), async |channel| {
        channel.queue_delete("alipay.dead".into(), Default::default()).await.unwrap();
        let durable = lapin::options::QueueDeclareOptions { durable: true, ..Default::default() };
        channel.queue_declare("alipay.dead".into(), durable, Default::default()).await.unwrap();
    });
    let status = shop.ops.run("status --output json").ended(1, "wrong").json();
    assert!(codes(&status).contains(&"topology_differs"), "{status:#}");
}

/// `status` leaves nothing behind, with or without a consumer.
#[test]
fn status_changes_nothing_at_the_broker() {
    let shop = Shop::new(Sandbox::new());
    for _ in 0..3 {
        let status = shop.ops.run("status --output json").ended(1, "wrong").json();
        assert_eq!(codes(&status), ["no_workers"], "{status:#}");
    }
    let worker = shop.worker();
    for _ in 0..3 {
        shop.ops.run("status").done();
    }
    let inbox: Vec<store::worker_heartbeat::WorkerRow> =
        store::worker_heartbeat::all(&mut shop.connection()).unwrap();
    assert_eq!(inbox.len(), 1);
    let letters = shop.ops.json("dlq list");
    assert_eq!(letters.as_array().unwrap().len(), 0, "{letters}\n{}", worker.stderr());
}
