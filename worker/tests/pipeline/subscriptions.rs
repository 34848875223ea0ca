//! The end of a subscription, and a subscription without an account.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde_json::Value;
use simulator::AlipayTrade;
use testkit::until;

use crate::world::{TOTAL, World};

fn with_month(world: &World) {
    let month = ["--kind", "subscription", "--days", "30"];
    world.pipeline.add_product("VIP", "vip", &month).expect("a product");
}

fn place(world: &mut World, id: &str, account: &str) {
    world.sql(&format!(
        "INSERT INTO user_order (id, merchant, account, product_id, subject, total_fee) \
         VALUES ('{id}', 'shop', '{account}', 'VIP', 'a month', 1000)"
    ));
}

async fn pay(world: &mut World, id: &str, at: DateTime<Utc>) -> AlipayTrade {
    let mut trade = AlipayTrade::open(&world.shop, id, TOTAL, at);
    world.send(trade.pay(at).expect("a payment")).await;
    trade
}

/// As JSON tells times.
fn in_beijing(at: DateTime<Utc>) -> String {
    format!("{}+08:00", alipay::format_beijing(at).replace(' ', "T"))
}

fn ends_at(order: &Value) -> String {
    order["entitlement"]["account_until"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_starts_at_the_end_of_the_current_period() {
    let mut world = World::new(0);
    let _worker = world.worker();
    with_month(&world);
    let first = (Utc::now() - TimeDelta::hours(20)).trunc_subsecs(0);
    let until_after = |days: i64| {
        let end = first + TimeDelta::days(days);
        in_beijing(end)
    };
    for id in ["M1", "M2", "M3"] {
        place(&mut world, id, "li");
    }
    place(&mut world, "OTHER", "wang");
    let mut paid = Vec::new();
    for (number, id) in ["M1", "M2", "M3"].into_iter().enumerate() {
        // Hours apart: long before the month before ends. Alipay's times have whole seconds.
        let at = first + TimeDelta::hours(i64::try_from(number).unwrap_or(0));
        paid.push(pay(&mut world, id, at).await);
        world.expect(id, |order| order["fulfillment"]["state"] == "delivered");
    }
    let order = world.expect("M1", |order| order["status"] == 8);
    assert_eq!(ends_at(&order), until_after(90), "{order:#}");
    // The second month is refunded: the third begins where the first ends.
    let refund = paid[1].refund(TOTAL, None, Utc::now()).expect("a refund");
    world.send(refund.sync).await;
    world.expect("M2", |order| order["status"] == 105);
    assert_eq!(ends_at(&world.expect("M3", |order| order["status"] == 8)), until_after(60));
    // A month that was bought after the end begins when it is paid.
    world.sql(
        "UPDATE entitlement SET starts_at = starts_at - INTERVAL 40 DAY WHERE order_id = 'M1'",
    );
    let third = in_beijing(first + TimeDelta::hours(2) + TimeDelta::days(30));
    assert_eq!(ends_at(&world.expect("M3", |order| order["status"] == 8)), third);
    assert_eq!(world.count("entitlement_end WHERE account = 'li' AND product_id = 'VIP'"), 1);
    assert_eq!(world.count("entitlement_end WHERE account = 'wang'"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_without_account_waits() {
    let mut world = World::new(0);
    let _worker = world.worker();
    with_month(&world);
    for (id, account) in [("NOBODY", ""), ("BLANK", "  "), ("REFUNDED", "")] {
        place(&mut world, id, account);
        let mut trade = pay(&mut world, id, Utc::now()).await;
        world.expect(id, |order| {
            order["fulfillment"]["state"] == "awaiting_account"
                && order["reviews"][0]["reason"] == "no_account"
                && order["entitlement"] == Value::Null
        });
        if id == "REFUNDED" {
            let refund = trade.refund(TOTAL, None, Utc::now()).expect("a refund");
            world.send(refund.sync).await;
            world.expect(id, |order| {
                order["fulfillment"]["state"] == "cancelled" && order["needs_review"] == false
            });
        }
    }
    // By the operator, and by the shop.
    world.pipeline.ops(&["order", "account", "NOBODY", "li"]).expect("named");
    world.sql("UPDATE user_order SET account = 'wang' WHERE id IN ('BLANK', 'REFUNDED')");
    for (id, account) in [("NOBODY", "li"), ("BLANK", "wang")] {
        world.expect(id, |order| {
            order["fulfillment"]["state"] == "delivered"
                && order["entitlement"]["account"] == account
                && order["needs_review"] == false
        });
    }
    until("two have it", || world.count("entitlement") == 2);
    // An account already has it and keeps it.
    let again = world.pipeline.ops(&["order", "account", "NOBODY", "zhao"]);
    assert!(again.is_err(), "{again:?}");
    assert_eq!(world.count("entitlement WHERE account = 'li'"), 1);
}
