//! Paid here but not at Alipay: somebody has the key that signs notifications.

use serde_json::json;
use testkit::until;

use crate::alipay_side::{AlipaySide, SILENT};

/// The test does not wait for the pause before the second query.
fn hurry(side: &mut AlipaySide, order: &str) {
    side.world.sql(&format!(
        "UPDATE gateway_query SET due_at = UTC_TIMESTAMP(6) WHERE order_id = '{order}' AND why = 'not_at_alipay'"
    ));
}

/// The payment was made more than a minute before anybody asks.
fn paid_long_ago(side: &mut AlipaySide, order: &str) {
    for (table, column, key) in
        [("trade", "gmt_payment", "order_id"), ("user_order", "paid_dtime", "id")]
    {
        side.world.sql(&format!(
            "UPDATE {table} SET {column} = {column} - INTERVAL 5 MINUTE WHERE {key} = '{order}'"
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_unknown_to_alipay_are_reviewed_after_a_second_query() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[SILENT]);
    side.world.place_orders("F", 1);
    side.place("shop", "TRUE", "CODE");
    side.world.send(side.world.payment("F000001")).await;
    side.pays("shop", "TRUE", &[]);
    for order in ["F000001", "TRUE"] {
        side.world.expect(order, |order| order["is_send_goods"] == true);
        paid_long_ago(&mut side, order);
    }
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("nobody has asked yet");
    side.world.wait_for_count(
        "gateway_query WHERE order_id = 'F000001' AND why = 'not_at_alipay' AND answer = 'TRADE_NOT_EXIST'",
        1,
    );
    assert_eq!(side.world.count("review"), 0, "asked once");
    hurry(&mut side, "F000001");
    let order = side.world.expect("F000001", |order| order["needs_review"] == true);
    assert_eq!(order["status"], json!(8), "{order}");
    let case = "review WHERE order_id = 'F000001' AND reason = 'not_at_alipay' AND state = 'open'";
    assert_eq!(side.world.count(&format!("{case} AND evidence = 'TRADE_NOT_EXIST'")), 1);
    let audit = side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect_err("a gap");
    assert!(audit.to_string().contains("1"), "{audit}");
    // A trade that Alipay knows is fine.
    side.world
        .wait_for_count("gateway_query WHERE order_id = 'TRUE' AND answer = 'TRADE_SUCCESS'", 1);
    assert_eq!(side.world.count("review WHERE order_id = 'TRUE'"), 0);

    let id = side.text("SELECT CAST(id AS CHAR) AS text FROM review");
    let decide = ["review", "decide", &id, "noted", "--by", "op", "--note", "forged"];
    side.world.pipeline.ops(&decide).expect("decided");
    until("decided", || side.world.count("review WHERE state = 'decided'") == 1);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a person has seen it");
}

/// The second answer differs: the gateway was lagging.
#[tokio::test(flavor = "multi_thread")]
async fn a_lagging_gateway_confirms_later() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[SILENT]);
    side.place("shop", "BEHIND", "CODE");
    side.pays("shop", "BEHIND", &[]);
    // What the gateway's server knows.
    let [trades, hidden] =
        [side.world.pipeline.trades_file(), side.world.pipeline.file("hidden.json")];
    std::fs::rename(&trades, &hidden).expect("renamed");
    side.world.expect("BEHIND", |order| order["is_send_goods"] == true);
    paid_long_ago(&mut side, "BEHIND");
    side.world
        .wait_for_count("gateway_query WHERE order_id = 'BEHIND' AND why = 'not_at_alipay'", 1);
    std::fs::rename(&hidden, &trades).expect("renamed");
    hurry(&mut side, "BEHIND");
    let found = "gateway_query WHERE order_id = 'BEHIND' AND answer = 'TRADE_SUCCESS'";
    side.world.wait_for_count(found, 1);
    assert_eq!(side.world.count("review"), 0);
}
