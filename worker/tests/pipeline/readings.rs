//! Forms whose signature is right and that are not believed by themselves, where no gateway can be asked.

use alipay::{Form, Md5Key, Rule, Signer};
use chrono::{TimeDelta, Utc};
use serde_json::json;
use simulator::AlipayTrade;
use testkit::until;

use crate::bad_input::signed;
use crate::world::{TOTAL, World};

/// The order's open review for this reason, once it is there: its number and its evidence.
fn review(world: &World, order: &str, reason: &str) -> (String, String) {
    world.expect(order, |order| order["needs_review"] == true);
    let reviews = world.pipeline.json(&["review", "list"]).expect("ops review list");
    let of_order =
        |review: &&serde_json::Value| review["order_id"] == order && review["reason"] == reason;
    let review = reviews.as_array().expect("an array").iter().find(of_order);
    let review = review.unwrap_or_else(|| panic!("no {reason} of {order} in {reviews}"));
    (review["id"].to_string(), review["evidence"].as_str().expect("evidence").to_owned())
}

/// The Open Platform's word that the buyer has not paid yet, with a subject that the buyer chose.
fn waits(world: &World, order: &str, subject: &str) -> Form {
    let mut trade = AlipayTrade::open(&world.app, order, TOTAL, Utc::now());
    let paid = trade.pay(Utc::now()).expect("a payment");
    let mut form: Form = paid.parameters().collect();
    for parameter in ["gmt_payment", "buyer_pay_amount", "invoice_amount", "receipt_amount"] {
        form.remove(parameter);
    }
    form.set("trade_status", "WAIT_BUYER_PAY");
    form.set("subject", subject);
    form.set("notify_time", alipay::format_beijing(Utc::now()));
    form.set("notify_id", "2026112900222");
    let key = Signer::Md5(Md5Key::new("only0for0tests0too"));
    key.sign_form(&mut form, Rule::Notification).expect("signed");
    form
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ambiguous_form_delivers_nothing_and_opens_a_review() {
    let mut world = World::new(3);
    let _worker = world.worker();
    world.place_orders("R", 2);
    world.sql("UPDATE user_order SET merchant = 'app' WHERE id = 'R000001'");
    let subject = "Top-up&total_amount=10.00&trade_no=77&trade_status=TRADE_SUCCESS&u=";
    let genuine = waits(&world, "R000001", subject);
    world.send_body("app", genuine.encode().into_bytes()).await;
    let (_, evidence) = review(&world, "R000001", "ambiguous_form");
    assert_eq!(evidence.as_bytes(), genuine.get("trade_no").expect("a trade"));
    // A person must decide, so it is no gap.
    world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");

    // The same text, and the same signature.
    let mut cut = genuine.clone();
    cut.set("subject", "Top-up");
    cut.set("total_amount", "10.00");
    cut.set("trade_no", "77");
    cut.set("trade_status", "TRADE_SUCCESS");
    let number = String::from_utf8_lossy(genuine.get("trade_no").expect("a trade")).into_owned();
    cut.set("u", format!("&total_amount=10.00&trade_no={number}&trade_status=WAIT_BUYER_PAY"));
    let text = |form: &Form| alipay::canonical(form, Rule::Notification, &[]);
    assert_eq!(String::from_utf8_lossy(&text(&cut)), String::from_utf8_lossy(&text(&genuine)));
    world.send_body("app", cut.encode().into_bytes()).await;
    world.wait_for_count("review WHERE order_id = 'R000001' AND evidence = '77'", 1);
    assert_eq!(world.count("trade"), 0);
    assert_eq!(world.count("user_order WHERE status <> 0"), 0);
    assert_eq!(world.dead_letters(), []);

    // Each has its own row and history, although both have the same notify_id.
    assert_eq!(world.count("notification WHERE reason = 'ambiguous_form' AND seen = 1"), 2);

    // A person has looked at Alipay's page: one is paid, the other is nothing.
    let decide = |id: &str, word: &str| {
        let arguments = ["review", "decide", id, word, "--note", "looked", "--by", "ann"];
        world.pipeline.ops(&arguments).expect("ops review decide");
    };
    let reviews = world.pipeline.json(&["review", "list"]).expect("ops review list");
    for review in reviews.as_array().expect("an array") {
        assert_eq!(review["possible"], json!(["paid", "noted"]));
        let word = if review["evidence"] == "77" { "noted" } else { "paid" };
        decide(&review["id"].to_string(), word);
    }
    let order = world.expect("R000001", |order| order["is_send_goods"] == true);
    assert_eq!((&order["status"], &order["needs_review"]), (&json!(8), &json!(false)));
    assert_eq!(order["trade_no"], evidence.as_str());

    // Ordinary texts are no reason for doubt.
    let body = signed(&world.payment("R000002"), |form| {
        form.set("extra_common_param", "a=1&b=2");
        form.set("subject", "Tom & Jerry");
    });
    world.send_body("shop", body).await;
    world.expect("R000002", |order| order["is_send_goods"] == true);
}

/// A stranger can choose the trade number: the trade may have paid for something else.
#[tokio::test(flavor = "multi_thread")]
async fn a_trade_that_paid_another_order_does_not_pay_this_one() {
    let mut world = World::new(3);
    let _worker = world.worker();
    world.place_orders("P", 2);
    let cheap = world.payment("P000001");
    let number = cheap.parameter("trade_no").expect("a trade").to_owned();
    world.send(cheap).await;
    world.expect("P000001", |order| order["is_send_goods"] == true);
    let doubted = world.payment("P000002").with("trade_no", number.clone());
    world.send(doubted.with("z", "1&trade_status=WAIT_BUYER_PAY")).await;
    let (id, evidence) = review(&world, "P000002", "ambiguous_form");
    assert_eq!(evidence, number);
    let arguments = ["review", "decide", &id, "paid", "--note", "it is paid", "--by", "ann"];
    let refused = world.pipeline.ops(&arguments).expect_err("refused").to_string();
    assert!(refused.contains("is that of order P000001"), "{refused}");
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 1);
    assert_eq!(world.count("trade WHERE order_id = 'P000002'"), 0);
}

/// A text that begins with `&`, or an unlisted parameter, is no refund.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_injected_by_a_buyer_takes_no_goods_back() {
    let mut world = World::new(3);
    let _worker = world.worker();
    world.place_orders("E", 3);
    let texts = ["receive_name", "realname", "promo_params"];
    for (number, text) in texts.into_iter().enumerate() {
        let order = format!("E{:06}", number + 1);
        let paid = world.payment(&order);
        world.send(paid.clone()).await;
        world.expect(&order, |order| order["is_send_goods"] == true);
        // Genuine: `{text}=&refund_status=…`; cut after the empty text.
        let cut = signed(&paid, |form| {
            form.set(text, if number == 0 { "" } else { "x" });
            form.set("refund_status", "REFUND_SUCCESS");
            form.set("refund_fee", "10.00");
            form.set("notify_id", format!("cut-{number}"));
        });
        world.send_body("shop", cut).await;
        review(&world, &order, "ambiguous_form");
    }
    assert_eq!(world.count("user_order WHERE status = 8 AND refunded_fee = 0"), 3);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_without_a_time_and_old_notifications_are_not_believed() {
    let mut world = World::new(5);
    let _worker = world.worker();
    world.place_orders("U", 4);
    let order = |number: usize| format!("U{number:06}");
    let beijing = |ago: TimeDelta| alipay::format_beijing(Utc::now() - ago);

    let undated = signed(&world.payment(&order(1)), |form| {
        form.remove("gmt_create");
        form.remove("gmt_payment");
    });
    let outdated = signed(&world.payment(&order(2)), |form| {
        form.set("notify_time", beijing(TimeDelta::hours(49)));
    });
    let contradiction = signed(&world.payment(&order(3)), |form| {
        form.set("trade_status", "WAIT_BUYER_PAY");
    });
    // The last repeat of a payment; and our own clock may be days behind.
    let late = signed(&world.payment(&order(4)), |form| {
        form.set("notify_time", beijing(TimeDelta::hours(47)));
    });
    for body in [undated, outdated, contradiction, late] {
        world.send_body("shop", body).await;
    }
    for (number, reason) in
        [(1, "undated_payment"), (2, "outdated_notification"), (3, "contradictory_notification")]
    {
        review(&world, &order(number), reason);
    }
    world.expect(&order(4), |order| order["is_send_goods"] == true);
    assert_eq!(world.count("stock_item WHERE state = 'delivered'"), 1);
    let told = world.pipeline.show(&order(1)).expect("ops order show");
    assert_eq!(told["story"][0]["reason"], "undated_payment", "{told}");

    let ahead = signed(&world.payment(&order(1)), |form| {
        form.set("notify_time", beijing(TimeDelta::days(-30)));
    });
    world.send_body("shop", ahead).await;
    world.expect(&order(1), |order| order["is_send_goods"] == true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_rejected_message_is_one_dead_letter() {
    let mut world = World::new(3);
    let _worker = world.worker();
    world.place_orders("L", 1);
    let wrong = signed(&world.payment("L000001"), |form| {
        form.set("total_fee", "0.01");
        form.set("notify_id", "70fec0c2730b27528665af4517c27b95");
    });
    for _ in 0..20 {
        world.send_body("shop", wrong.clone()).await;
    }
    let seen = |times: usize| {
        format!(
            "notification WHERE outcome = 'rejected' AND reason = 'total_mismatch' AND seen = {times}"
        )
    };
    world.wait_for_count(&seen(20), 1);
    assert_eq!(world.dead_letters().len(), 1);

    // A replayed letter that dies again is one letter again.
    world.pipeline.ops(&["dlq", "replay", "--all", "--no-wait"]).expect("ops dlq replay");
    world.wait_for_count(&seen(21), 1);
    until("it is dead again", || world.dead_letters().len() == 1);
    world.send_body("shop", wrong.clone()).await;
    world.wait_for_count(&seen(22), 1);
    assert_eq!(world.dead_letters().len(), 1);

    // Another text under the same id is another letter.
    let other = signed(&world.payment("L000001"), |form| {
        form.set("total_fee", "0.02");
        form.set("notify_id", "70fec0c2730b27528665af4517c27b95");
    });
    world.send_body("shop", other).await;
    world.wait_for_count(&seen(23), 1);
    assert_eq!(world.dead_letters().len(), 2);

    // After a discard it becomes a new letter.
    let letters = world.pipeline.json(&["dlq", "list"]).expect("ops dlq list");
    let id = letters[0]["id"].as_str().expect("an id").to_owned();
    let discard = ["dlq", "discard", &id, "--reason", "a test", "--by", "ann"];
    world.pipeline.ops(&discard).expect("ops dlq discard");
    assert_eq!(world.dead_letters().len(), 0, "both copies go together");
    for _ in 0..3 {
        world.send_body("shop", wrong.clone()).await;
    }
    world.wait_for_count(&seen(26), 1);
    assert_eq!(world.dead_letters().len(), 1);
}
