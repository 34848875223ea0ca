//! Messages that a person, or a tool of the broker, published or moved by queue name: they carry the
//! queue's name as their routing key, or that of another queue. Acknowledged notifications still reach the workers.

use std::sync::Arc;

use alipay::{Charset, Md5Key, Signer};
use chrono::Utc;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::FieldTable;
use queue::topology::{self, RetryTier, ShardCount};
use queue::{Cluster, Connection, ConnectionSettings, Envelope, Message, MessageKind};
use simulator::UnsignedNotification;
use testkit::{Folder, RabbitMq, RabbitMqOptions, Sandbox, until};

use crate::world::{CONFIG, World};
use crate::{Worker, check};

/// A channel in confirm mode, as the management plugin uses one.
pub(crate) struct Hand {
    pub(crate) channel: lapin::Channel,
    _connection: Connection,
}

impl Hand {
    pub(crate) async fn at(url: &str) -> Hand {
        let cluster = Cluster::at(url).expect("a URL");
        let settings = ConnectionSettings::new(&cluster, "by hand");
        let connection = Connection::open(&settings).await.expect("a connection");
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirm mode");
        Hand { channel, _connection: connection }
    }

    /// Publishes a message, which a queue must take.
    async fn publish(
        &self,
        exchange: &str,
        key: &str,
        notification: UnsignedNotification,
        id: &str,
    ) {
        let signed =
            notification.sign(&Signer::Md5(Md5Key::new("only0for0tests"))).expect("signed");
        let form = String::from_utf8(signed.body().to_vec()).expect("a form");
        let envelope = Envelope::new(
            "shop",
            MessageKind::TradeStatus,
            Charset::Utf8,
            Utc::now(),
            form.as_str(),
        );
        let message = Message::notify(&envelope, id, None, ShardCount::ONE);
        let properties = lapin::BasicProperties::default()
            .with_delivery_mode(2)
            .with_message_id(id.into())
            .with_user_id("guest".into())
            .with_headers(message.headers.to_table());
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        #[expect(clippy::disallowed_methods, reason = "what others may publish")]
        let publish = self.channel.basic_publish(
            exchange.into(),
            key.into(),
            options,
            &message.body,
            properties,
        );
        let confirm = publish.await.expect("written").await.expect("confirmed");
        assert!(confirm.is_ack() && confirm.take_message().is_none(), "no queue took it");
    }

    pub(crate) async fn unbind(&self, key: &str) {
        let queue = topology::work_queue(0);
        let (queue, exchange) = (queue.as_str().into(), topology::WORK_EXCHANGE.into());
        let unbind = self.channel.queue_unbind(queue, exchange, key.into(), FieldTable::default());
        unbind.await.expect("unbound");
    }
}

fn retried(worker: &Worker) -> f64 {
    worker.metric("alipay_worker_messages_total{outcome=\"retried\"}")
}

/// More than the 32 that a tier offers at one time. Without a binding for their key they fill it for
/// ever, and what waits there beside them, acknowledged and answered `success`, stays there too.
#[tokio::test(flavor = "multi_thread")]
async fn messages_published_by_queue_name_are_processed_without_delaying_others() {
    const BY_NAME: usize = 48;
    const GENUINE: usize = 5;
    let mut world = World::new(BY_NAME + GENUINE);
    let worker = Worker::start(&world, &[]);
    let hand = Hand::at(&world.sandbox.amqp_url).await;
    let queue = topology::work_queue(0);
    for number in 1..=BY_NAME {
        let order = format!("B{number:06}");
        hand.publish("", &queue, world.payment(&order), &order).await;
    }
    for number in 1..=GENUINE {
        world.send(world.payment(&format!("G{number:06}"))).await;
    }
    let all = (BY_NAME + GENUINE) as f64;
    until("all wait for their orders", || retried(&worker) >= all);
    world.place_orders("B", BY_NAME);
    world.place_orders("G", GENUINE);
    check_orders(&mut world, BY_NAME + GENUINE);
}

/// Into a tier, by the names of its exchange, its queue, and without a key at all.
#[tokio::test(flavor = "multi_thread")]
async fn messages_published_into_a_retry_tier_return() {
    let mut world = World::new(3);
    world.place_orders("K", 3);
    let _worker = Worker::start(&world, &[]);
    let hand = Hand::at(&world.sandbox.amqp_url).await;
    let tier = RetryTier::FiveSeconds.name();
    hand.publish("", tier, world.payment("K000001"), "1").await;
    hand.publish(tier, "", world.payment("K000002"), "2").await;
    hand.publish(tier, &topology::work_queue(0), world.payment("K000003"), "3").await;
    check(&mut world, 3);
}

/// Every order is delivered, also after retries.
pub(crate) fn check_orders(world: &mut World, orders: usize) {
    let orders = i64::try_from(orders).expect("a number");
    world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", orders);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), orders);
    assert_eq!(world.dead_letters(), []);
}

/// A broker of the test's own that has the shovel plugin, which is how the management plugin's "Move
/// messages" works, too, and whose tiers offer what no queue took again after 2 s instead of 3 minutes.
struct Scene {
    world: World,
    broker: RabbitMq,
}

impl Scene {
    fn new(codes: usize) -> Scene {
        let folder = Arc::new(Folder::create().expect("a folder"));
        let options =
            RabbitMqOptions { plugins: vec!["rabbitmq_shovel".to_owned()], ..Default::default() };
        let broker = RabbitMq::start_with(&folder, &options).expect("a broker");
        let soon =
            "application:set_env(rabbit, dead_letter_worker_publisher_confirm_timeout, 2000).";
        broker.control(&["eval", soon]).expect("rabbitmqctl");
        let mut sandbox = Sandbox::database_only();
        sandbox.amqp_url = broker.url();
        Scene { world: World::on(sandbox, CONFIG, codes), broker }
    }

    /// Moves what is in a queue now to another one, as "Move messages" does.
    fn shovel(&self, from: &str, to: &str) {
        let definition = serde_json::json!({
            "src-protocol": "amqp091", "src-uri": "amqp:///%2f", "src-queue": from,
            "src-delete-after": "queue-length", "src-prefetch-count": 1000,
            "dest-protocol": "amqp091", "dest-uri": "amqp:///%2f", "dest-queue": to,
            "ack-mode": "on-confirm",
        });
        let set = ["set_parameter", "shovel", "move", &definition.to_string()];
        self.broker.control(&set).expect("rabbitmqctl");
    }
}

/// Dead letters that a person moves back by queue name, the order being there at last; and one that is
/// moved into a tier.
#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_moved_by_a_shovel_are_processed() {
    let mut scene = tokio::task::spawn_blocking(|| Scene::new(2)).await.expect("a scene");
    let hand = Hand::at(&scene.world.sandbox.amqp_url).await;
    let dead = topology::DEAD_QUEUE;
    hand.publish("", dead, scene.world.payment("K000001"), "1").await;
    scene.shovel(dead, RetryTier::FiveSeconds.name());
    until("moved", || scene.world.synced_letters().is_empty());
    hand.publish("", dead, scene.world.payment("K000002"), "2").await;
    scene.shovel(dead, &topology::work_queue(0));
    scene.world.place_orders("K", 2);
    let _worker = Worker::start(&scene.world, &[]);
    check(&mut scene.world, 2);
}

/// The binding of the work queue is removed while messages wait in a tier: they stay there until
/// it is restored, and `ops topology plan` says what is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_removed_binding_is_reported_and_waiting_messages_return() {
    let mut scene = tokio::task::spawn_blocking(|| Scene::new(1)).await.expect("a scene");
    let worker = Worker::start(&scene.world, &[]);
    let hand = Hand::at(&scene.world.sandbox.amqp_url).await;
    scene.world.send(scene.world.payment("K000001")).await;
    until("it waits for its order", || retried(&worker) >= 1.0);
    hand.unbind("0").await;
    // The table `retry_copy` shows it although the broker does not: nothing is ready.
    scene.world.wait_for_count("retry_copy WHERE tier = 'alipay.retry.5s' AND attempt = 1", 1);
    scene.world.sql("UPDATE retry_copy SET due_at = due_at - INTERVAL 1 HOUR");
    let overdue = "alipay_worker_overdue_retries{tier=\"alipay.retry.5s\"}";
    until("an alarm", || worker.metric(overdue) >= 1.0);
    let status = scene.world.pipeline.status().expect("a status");
    assert_eq!(status["retries"][0]["overdue"], 1, "{status}");
    let listed = scene.world.pipeline.ops(&["retries", "list"]).expect_err("something is overdue");
    assert!(listed.to_string().contains("1 message is overdue"), "{listed}");
    let plan = |scene: &Scene| {
        let output = scene.world.pipeline.run("ops", &["--output", "json", "topology", "plan"]);
        let lines: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), lines)
    };
    let (code, missing) = plan(&scene);
    assert_eq!(code, Some(1), "{missing}");
    assert_eq!(missing.as_array().map(Vec::len), Some(1), "{missing}");
    assert_eq!(missing[0]["object"], "binding", "{missing}");
    assert_eq!(missing[0]["routing_key"], "0", "{missing}");
    scene.world.place_orders("K", 1);
    scene.world.pipeline.json(&["topology", "apply"]).expect("applied");
    assert_eq!(plan(&scene), (Some(0), serde_json::json!([])));
    check_orders(&mut scene.world, 1);
    until("the books are closed", || scene.world.count("retry_copy") == 0);
    until("the alarm ends", || worker.metric(overdue) == 0.0);
    scene.world.pipeline.ops(&["retries", "list"]).expect("nothing is overdue");
}
