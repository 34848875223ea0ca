//! `ops order undelivered`: one order for each reason, as the order's story and the audit see it, too.

use std::collections::BTreeMap;

use alipay::Protocol;
use diesel::connection::SimpleConnection as _;
use order::{Undelivered, VariantArray as _};
use serde_json::Value;
use testkit::clock::{beijing_in_form, minutes_ago};
use worker::batch::Outcome;

use crate::worker_at_hand::Shop;

fn hear(shop: &mut Shop, order: &str, status: &str, total: &str) -> Outcome {
    let paid_at = beijing_in_form(minutes_ago(5));
    let body = format!(
        "out_trade_no={order}&trade_no=T-{order}&total_amount={total}&trade_status={status}&gmt_payment={paid_at}"
    );
    shop.hear(Protocol::Openapi, &body)
}

/// An order for each reason, and two that are not listed.
fn shop() -> Shop {
    let mut shop = Shop::new();
    shop.ops.run("product add vip --name VIP --kind subscription --price 10 --days 30").done();
    shop.ops.run("product add hand --name Hand --kind manual --price 10").done();
    shop.ops.run("product add rare --name Rare --kind stock --price 10").done();
    shop.stock("CODE-1\nCODE-2\n");
    for (order, product, status) in [
        ("DELIVERED", "gift", "TRADE_SUCCESS"),
        ("UNPAID", "gift", "WAIT_BUYER_PAY"),
        ("PENDING", "rare", "TRADE_PENDING"),
        ("DOUBT", "rare", "TRADE_CLOSED"),
        ("LATE", "rare", "TRADE_SUCCESS"),
        ("CONFIRM", "rare", "TRADE_SUCCESS"),
        ("STOCK", "rare", "TRADE_SUCCESS"),
        ("HAND", "hand", "TRADE_SUCCESS"),
        ("ACCOUNT", "vip", "TRADE_SUCCESS"),
        ("PROGRESS", "rare", "TRADE_SUCCESS"),
    ] {
        shop.ops.run(&format!("order create {order} --merchant shop --product {product}")).done();
        assert_eq!(hear(&mut shop, order, status, "10.00"), Outcome::Done, "{order}");
    }
    shop.ops.run("order create MISMATCH --merchant shop --product rare").done();
    let rejected = hear(&mut shop, "MISMATCH", "TRADE_SUCCESS", "0.01");
    assert!(matches!(rejected, Outcome::Rejected(_)), "{rejected:?}");
    // What the merchant's configuration, a lane, and a worker that died would have left.
    let rows = "UPDATE trade SET facts = 'paid,paid_late' WHERE order_id = 'LATE'; \
        UPDATE trade SET facts = 'paid,to_be_confirmed' WHERE order_id = 'CONFIRM'; \
        DELETE FROM fulfillment WHERE order_id = 'CONFIRM' OR order_id = 'LATE' OR order_id = 'PROGRESS'; \
        INSERT INTO dead_letter (message_id, merchant, order_id, kind, reason, is_recorded) \
            SELECT message_id, merchant, order_id, kind, reason, TRUE FROM notification WHERE order_id = 'MISMATCH'; \
        INSERT INTO retry_copy (message_id, attempt, tier, merchant, order_id, first_seen, due_at) VALUES \
            ('a', 1, 'alipay.retry.5s', 'shop', 'NOT-YET', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 DAY); \
        INSERT INTO paused_message (pause_id, message_id, body_digest, body, kind, merchant, order_id, attempt, was_dead, \
            first_seen) VALUES (1, 'b', 'b', 'x', 'trade_status', 'shop', 'UNPAID', 0, FALSE, UTC_TIMESTAMP(6))";
    shop.connection.batch_execute(rows).unwrap();
    // The first pause: the message waits for it.
    shop.ops.run("pause product gift --reason recount --for 1h --by ada").done();
    shop
}

/// Kind and owner of each order that is listed.
fn listed(shop: &Shop) -> BTreeMap<String, (String, String)> {
    let orders = shop.ops.json("order undelivered");
    let text = |order: &Value, name: &str| order[name].as_str().unwrap().to_owned();
    let line = |order: &Value| {
        assert!((0..3600).contains(&order["age_seconds"].as_i64().unwrap()), "{order}");
        (text(order, "order"), (text(order, "kind"), text(order, "owner")))
    };
    orders.as_array().unwrap().iter().map(line).collect()
}

#[test]
fn every_paid_order_without_its_goods_is_listed_with_who_acts_next() {
    let mut shop = shop();
    // No program writes such a row.
    let broken = "UPDATE user_order SET status = 8, trade_status = 99 WHERE id = 'BROKEN'";
    shop.ops.run("order create BROKEN --merchant shop --product rare").done();
    shop.connection.batch_execute(broken).unwrap();
    let expected = [
        ("BROKEN", "inconsistent", "audit"),
        ("PENDING", "payment_pending", "shop"),
        ("DOUBT", "payment_in_doubt", "review"),
        ("LATE", "paid_late", "worker"),
        ("CONFIRM", "awaiting_confirmation", "alipay"),
        ("STOCK", "awaiting_stock", "stock"),
        ("HAND", "awaiting_manual", "review"),
        ("ACCOUNT", "awaiting_account", "shop"),
        ("PROGRESS", "in_progress", "worker"),
        ("MISMATCH", "dead_letter", "dead_letters"),
        ("NOT-YET", "retrying", "worker"),
        ("UNPAID", "paused", "pause"),
    ];
    let expected: BTreeMap<_, _> = expected
        .map(|(order, kind, owner)| (order.to_owned(), (kind.to_owned(), owner.to_owned())))
        .into();
    let found = listed(&shop);
    assert_eq!(found, expected);
    let kinds: Vec<&str> = found.values().map(|(kind, _)| kind.as_str()).collect();
    for kind in Undelivered::VARIANTS {
        assert!(kinds.contains(&kind.as_str()), "{kind} is in no test");
    }

    // The story of each says that it is not delivered, or that a message was not applied.
    for order in found.keys().filter(|order| !["NOT-YET", "BROKEN"].contains(&order.as_str())) {
        let story = shop.ops.run(&format!("order show {order}")).done().stdout;
        assert!(story.contains("not delivered: "), "{order}: {story}");
        assert!(!story.contains("nothing to do"), "{order}: {story}");
    }
    shop.ops.run("order show NOT-YET").ended(1, "1 message waits for it");
    let story = shop.ops.run("order show DELIVERED").done().stdout;
    assert!(story.contains("nothing to do"), "{story}");

    let text = shop.ops.run("order undelivered").done().stdout;
    assert!(text.contains("rejected as total_mismatch"), "{text}");
    assert_eq!(shop.ops.json("order undelivered --skip 8").as_array().unwrap().len(), 4);
}

/// What the list says of an order: who acts next, and why.
fn line(shop: &Shop, order: &str) -> (String, String) {
    let orders = shop.ops.json("order undelivered");
    let line = orders.as_array().unwrap().iter().find(|line| line["order"] == order).unwrap();
    let text = |name: &str| line[name].as_str().unwrap().to_owned();
    (text("owner"), text("what"))
}

#[test]
fn what_a_pause_holds_is_listed_with_who_paused_it_until_it_is_over() {
    let shop = shop();
    let (owner, what) = line(&shop, "UNPAID");
    assert_eq!(owner, "pause");
    assert!(what.contains("product gift is paused until ") && what.contains(" by ada"), "{what}");
    shop.ops.run("pause product rare --reason recount --for 1h --by bob").done();
    let (owner, what) = line(&shop, "STOCK");
    assert_eq!(owner, "pause");
    assert!(what.starts_with("out of stock, and product rare is paused until "), "{what}");
    let codes = ["stock", "import", "rare", "--file", "-"];
    shop.ops.run_with(&codes, b"RARE-1\n").done();
    let (owner, what) = line(&shop, "STOCK");
    assert_eq!(owner, "pause");
    assert!(what.starts_with("there is stock by now, and product rare is paused"), "{what}");
    assert_eq!(line(&shop, "PROGRESS").0, "pause");
    // What a person does about a pause changes nothing for these.
    assert_eq!(line(&shop, "HAND").0, "review");
    assert_eq!(line(&shop, "MISMATCH").0, "dead_letters");
    shop.ops.run("resume product rare --by bob").done();
    shop.ops.run("resume product gift --by ada").done();
    assert_eq!(line(&shop, "STOCK").0, "worker");
    let (owner, what) = line(&shop, "UNPAID");
    assert_eq!(owner, "worker");
    assert!(what.contains("which is over"), "{what}");
}

#[test]
fn stock_is_enough_when_every_order_that_waits_can_have_its_units() {
    let mut shop = shop();
    shop.ops.run("order create STOCK-2 --merchant shop --product rare").done();
    assert_eq!(hear(&mut shop, "STOCK-2", "TRADE_SUCCESS", "10.00"), Outcome::Done);
    let import = |code: &str| {
        shop.ops.run_with(&["stock", "import", "rare", "--file", "-"], code.as_bytes()).done();
    };
    import("RARE-1\n");
    for order in ["STOCK", "STOCK-2"] {
        assert_eq!(line(&shop, order).0, "stock", "{order}");
    }
    import("RARE-2\n");
    for order in ["STOCK", "STOCK-2"] {
        assert_eq!(line(&shop, order).0, "worker", "{order}");
    }
}

#[test]
fn a_copy_that_is_overdue_and_a_letter_are_for_a_person() {
    let mut shop = shop();
    let rows = "UPDATE retry_copy SET due_at = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR; \
        INSERT INTO dead_letter (message_id, merchant, order_id, kind, reason, is_recorded) VALUES \
            ('c', 'shop', 'PENDING', 'trade_status', 'total_mismatch', TRUE), \
            ('d', 'shop', 'CONFIRM', 'trade_status', 'total_mismatch', TRUE), \
            ('e', 'shop', 'DOUBT', 'trade_status', 'total_mismatch', TRUE), \
            ('f', 'shop', 'STOCK', 'trade_status', 'total_mismatch', TRUE)";
    assert_eq!(line(&shop, "NOT-YET").0, "worker");
    shop.connection.batch_execute(rows).unwrap();
    let (owner, what) = line(&shop, "NOT-YET");
    assert_eq!(owner, "retries");
    assert!(what.contains("`ops retries list`"), "{what}");
    for order in ["PENDING", "CONFIRM", "DOUBT"] {
        assert_eq!(line(&shop, order).0, "dead_letters", "{order}");
    }
    // It is paid here: its letter is about something else.
    assert_eq!(line(&shop, "STOCK").0, "stock");
}

#[test]
fn the_audit_sees_the_same_orders() {
    let mut shop = shop();
    let audit = shop.ops.run("audit --grace 0s --output json").ended(1, "").json();
    let lines = |name: &str| audit[name].as_array().unwrap().clone();
    let of = |order: &str, name: &str| -> Vec<String> {
        let lines = lines(name).into_iter().filter(|line| line["order"] == order);
        lines.map(|line| line["kind"].as_str().unwrap().to_owned()).collect()
    };
    let found = listed(&shop);
    for order in ["STOCK", "CONFIRM"] {
        assert!(of(order, "waiting").contains(&found[order].0), "{order}: {audit}");
    }
    // These have a review, which says more.
    assert_eq!(of("HAND", "waiting"), ["deliver_by_hand"]);
    assert_eq!(of("ACCOUNT", "waiting"), ["no_account"]);
    assert_eq!(of("DOUBT", "waiting"), ["closed_after_payment"]);
    assert!(of("PROGRESS", "gaps").contains(&"not_delivered".to_owned()), "{audit}");
    assert!(of("DELIVERED", "waiting").is_empty() && of("DELIVERED", "gaps").is_empty());

    // With stock it is a worker's turn, and then it is delivered.
    let codes = ["stock", "import", "rare", "--file", "-"];
    shop.ops.run_with(&codes, b"RARE-1\n").done();
    assert_eq!(listed(&shop)["STOCK"].1, "worker");
    shop.settle("STOCK");
    assert!(!listed(&shop).contains_key("STOCK"));
}
