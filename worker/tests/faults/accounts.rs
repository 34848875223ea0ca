//! Accounts at the broker that can do no more than their program needs, as `scripts/broker-accounts`
//! creates them, and messages of accounts that may not publish them.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use alipay::{Charset, Md5Key, Signer};
use chrono::Utc;
use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use queue::account::{Permission, beyond_publishing};
use queue::{Cluster, Envelope, MessageKind, topology};
use testkit::{Folder, RabbitMq, Sandbox, TestApp, until};

use crate::Worker;
use crate::moved::{Hand, check_orders};
use crate::world::{CONFIG, World};

const USERS: &str = r#"
[amqp]
ingress_users = ["alipay-ingress"]
worker_users = ["alipay-worker"]
ops_users = ["alipay-ops"]
"#;

struct Scene {
    world: World,
    broker: RabbitMq,
}

impl Scene {
    fn new(codes: usize) -> Scene {
        let folder = Arc::new(Folder::create().expect("a folder"));
        let broker = RabbitMq::start(&folder).expect("a broker");
        make_accounts(&broker);
        let mut sandbox = Sandbox::database_only();
        sandbox.amqp_url = url(&broker, "ops");
        let ingress = url(&broker, "ingress");
        let more = [("AMQP_URL", ingress.as_str()), ("ALIPAY__INGRESS__LEAST_PRIVILEGE", "true")];
        let world = World::of(
            TestApp::on(sandbox, &format!("{USERS}{CONFIG}")).with_codes(codes).with_ingress(&more),
        );
        Scene { world, broker }
    }
}

/// Runs the script, which prints the arguments of `rabbitmqctl`, and does what it says.
fn make_accounts(broker: &RabbitMq) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/broker-accounts");
    let mut command = Command::new(script);
    command.env("RABBITMQCTL", "echo");
    for name in ["INGRESS", "WORKER", "OPS", "MONITOR", "SHOP"] {
        command.env(format!("PASSWORD_{name}"), "secret");
    }
    let output = command.output().expect("the script runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        broker.control(&arguments).expect("rabbitmqctl");
    }
}

fn url(broker: &RabbitMq, name: &str) -> String {
    broker.url().replace("guest:guest", &format!("alipay-{name}:secret"))
}

/// Publishes as this account, and says so.
async fn publish(hand: &Hand, user: Option<&str>, envelope: &Envelope, id: &str) {
    let mut properties = BasicProperties::default().with_message_id(id.into());
    if let Some(user) = user {
        properties = properties.with_user_id(user.into());
    }
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let body = envelope.to_bytes();
    #[expect(clippy::disallowed_methods, reason = "what others may publish")]
    let publish = hand.channel.basic_publish(
        topology::WORK_EXCHANGE.into(),
        topology::routing_key(0).as_str().into(),
        options,
        &body,
        properties,
    );
    assert!(publish.await.expect("written").await.expect("confirmed").is_ack());
}

fn letters(world: &World, reason: &str) -> usize {
    world.dead_letters().iter().filter(|(_, died_of)| died_of == reason).count()
}

/// Each program does its work with its own account, retries and replays too; messages by others are
/// dead letters, whatever they say.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "what others may publish")]
async fn messages_of_other_broker_accounts_are_rejected() {
    let mut scene = tokio::task::spawn_blocking(|| Scene::new(4)).await.expect("a scene");
    let worker_url = url(&scene.broker, "worker");
    let worker = Worker::start(&scene.world, &[("AMQP_URL", &worker_url)]);

    // A payment, and one that comes before its order: a retry.
    scene.world.place_orders("K", 1);
    scene.world.send(scene.world.payment("K000001")).await;
    scene.world.send(scene.world.payment("K000002")).await;
    until("a retry", || worker.metric("alipay_worker_messages_total{outcome=\"retried\"}") >= 1.0);
    scene.world.sql(
        "INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee) \
         VALUES ('K000002','shop','CODE',1,'s',1000)",
    );
    check_orders(&mut scene.world, 2);

    // Signed with the shop's key, published by an account that is not configured.
    let guest = Hand::at(&scene.broker.url()).await;
    let signed = scene.world.payment("K000003").sign(&Signer::Md5(Md5Key::new("only0for0tests")));
    let form = String::from_utf8(signed.expect("signed").body().to_vec()).expect("a form");
    let envelope = |kind, form: &str| Envelope::new("shop", kind, Charset::Utf8, Utc::now(), form);
    let payment = envelope(MessageKind::TradeStatus, &form);
    publish(&guest, None, &payment, "1").await;
    publish(&guest, Some("guest"), &payment, "2").await;
    // The ingress may not publish decisions.
    let ingress = Hand::at(&url(&scene.broker, "ingress")).await;
    let decision = envelope(MessageKind::Decision, "out_trade_no=K000001");
    publish(&ingress, Some("alipay-ingress"), &decision, "3").await;
    until("three letters", || letters(&scene.world, "unknown_publisher") == 3);

    // A replay publishes with the operator's account.
    scene.world.sql(
        "INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee) \
         VALUES ('K000003','shop','CODE',1,'s',1000)",
    );
    scene.world.pipeline.ops(&["dlq", "replay", "1"]).expect("replayed");
    scene.world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", 3);

    // The broker refuses a `user_id` of another account.
    let options = BasicPublishOptions::default();
    let stolen = BasicProperties::default().with_user_id("alipay-worker".into());
    let key = topology::routing_key(0);
    let exchange = topology::WORK_EXCHANGE;
    let refused =
        guest.channel.basic_publish(exchange.into(), key.as_str().into(), options, b"x", stolen);
    let refused = match refused.await {
        Ok(confirm) => confirm.await.map(|_| ()),
        Err(error) => Err(error),
    };
    let refused = refused.expect_err("refused").to_string();
    assert!(refused.contains("user_id"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingress_account_can_only_publish() {
    let scene = tokio::task::spawn_blocking(|| Scene::new(0)).await.expect("a scene");
    let cluster = |name: &str| Cluster::at(&url(&scene.broker, name)).expect("a URL");
    assert_eq!(beyond_publishing(&cluster("ingress")).await.expect("asked"), []);
    assert_eq!(
        beyond_publishing(&cluster("worker")).await.expect("asked"),
        [Permission::Configure, Permission::Read, Permission::WriteByName]
    );

    // With `least_privilege` the ingress exits if its account may do more.
    let guest = scene.broker.url();
    let pipeline = scene.world.pipeline.with(&[("AMQP_URL", &guest)]);
    let least = [
        ("ALIPAY__AMQP__INGRESS_USERS", "guest,alipay-ingress"),
        ("ALIPAY__INGRESS__LEAST_PRIVILEGE", "true"),
    ];
    let mut ingress = pipeline.with(&least).program("ingress", &[]);
    assert!(!ingress.wait().success());
    let log = ingress.stderr();
    assert!(log.contains("ingress.least_privilege") && log.contains("(configure)"), "{log}");

    // A worker whose own account is not accepted does not start.
    let mut ingress = pipeline.program("ingress", &[]);
    assert!(!ingress.wait().success());
    assert!(ingress.stderr().contains("amqp.ingress_users"), "{}", ingress.stderr());
}

/// Everything that is in a queue, also what is with a consumer, and what is not ours.
#[tokio::test(flavor = "multi_thread")]
async fn the_management_api_reports_totals_and_foreign_messages() {
    let scene = tokio::task::spawn_blocking(|| Scene::new(0)).await.expect("a scene");
    let management = scene.broker.admin_url().replace("guest:guest", "alipay-monitor:secret");
    let asked = |arguments: &[&str]| {
        let asking = ("ALIPAY__AMQP__MANAGEMENT_URL", management.as_str());
        let pipeline = scene.world.pipeline.with(&[asking]);
        let output = pipeline.run("ops", &[&["--output", "json"], arguments].concat());
        let json = serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON");
        (output.status.code(), json, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let with_management = |arguments: &[&str]| {
        let (code, json, said) = asked(arguments);
        assert_eq!(code, Some(0), "{said}");
        json
    };
    assert_eq!(with_management(&["topology", "plan"]), serde_json::json!([]));

    // The ingress publishes, no worker runs, and another consumer holds the messages.
    for number in 1..=3 {
        scene.world.send(scene.world.payment(&format!("K00000{number}"))).await;
    }
    let hand = Hand::at(&scene.broker.url()).await;
    let get = lapin::options::BasicGetOptions { no_ack: false };
    let queue = topology::work_queue(0);
    let mut held = 0;
    while held < 3 {
        let got = hand.channel.basic_get(queue.as_str().into(), get).await;
        held += usize::from(got.expect("an answer").is_some());
    }
    let work = |status: &serde_json::Value| status["queues"][0].clone();
    let plain = scene.world.pipeline.status().expect("a status");
    assert_eq!(work(&plain)["messages"], 0, "{plain}");
    assert_eq!(plain["queue_totals"], false);
    // Nobody works; whether that is seen depends on what the broker counts as a consumer.
    let status = || asked(&["status"]).1;
    // The broker's own count is some seconds old.
    until("three in all", || work(&status())["messages"] == 3);
    let status = status();
    assert_eq!((&work(&status)["ready"], &status["queue_totals"]), (&0.into(), &true.into()));

    // A queue without a reader, with a copy of everything, which dead-letters in a circle.
    let declare = |name: &'static str, to: &'static str| {
        let mut arguments = lapin::types::FieldTable::default();
        let text = |text: &str| lapin::types::AMQPValue::LongString(text.into());
        arguments.insert("x-dead-letter-exchange".into(), text(""));
        arguments.insert("x-dead-letter-routing-key".into(), text(to));
        let options = lapin::options::QueueDeclareOptions::durable();
        hand.channel.queue_declare(name.into(), options, arguments)
    };
    declare("alipay.old", "alipay.older").await.expect("declared");
    declare("alipay.older", "alipay.old").await.expect("declared");
    let bind = hand.channel.queue_bind(
        "alipay.old".into(),
        topology::WORK_EXCHANGE.into(),
        "0".into(),
        Default::default(),
        Default::default(),
    );
    bind.await.expect("bound");
    hand.unbind("alipay.dead").await;
    scene
        .broker
        .control(&["set_policy", "short", "^alipay.dead$", r#"{"message-ttl":5000}"#])
        .expect("set");
    let objects = |plan: &serde_json::Value| -> Vec<String> {
        let lines = plan.as_array().expect("a list").iter();
        lines.map(|line| line["object"].as_str().expect("a word").to_owned()).collect()
    };
    let (code, plan, said) = asked(&["topology", "plan"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("1 missing") && said.contains("5 odd"), "{said}");
    assert_eq!(
        objects(&plan),
        [
            "binding",
            "unknown_queue",
            "unknown_queue",
            "unknown_binding",
            "dead_letter_loop",
            "removes_messages"
        ],
        "{plan}"
    );
    assert_eq!(plan[0]["routing_key"], "alipay.dead");
}
