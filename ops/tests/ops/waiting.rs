//! What an order waits for: messages in a retry tier, stock, dead letters.

use diesel::connection::SimpleConnection as _;
use serde_json::{Value, json};
use testkit::Sandbox;

use crate::dead_letters::{bury, letter};
use crate::program::Ops;
use crate::worker_at_hand::Shop;

const HASH: &str = "96d9659f42984a70ad20dd1473db12b4766d8fbe9fbb58f483380275d20146be";

fn copy(order: &str, attempt: i32, tier: &str, due: &str) -> String {
    format!(
        "INSERT INTO retry_copy (message_id, attempt, tier, merchant, order_id, first_seen, due_at) VALUES \
         ('{HASH}', {attempt}, '{tier}', 'shop', '{order}', UTC_TIMESTAMP(6) - INTERVAL 5 MINUTE, \
         UTC_TIMESTAMP(6) + INTERVAL {due})"
    )
}

#[test]
fn an_order_shows_its_messages_in_retry_tiers() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    ops.run("order create A-1 --merchant shop --product gift").done();
    assert_eq!(ops.json("order show A-1")["retries"], json!([]));
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let mut sql = |text: &str| connection.batch_execute(text).unwrap();
    sql(&copy("A-1", 2, "alipay.retry.30s", "30 SECOND"));
    sql(&copy("A-2", 4, "alipay.retry.10m", "9 MINUTE"));
    sql(&copy("A-2", 3, "alipay.retry.2m", "-1 HOUR"));

    let shown = ops.json("order show A-1");
    assert_eq!(shown["retries"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&shown["retries"][0]["tier"], &shown["retries"][0]["attempt"]),
        (&json!("alipay.retry.30s"), &json!(2))
    );
    let text = ops.run("order show A-1").done().stdout;
    assert!(
        text.contains("waits in alipay.retry.30s until 20") && text.contains("for retry 2"),
        "{text}"
    );

    // For an order that does not exist.
    let missing = ops
        .run("order show A-2")
        .ended(1, "there is no order A-2; 2 messages wait for it in retry tiers");
    assert!(missing.stderr.contains("waits in alipay.retry.10m until 20"), "{}", missing.stderr);
    assert!(missing.stderr.contains("should be back from alipay.retry.2m"), "{}", missing.stderr);
    assert_eq!(missing.stdout, "");
    let missing = ops.run("order show A-2 --output json").ended(1, "there is no order A-2").json();
    assert_eq!(
        (&missing["id"], &missing["exists"], missing["retries"].as_array().unwrap().len()),
        (&json!("A-2"), &json!(false), 2)
    );
    let nothing = ops.run("order show A-3 --output json").ended(1, "there is no order A-3").json();
    assert_eq!((&nothing["retries"], &nothing["story"]), (&json!([]), &json!([])));

    // Messages that are not due yet cause no alarm, and can be listed.
    let waits =
        |arguments: &str| ops.json(&format!("retries list {arguments}")).as_array().unwrap().len();
    assert_eq!((waits("--all"), waits("--order A-2"), waits("--order A-9")), (3, 2, 0));
    let overdue = ops.run("retries list --output json").ended(1, "1 message is overdue").json();
    assert_eq!(overdue[0]["tier"], "alipay.retry.2m");
}

#[test]
fn the_dead_letters_of_an_unknown_order_are_named() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    ops.run("order create A-1 --merchant shop --product gift").done();
    let mut other = letter("y", 2);
    other.headers.order = Some("A-2".into());
    bury(&ops, &sandbox, vec![letter("x", 1), other]);
    let letters = ops.json("dlq list");
    let exist: Vec<&Value> =
        letters.as_array().unwrap().iter().map(|it| &it["order_exists"]).collect();
    assert_eq!(exist, [&json!(true), &json!(false)]);
    let text = ops.run("dlq list").done().stdout;
    assert!(text.contains("A-2 (no such order)") && !text.contains("A-1 (no such"), "{text}");

    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let rejected = "INSERT INTO notification (merchant, kind, message_id, order_id, charset, form, outcome, reason, \
                    error, facts_added, attempts, received_at) VALUES ('shop', 'trade_status', 'y', 'A-2', 'UTF-8', \
                    'a=b', 'rejected', 'order_not_found', 'no order', '', 5, UTC_TIMESTAMP(6))";
    connection.batch_execute(rejected).unwrap();
    let missing = ops
        .run("order show A-2")
        .ended(1, "the last as order_not_found: `ops dlq list --order A-2`");
    assert!(missing.stderr.contains("1 message was rejected that named it"), "{}", missing.stderr);
    let json = ops.run("order show A-2 --output json").ended(1, "").json();
    assert_eq!(json["story"][0]["reason"], "order_not_found");
}

#[test]
fn waiting_goods_are_listed_with_their_waiting_time() {
    let mut shop = Shop::new();
    for id in ["A-1", "A-2", "A-3"] {
        shop.ops.run(&format!("order create {id} --merchant shop --product gift")).done();
    }
    shop.stock("C-1\n");
    for (id, trade) in [("A-1", "T1"), ("A-2", "T2")] {
        let body = format!(
            "notify_type=trade_status_sync&out_trade_no={id}&trade_no={trade}&trade_status=TRADE_SUCCESS\
             &total_fee=10.00&seller_id=2088000000000001"
        );
        shop.hear(alipay::Protocol::Mapi, &body);
    }
    let listed = |state: &str| {
        let orders = shop.ops.json(&format!("order list --goods {state}"));
        let ids: Vec<String> = orders
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["id"].as_str().unwrap().to_owned())
            .collect();
        ids.join(" ")
    };
    for (state, ids) in [
        ("awaiting_stock", "A-2"),
        ("delivered", "A-1"),
        ("awaiting_manual", ""),
        ("returned", ""),
        ("cancelled", ""),
    ] {
        assert_eq!(listed(state), ids, "{state}");
    }
    let orders = shop.ops.json("order list --goods awaiting_stock");
    assert_eq!(orders[0]["goods_state"], "awaiting_stock");
    assert!(orders[0]["goods_waiting_since"].as_str().unwrap().starts_with("20"), "{orders}");
    let text = shop.ops.run("order list").done().stdout;
    let line = |id: &str| text.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    assert!(line("A-2").contains("waits for stock since 20"), "{text}");
    assert!(line("A-1").contains("delivered") && !line("A-3").contains("wait"), "{text}");
    shop.ops
        .run("order list --goods waiting")
        .ended(2, "possible values: delivered, awaiting_stock");
}
