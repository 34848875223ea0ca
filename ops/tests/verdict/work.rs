//! Workers that are gone or stand still, and a merchant that is not configured.

use std::time::Duration;

use alipay::{Charset, Form, Md5Key, Rule, Signer};
use chrono::Utc;
use diesel::connection::SimpleConnection as _;
use queue::topology::ShardCount;
use queue::{Cluster, Envelope, Message, MessageKind, Publisher, PublisherSettings, message_id};
use testkit::Sandbox;
use testkit::clock::{beijing, minutes_ago};
use tokio_util::sync::CancellationToken;

use crate::shop::{Shop, codes};

/// Publishes the notification of a payment, received so long from now.
fn pay(shop: &Shop, order: &str, ahead: chrono::TimeDelta) {
    let paid_at = beijing(minutes_ago(1));
    let mut form = Form::from_pairs([
        ("out_trade_no", order),
        ("trade_no", "2026112300001"),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_fee", "10.00"),
        ("seller_id", "2088000000000001"),
        ("gmt_payment", paid_at.as_str()),
        ("sign_type", "MD5"),
    ]);
    let signer = Signer::Md5(Md5Key::new("a-key-nobody-should-see"));
    signer.sign_form(&mut form, Rule::DropEmpty).unwrap();
    let id = message_id("shop", MessageKind::TradeStatus, &form);
    let (kind, at) = (MessageKind::TradeStatus, Utc::now() + ahead);
    let envelope = Envelope::new("shop", kind, Charset::Utf8, at, form.encode());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let cancel = CancellationToken::new();
        let settings = PublisherSettings {
            cluster: Cluster::at(&shop.sandbox.amqp_url).unwrap(),
            name: "test".to_owned(),
            lanes: 1,
            lane_capacity: 16,
            bundle: 1,
            confirm_timeout: Duration::from_secs(20),
        };
        let (publisher, publishing) = Publisher::start(settings, cancel.clone());
        publisher.ready().await;
        publisher.publish(Message::notify(&envelope, id, None, ShardCount::ONE)).await.unwrap();
        cancel.cancel();
        publishing.await.unwrap();
    });
}

#[test]
fn killed_workers_are_reported() {
    let shop = Shop::new(Sandbox::new());
    let mut worker = shop.worker();
    let well = shop.ops.run("status").done();
    assert!(well.stdout.starts_with("all is well\n"), "{}", well.stdout);
    worker.kill();
    // Probe messages for bindings disappear within seconds.
    let status = shop.wait_for("nobody consumes, and nothing waits", |status| {
        codes(status) == ["no_workers"] && status["queues"][0]["messages"] == 0
    });
    let seen = status["findings"][0]["seen"].as_str().unwrap();
    assert!(seen.contains("last reported at 20"), "{seen}");
    shop.ops
        .run("status")
        .names("no_workers", "no worker consumes alipay.notify.0: 0 messages wait");
    shop.ops.run("order create A-1 --merchant shop --product gift").done();
    pay(&shop, "A-1", chrono::TimeDelta::zero());
    shop.ops.run("status").names("no_workers", "1 message waits");
    // A worker that stops gracefully records it.
    let mut worker = shop.worker();
    shop.wait_for("the order waits for goods", |status| codes(status) == ["no_stock"]);
    worker.terminate();
    worker.wait();
    let status = shop.ops.status();
    let rows = status["workers"].as_array().unwrap();
    assert!(
        rows.len() <= 1,
        "the row of the one that was killed is all that may be there: {rows:#?}"
    );
}

#[test]
fn a_worker_that_stands_still_is_reported() {
    let shop = Shop::new(Sandbox::new());
    shop.ops.run("order create A-1 --merchant shop --product gift").done();
    let mut shops_own = shop.connection();
    shops_own
        .batch_execute("BEGIN; SELECT id FROM user_order WHERE id = 'A-1' FOR UPDATE")
        .unwrap();
    let _worker = shop.worker();
    pay(&shop, "A-1", chrono::TimeDelta::zero());
    let of_worker =
        |status: &serde_json::Value, name: &str| status["workers"][0][name].as_i64().unwrap();
    let status = shop.wait_for("a message in hand", |status| of_worker(status, "messages") == 1);
    let busy = of_worker(&status, "busy_ms");
    // While the order is locked it counts as one wait, although the lane tries it twenty times a second.
    shop.wait_for("a longer wait", |status| of_worker(status, "busy_ms") >= busy + 5000);
    // It is reported after a minute; the test does not wait so long.
    shop.connection().batch_execute(
        "INSERT INTO worker_heartbeat (worker, host, version, seen_at, worker_time, messages, busy_ms) \
         VALUES ('b:1:1', 'b', '1', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 4, 61000)",
    ).unwrap();
    shop.ops.run("status").names("work_stands_still", "worker b:1:1 has had 4 messages for 61 s");
    shops_own.batch_execute("ROLLBACK").unwrap();
    shop.wait_for("it goes on", |status| of_worker(status, "messages") == 0);
}

#[test]
fn messages_from_the_future_report_a_wrong_clock() {
    let shop = Shop::new(Sandbox::new());
    shop.ops.run("order create A-1 --merchant shop --product gift").done();
    let worker = shop.worker();
    pay(&shop, "A-1", chrono::TimeDelta::hours(8));
    let status = shop.wait_for("the clock", |status| codes(status).contains(&"clocks_disagree"));
    let seen = status["findings"][0]["seen"].as_str().unwrap();
    assert!(seen.contains("8 h in the future of a worker"), "{seen}");
    assert!(
        worker.stderr().contains("the clocks of database, messages and worker disagree"),
        "{}",
        worker.stderr()
    );
}

#[test]
fn an_unserved_merchant_is_reported() {
    let shop = Shop::new(Sandbox::new());
    let _worker = shop.worker();
    let insert = "INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee) \
                  VALUES ('A-1', 'shpo', 'gift', 1, 's', 1000)";
    shop.connection().batch_execute(insert).unwrap();
    shop.ops.run("status").names(
        "merchant_not_configured",
        "1 unpaid order names merchant shpo, which is not configured",
    );
}

#[test]
fn reviews_become_a_warning_only_when_old() {
    let shop = Shop::new(Sandbox::new());
    let _worker = shop.worker();
    shop.ops.run("order create A-1 --merchant shop --product gift").done();
    let mut connection = shop.connection();
    connection
        .batch_execute(
            "INSERT INTO review (order_id, reason, evidence, state, raised_at) \
             VALUES ('A-1', 'partial_refund', '300', 'open', UTC_TIMESTAMP(6))",
        )
        .unwrap();
    let answer = shop.ops.run("status").done();
    assert!(
        answer.stdout.starts_with("all is well; 1 to do\nto do reviews_open: "),
        "{}",
        answer.stdout
    );
    connection
        .batch_execute("UPDATE review SET raised_at = UTC_TIMESTAMP(6) - INTERVAL 4 DAY")
        .unwrap();
    shop.ops.run("status").names("reviews_open", "1 review waits, the first for 4 days");
}
