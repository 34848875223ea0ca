//! Signed but unusable: a dead letter with its reason, nothing delivered, other messages not affected.

use alipay::{Charset, Form, Md5Key, Rule, Signer};
use chrono::{TimeDelta, Utc};
use queue::topology::ShardCount;
use queue::{Envelope, Message, MessageKind};
use simulator::{AlipayTrade, UnsignedNotification};
use testkit::until;

use crate::world::{CONFIG, TOTAL, World};

/// The form of a notification, changed and then signed as Alipay would have.
pub(crate) fn signed(
    notification: &UnsignedNotification,
    change: impl FnOnce(&mut Form),
) -> Vec<u8> {
    let mut form = Form::new();
    for (name, value) in notification.parameters() {
        form.set(name, value.as_bytes());
    }
    change(&mut form);
    Signer::Md5(Md5Key::new("only0for0tests"))
        .sign_form(&mut form, Rule::DropEmpty)
        .expect("signed");
    form.encode().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_notifications_become_dead_letters_with_the_reason() {
    let mut world = World::new(10);
    let _worker = world.worker();
    let order = |number: usize| format!("B{number:06}");
    world.place_orders("B", 8);
    let amounts = ["1e2", "-1", "0.001", "99999999999999999999"];
    let mut expected = Vec::new();
    for (number, amount) in amounts.iter().enumerate() {
        let id = order(number + 1);
        let body = signed(&world.payment(&id), |form| form.set("total_fee", amount.as_bytes()));
        world.send_body("shop", body).await;
        expected.push((id, "unreadable_amount".to_owned()));
    }
    let body = signed(&world.payment(&order(5)), |form| form.set("trans_currency", b"USD"));
    world.send_body("shop", body).await;
    expected.push((order(5), "currency_mismatch".to_owned()));

    let mut old = AlipayTrade::open(&world.shop, order(6), TOTAL, Utc::now() - TimeDelta::days(40));
    let pays = old.pay(Utc::now() - TimeDelta::days(40)).expect("a payment");
    world.send(pays).await;
    expected.push((order(6), "trade_older_than_order".to_owned()));

    for (bad, reason) in [
        ("x".repeat(1000), "unreadable_order_number"),
        ("B\u{0}1".to_owned(), "unreadable_order_number"),
        ("B\n1".to_owned(), "unreadable_order_number"),
    ] {
        let body = signed(&world.payment("any"), |form| form.set("out_trade_no", bad.as_bytes()));
        world.send_body("shop", body).await;
        expected.push((String::new(), reason.to_owned()));
    }
    // 0xFF is no lead byte of GBK; the signature is right anyway.
    let gbk = world.payment(&order(7)).in_charset(Charset::Utf8);
    let body = signed(&gbk, |form| {
        form.set("charset", b"gbk");
        form.set("buyer_email", b"\xff\xff");
    });
    world.send_body("shop", body).await;
    expected.push((order(7), "invalid_charset".to_owned()));

    expected.sort();
    until("every dead letter is there", || world.dead_letters().len() >= expected.len());
    assert_eq!(world.dead_letters(), expected);
    assert_eq!(world.count("user_order WHERE status <> 0"), 0);
    assert_eq!(world.count("stock_item WHERE state <> 'available'"), 0);
    assert_eq!(world.count("trade"), 0);
    // Each is in the inbox too, with its reason, and in the story of its order where it names one.
    assert_eq!(world.count("notification WHERE outcome = 'rejected'"), 10);
    let told = world.expect(&order(7), |order| order["story"][0]["reason"] == "invalid_charset");
    assert_eq!(told["status"], 0);

    // A good message after them is delivered normally.
    world.send(world.payment(&order(8))).await;
    world.expect(&order(8), |order| order["is_send_goods"] == true);
}

/// A database with small packets could not store its inbox row, which would look like a connection problem forever.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_above_one_mebibyte_is_rejected_at_once() {
    let mut world = World::with(&CONFIG.replace("[ingress]", "[ingress]\nmax_body = 4194304"), 2);
    let _worker = world.worker();
    world.place_orders("G", 2);
    // Bytes that are not ASCII have three each in the form.
    let long = "点".repeat(150_000);
    let body = signed(&world.payment("G000001"), |form| form.set("body", long.as_bytes()));
    world.send_body("shop", body).await;
    let fits = "x".repeat(1_000_000);
    let body = signed(&world.payment("G000002"), |form| form.set("body", fits.as_bytes()));
    world.send_body("shop", body).await;
    world.expect("G000002", |order| order["is_send_goods"] == true);
    until("it is dead", || !world.dead_letters().is_empty());
    let letters = world.pipeline.json(&["dlq", "list"]).expect("ops dlq list");
    assert_eq!(letters[0]["reason"], "too_large");
    let error = letters[0]["error"].as_str().expect("evidence");
    assert!(error.starts_with("the form has 135") && error.contains("1048576"), "{error}");
    assert_eq!(world.count("notification"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_refused_data_is_isolated() {
    let mut world = World::new(40);
    world.place_orders("D", 30);
    // An out_biz_no longer than its column, in the middle of a batch of good ones: sent while no
    // worker runs, so that they are worked on together.
    for number in 1..=30 {
        let id = format!("D{number:06}");
        if number == 15 {
            world.sql("UPDATE user_order SET merchant = 'app' WHERE id = 'D000015'");
            let mut trade = AlipayTrade::open(&world.app, id.as_str(), TOTAL, Utc::now());
            trade.pay(Utc::now()).expect("a payment");
            let long = "R".repeat(300);
            let refund = trade.refund(alipay::Fen::new(1), Some(&long), Utc::now());
            world.send(refund.expect("a refund").sync).await;
        } else {
            world.send(world.payment(&id)).await;
        }
    }
    let _worker = world.worker();
    world.wait_for_count("user_order WHERE is_send_goods", 29);
    until("the guilty one is dead", || !world.dead_letters().is_empty());
    assert_eq!(world.dead_letters(), [("D000015".to_owned(), "unusable_data".to_owned())]);
    assert_eq!(world.count("notification WHERE reason = 'unusable_data'"), 1);
}

/// The database refuses the row of a dead letter: the letter is in the queue, and the lane goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_whose_row_is_refused_delays_no_other() {
    let mut world = World::new(1);
    world.sql(
        "CREATE TRIGGER no_rows BEFORE INSERT ON dead_letter FOR EACH ROW \
         SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no rows'",
    );
    let worker = world.worker();
    world.place_orders("R", 1);
    let mut unreadable = world.message(world.payment("R000001"));
    unreadable.body = b"no envelope".to_vec();
    world.publish(vec![unreadable]).await;
    worker.wait_for_log("is in the queue alone");
    world.send(world.payment("R000001")).await;
    world.expect("R000001", |order| order["is_send_goods"] == true);
    assert_eq!(world.dead_letters(), []);
    world.sql("DROP TRIGGER no_rows");
    let compared = world.pipeline.json(&["dlq", "sync"]).expect("ops dlq sync");
    assert_eq!(compared["found"], 1, "{compared}");
    assert_eq!(world.dead_letters().len(), 1);
}

/// A message that the shop's trigger refuses until the last tier is a dead letter with the database's error text.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_refused_until_the_last_tier_is_dead_lettered_with_the_error() {
    let mut world = World::new(10);
    world.place_orders("T", 2);
    world.sql(
        "CREATE TRIGGER shop_says_no BEFORE UPDATE ON user_order FOR EACH ROW \
         BEGIN IF NEW.id = 'T000001' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF; END",
    );
    world.send(world.payment("T000001")).await;
    // It has passed all tiers already.
    to_its_last_attempt(&world).await;
    let _worker = world.worker();
    world.send(world.payment("T000002")).await;
    world.expect("T000002", |order| order["is_send_goods"] == true);
    until("it is dead", || !world.dead_letters().is_empty());
    assert_eq!(world.dead_letters(), [("T000001".to_owned(), "database_refuses".to_owned())]);
    assert_eq!(world.count("notification WHERE error LIKE '%not this one%'"), 1);
}

/// A database that refuses this message and every other write is out of order: the message is not at fault.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_refuses_every_write_no_message_is_at_fault() {
    let mut world = World::new(10);
    world.place_orders("T", 1);
    for (trigger, event) in
        [("orders_say_no", "UPDATE ON user_order"), ("probe_says_no", "INSERT ON redelivery")]
    {
        world.sql(&format!(
            "CREATE TRIGGER {trigger} BEFORE {event} FOR EACH ROW \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no writes'"
        ));
    }
    world.send(world.payment("T000001")).await;
    // It would be a dead letter at once.
    to_its_last_attempt(&world).await;
    let worker = world.worker();
    worker.wait_for_log("the batch could not be finished and is tried again");
    assert_eq!(world.dead_letters(), []);
    world.sql("DROP TRIGGER orders_say_no");
    world.sql("DROP TRIGGER probe_says_no");
    let order = world.expect("T000001", |order| order["is_send_goods"] == true);
    assert_eq!(order["story"][0]["outcome"], "applied");
    assert_eq!(world.dead_letters(), []);
}

/// The message that waits, as if it had come through all retry tiers.
#[expect(clippy::disallowed_methods, reason = "what others may publish")]
async fn to_its_last_attempt(world: &World) {
    let connection = lapin::Connection::connect(&world.sandbox.amqp_url, Default::default())
        .await
        .expect("a connection");
    let channel = connection.create_channel().await.expect("a channel");
    let got = channel.basic_get("alipay.notify.0".into(), Default::default()).await;
    let message = got.expect("an answer").expect("a message").delivery;
    let mut headers = message.properties.headers().clone().unwrap_or_default();
    let passed = i64::try_from(queue::topology::RetryTier::ALL.len()).expect("a number");
    headers.insert("x-attempt".into(), lapin::types::AMQPValue::LongLongInt(passed));
    let properties = message.properties.clone().with_headers(headers);
    channel
        .basic_publish(
            "alipay.notify".into(),
            "0".into(),
            Default::default(),
            &message.data,
            properties,
        )
        .await
        .expect("published");
    message.ack(Default::default()).await.expect("acknowledged");
    connection.close(200, "OK".into()).await.expect("closed");
}

/// A publisher can choose any message id; tables hold ids of 64 bytes.
#[tokio::test(flavor = "multi_thread")]
async fn messages_without_id_or_with_a_long_one_are_processed() {
    let mut world = World::new(3);
    let _worker = world.worker();
    world.place_orders("L", 3);
    let message = |order: &str, id: &str| {
        let form = alipay::ascii_form(&signed(&world.payment(order), |_| {}));
        let envelope =
            Envelope::new("shop", MessageKind::TradeStatus, Charset::Utf8, Utc::now(), form);
        Message::notify(&envelope, id, None, ShardCount::ONE)
    };
    let (long, multibyte) = ("x".repeat(255), "单".repeat(40));
    let messages = vec![
        message("L000001", &long),
        message("L000002", &multibyte),
        message("L000003", ""),
        message("L999999", &"y".repeat(200)),
    ];
    world.publish(messages).await;
    for order in ["L000001", "L000002", "L000003"] {
        world.expect(order, |order| order["is_send_goods"] == true);
    }
    assert_eq!(world.count("notification WHERE LENGTH(message_id) <> 64"), 0);
    assert_eq!(world.dead_letters(), []);
}
