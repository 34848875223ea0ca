//! Lost notifications.

use crate::alipay_side::{AlipaySide, SILENT, UNPAID};

#[test]
fn a_lost_payment_heals() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[UNPAID]);
    for (merchant, order) in [("shop", "LOST-1"), ("app", "LOST-2")] {
        side.place(merchant, order, "CODE");
        side.pays(merchant, order, &["--drop"]);
    }
    // Nobody has paid this one, and Alipay knows nothing of the next.
    side.place("shop", "WAITS", "CODE");
    side.happens("wait", "shop", "WAITS", &["--total", "10.00", "--drop"]);
    side.place("app", "UNKNOWN", "CODE");
    for order in ["LOST-1", "LOST-2"] {
        side.world.expect(order, |order| order["status"] == 8 && order["is_send_goods"] == true);
        let given = format!("stock_item WHERE order_id = '{order}' AND state = 'delivered'");
        assert_eq!(side.world.count(&given), 1);
        let confirmed = format!(
            "trade WHERE order_id = '{order}' AND FIND_IN_SET('confirmed_paid', facts) \
             AND confirmed_at IS NOT NULL"
        );
        assert_eq!(side.world.count(&confirmed), 1);
        assert_eq!(side.answers(order), 1);
    }
    side.world.wait_for_count(
        "gateway_query WHERE order_id = 'UNKNOWN' AND answer = 'TRADE_NOT_EXIST' AND asked > 0",
        1,
    );
    side.world.wait_for_count(
        "gateway_query WHERE order_id = 'WAITS' AND answer = 'WAIT_BUYER_PAY' AND error IS NULL",
        1,
    );
    side.world.expect("WAITS", |order| order["trade_status"] == 1);
    // There is no result for a trade that does not exist.
    assert_eq!(side.answers("UNKNOWN"), 0);
    assert_eq!(side.world.count("user_order WHERE id IN ('UNKNOWN', 'WAITS') AND status <> 0"), 0);
    assert_eq!(side.world.dead_letters(), []);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
}

#[test]
fn a_lost_refund_takes_the_goods_back() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[SILENT]);
    for (merchant, order) in [("shop", "BACK-1"), ("app", "BACK-2")] {
        side.place(merchant, order, "CODE");
        side.pays(merchant, order, &[]);
        side.world.expect(order, |order| order["is_send_goods"] == true);
        side.happens("refund", merchant, order, &["--drop"]);
    }
    for order in ["BACK-1", "BACK-2"] {
        let shown = side.world.expect(order, |order| order["is_return_goods"] == true);
        assert_eq!(shown["status"], 105, "{shown:#}");
        assert_eq!(shown["is_finish"], true);
        assert_eq!(
            side.world.count(&format!("user_order WHERE id = '{order}' AND refunded_fee = 1000")),
            1
        );
    }
    // Finished, so it is not queried any more.
    testkit::until("the rows are gone", || side.world.count("gateway_query") == 0);
    assert_eq!(side.world.count("stock_item WHERE state = 'delivered'"), 0);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
}

#[tokio::test(flavor = "multi_thread")]
async fn doubtful_money_is_queried_at_once() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    // Neither unpaid nor silent for long enough: only the doubt causes the query.
    let _worker = side.worker(&address, &[]);
    for order in ["THERE", "GONE"] {
        side.place("shop", order, "CODE");
        side.pays("shop", order, &[]);
        side.world.expect(order, |order| order["is_send_goods"] == true);
    }
    side.happens("refund", "shop", "GONE", &["--drop"]);
    for order in ["THERE", "GONE"] {
        let trade_no = side.world.expect(order, |_| true)["trade_no"].clone();
        let trade_no = trade_no.as_str().expect("a trade").to_owned();
        let closed_at =
            alipay::format_beijing(chrono::SubsecRound::trunc_subsecs(chrono::Utc::now(), 0));
        let closed = side
            .world
            .payment(order)
            .with("trade_no", trade_no)
            .with("trade_status", "TRADE_CLOSED")
            .with("gmt_close", closed_at)
            .with("notify_id", format!("close-{order}"));
        side.world.send(closed).await;
    }
    let there = "user_order WHERE id = 'THERE' AND status = 8 AND NOT needs_review \
                 AND EXISTS (SELECT 1 FROM review WHERE order_id = 'THERE' AND state = 'settled')";
    side.world.wait_for_count(there, 1);
    assert_eq!(side.world.count("stock_item WHERE order_id = 'THERE' AND state = 'delivered'"), 1);
    side.world
        .wait_for_count("user_order WHERE id = 'GONE' AND status = 105 AND is_return_goods", 1);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
}

/// Most orders are paid before their query is due: their rows are postponed, and quickly.
#[test]
fn recently_updated_orders_delay_no_other() {
    let mut side = AlipaySide::new(1);
    let (_gateway, address) = side.gateway(&[]);
    side.world.place_orders("PAID", 10_000);
    side.world.sql("UPDATE user_order SET status = 8, updated_at = UTC_TIMESTAMP(6)");
    side.world.sql(
        "INSERT INTO gateway_query (order_id, merchant, why, due_at) \
         SELECT id, merchant, 'unpaid', UTC_TIMESTAMP(6) FROM user_order",
    );
    side.place("shop", "LOST-1", "CODE");
    side.pays("shop", "LOST-1", &["--drop"]);
    let _worker = side.worker(&address, &[UNPAID]);
    side.world.expect("LOST-1", |order| order["is_send_goods"] == true);
    side.world.wait_for_count(
        "gateway_query WHERE due_at > UTC_TIMESTAMP(6) + INTERVAL 1 HOUR AND asked = 0",
        10_000,
    );
}
