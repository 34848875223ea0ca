//! What `ops dlq replay` reports of the letters that it sent back.

use std::time::Instant;

use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use queue::topology::DEAD_QUEUE;
use queue::{Cluster, Connection, ConnectionSettings};
use serde_json::{Value, json};
use testkit::until;

use crate::world::World;

/// Orders whose payment is a dead letter, since their total was wrong then.
async fn dead_payments(world: &mut World, orders: usize) {
    world.place_orders("R", orders);
    world.sql("UPDATE user_order SET total_fee = 1");
    for number in 1..=orders {
        world.send(world.payment(&format!("R{number:06}"))).await;
    }
    until("all are dead", || world.dead_letters().len() == orders);
}

/// Runs `ops` and returns its exit code, its JSON and its stderr.
fn replay(world: &World, arguments: &[&str]) -> (i32, Value, String) {
    let arguments = [&["--output", "json", "dlq", "replay"], arguments].concat();
    let output = world.pipeline.run("ops", &arguments);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let json = serde_json::from_str(&stdout).unwrap_or(Value::Null);
    (
        output.status.code().expect("no signal"),
        json,
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_reports_the_result_of_each_letter() {
    let mut world = World::new(10);
    let _worker = world.worker();
    dead_payments(&mut world, 5).await;
    // Of three the cause is gone.
    world.sql("UPDATE user_order SET total_fee = 1000 WHERE id <= 'R000003'");
    let (code, told, said) = replay(&world, &["--all"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("2 of 5 died again: 2 total_mismatch"), "{said}");
    assert_eq!(
        [&told["replayed"], &told["applied"], &told["dead_again"], &told["waiting"]],
        [5, 3, 2, 0]
    );
    assert_eq!(told["dead_again_by_reason"], json!({ "total_mismatch": 2 }));
    let rows = |world: &mut World, which: &str| world.count(&format!("dead_letter WHERE {which}"));
    assert_eq!(rows(&mut world, "state = 'waiting' AND deaths = 2 AND copies = 1"), 2);
    assert_eq!(rows(&mut world, "state = 'replayed' AND deaths = 1 AND copies = 0"), 3);
    let letters = told["letters"].as_array().expect("letters");
    assert_eq!(letters.len(), 5);
    for letter in &letters[..2] {
        assert_eq!(
            (&letter["outcome"], &letter["reason"]),
            (&json!("dead_again"), &json!("total_mismatch"))
        );
        assert!(letter["error"].as_str().expect("evidence").contains("0.01"), "{letter}");
    }
    assert_eq!(world.dead_letters().len(), 2);

    // Its content is already known: nothing changes.
    world.sql("UPDATE user_order SET total_fee = 1000");
    let text = world.pipeline.ops(&["dlq", "replay", "--all"]).expect("replayed");
    assert!(text.ends_with("replayed 2: 2 applied\n"), "{text}");
    assert!(text.contains("R000005"), "{text}");
    let nothing = world.pipeline.ops(&["dlq", "replay", "--all"]).expect_err("nothing is there");
    assert!(nothing.to_string().contains("nothing was replayed"), "{nothing}");
}

/// Puts a message into the dead letters, as another tool would.
async fn dead_letter(world: &World, id: &str, body: Vec<u8>) {
    let cluster = Cluster::at(&world.sandbox.amqp_url).expect("a URL");
    let connection = Connection::open(&ConnectionSettings::new(&cluster, "test")).await;
    let connection = connection.expect("a connection");
    let channel = connection.create_channel().await.expect("a channel");
    channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirm mode");
    let properties = BasicProperties::default().with_delivery_mode(2).with_message_id(id.into());
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    #[expect(clippy::disallowed_methods, reason = "what others may publish")]
    let publish = channel.basic_publish("".into(), DEAD_QUEUE.into(), options, &body, properties);
    let confirm = publish.await.expect("published").await.expect("confirmed");
    assert!(confirm.is_ack() && confirm.take_message().is_none());
    connection.close().await;
    world.pipeline.ops(&["dlq", "sync"]).expect("ops dlq sync");
}

/// A message without an order, one without a merchant, and an invalid one: workers write no inbox row for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_reports_letters_without_an_inbox_row() {
    let world = World::new(10);
    let _worker = world.worker();
    let body = |merchant: &str, order: &str| {
        let signed = world
            .payment(order)
            .sign(&alipay::Signer::Md5(alipay::Md5Key::new("only0for0tests")))
            .expect("signed");
        let form = String::from_utf8(signed.body().to_vec()).expect("a form");
        let kind = queue::MessageKind::TradeStatus;
        let now = chrono::Utc::now();
        queue::Envelope::new(merchant, kind, alipay::Charset::Utf8, now, form).to_bytes()
    };
    dead_letter(&world, "early", body("shop", "EARLY")).await;
    let (code, told, said) = replay(&world, &["--all"]);
    assert_eq!((code, &told["retrying"]), (0, &json!(1)), "{said}{told}");
    assert_eq!(told["letters"][0]["tier"], "alipay.retry.5s");

    dead_letter(&world, "shpo", body("shpo", "S-1")).await;
    dead_letter(&world, "rubbish", b"no envelope".to_vec()).await;
    let (code, told, said) = replay(&world, &["shpo", "rubbish"]);
    assert_eq!((code, &told["dead_again"]), (1, &json!(2)), "{said}{told}");
    assert_eq!(told["dead_again_by_reason"], json!({ "no_envelope": 1, "unknown_merchant": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_without_a_worker_reports_waiting_letters() {
    let mut world = World::new(10);
    {
        let _worker = world.worker();
        dead_payments(&mut world, 2).await;
    }
    let began = Instant::now();
    let (code, told, said) = replay(&world, &["--all"]);
    assert_eq!((code, &told["waiting"]), (0, &json!(2)), "{said}{told}");
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}
