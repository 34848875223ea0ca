//! Late payments, as an operator sees them.

use serde_json::json;
use store::Pool;

use crate::world::World;

#[test]
fn a_late_payment_being_refunded_cannot_be_accepted_by_ops() {
    let mut world = World::new();
    world.set("ALIPAY__MERCHANTS__APP__LATE_PAYMENT", "refund");
    // No worker refunds yet.
    world.set("ALIPAY__WORKER__QUERIES", "false");
    let worker = world.worker();
    world.order("B-1", "app");
    let mut connection = Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    let over = "UPDATE user_order SET created_at = created_at - INTERVAL 2 HOUR, expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR";
    diesel::connection::SimpleConnection::batch_execute(&mut *connection, over).unwrap();
    world.buyer("pay", "B-1", "app");
    world.run("query B-1 --apply").ended(0, "");
    world.until("B-1", |order| order["needs_review"] == true);

    let asked = world.json("refund-requests --state asked");
    assert_eq!(asked.as_array().unwrap().len(), 1, "{asked}");
    let row = &asked[0];
    assert_eq!(
        (&row["order_id"], &row["amount"], &row["asked_by"], &row["merchant"]),
        (&json!("B-1"), &json!(1000), &json!("worker"), &json!("app"))
    );
    let table = world.run("refund-requests --order B-1 --merchant app").ended(0, "").stdout;
    assert!(table.contains("paid after the order had expired"), "{table}");
    for other in ["--state refused", "--order B-2", "--merchant shop"] {
        assert_eq!(world.json(&format!("refund-requests {other}")), json!([]), "{other}");
    }
    world
        .run("refund-requests --state open")
        .ended(2, "possible values: asked, unknown, accepted, refused");

    let shown = world.run("order show B-1").ended(0, "").stdout;
    for line in [
        ", late\n",
        "its time to be paid ended",
        "refund of 10.00 yuan asked for by worker: paid after the order had expired",
        "not delivered: paid after the order's time limit, and such payments are refunded",
        "not refunded: 10.00 yuan, asked for by worker as late",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let redacted = world.run("order show B-1 --redact").ended(0, "").stdout;
    assert!(!redacted.contains("had expired"), "{redacted}");

    let review = world.json("review list");
    assert_eq!(review[0]["reason"], "late_payment");
    assert_eq!(review[0]["possible"], json!(["refunded", "accepted"]));
    let number = review[0]["id"].as_i64().unwrap();
    let accept = format!("review decide {number} accepted --note friendly");
    world.run(&accept).ended(1, "is being refunded");
    world.run("refund B-1 --all --reason late").ended(1, "nothing of order B-1 is left to refund");

    drop(worker);
    world.set("ALIPAY__WORKER__QUERIES", "true");
    let _worker = world.worker();
    world.until("B-1", |order| order["status"] == 105 && order["needs_review"] == false);
    assert_eq!(world.refunds("B-1", "app"), [1000]);
    let shown = world.run("order show B-1").ended(0, "").stdout;
    assert!(shown.contains("the gateway answered that a refund was made for trade"), "{shown}");
    let line = &world.json("order show B-1")["refunds"][0];
    assert_eq!((&line["amount"], &line["running_total"]), (&json!(1000), &json!(1000)));
    world.run(&accept).ended(1, "is settled already");
    world.run("audit --grace 0s").ended(0, "");
}

#[test]
fn a_late_payment_that_alipay_refuses_to_refund_can_be_accepted() {
    let mut world = World::new();
    world.set("ALIPAY__MERCHANTS__APP__LATE_PAYMENT", "refund");
    world.set("ALIPAY__WORKER__QUERIES", "false");
    let _worker = world.worker();
    world.order("B-1", "app");
    let mut connection = Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    let mut sql = |text: &str| {
        diesel::connection::SimpleConnection::batch_execute(&mut *connection, text).unwrap();
    };
    sql(
        "UPDATE user_order SET created_at = created_at - INTERVAL 2 HOUR, expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR",
    );
    world.buyer("pay", "B-1", "app");
    world.run("query B-1 --apply").ended(0, "");
    world.until("B-1", |order| order["needs_review"] == true);
    sql("UPDATE refund_request SET state = 'refused', error = 'refused: no', due_at = NULL");
    let number = world.json("review list")[0]["id"].as_i64().unwrap();
    let shown = world.run(&format!("review show {number}")).ended(0, "").stdout;
    assert!(shown.contains("accepted --note"), "{shown}");
    world.run(&format!("review decide {number} accepted --note friendly")).ended(0, "");
    let order = world.json("order show B-1");
    assert_eq!(
        (&order["status"], &order["fulfillment"]["state"]),
        (&json!(8), &json!("awaiting_manual"))
    );
    // It is now a normal payment and can be refunded.
    world.run("refund B-1 --amount 1 --reason kind").ended(0, "");
    world.until("B-1", |order| order["refunded_fee"] == 100);
}
