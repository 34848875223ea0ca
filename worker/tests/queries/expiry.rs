//! Orders that nobody pays in time: closed at Alipay first, and then here.

use std::os::unix::process::ExitStatusExt;

use testkit::{FaultProxy, until};

use crate::alipay_side::AlipaySide;
use crate::troubles::{in_front_of, through};

impl AlipaySide {
    /// From now on the order is to be closed.
    pub(crate) fn time_is_over(&mut self, order: &str) {
        self.world.sql(&format!(
            "UPDATE user_order SET expires_at = UTC_TIMESTAMP(6) WHERE id = '{order}'"
        ));
    }

    /// How often an event was written for an order.
    pub(crate) fn events(&mut self, order: &str, event: &str) -> i64 {
        self.world.count(&format!("outbox WHERE order_id = '{order}' AND event = '{event}'"))
    }

    /// A trade that waits for its buyer, without a notification.
    pub(crate) fn waits(&self, merchant: &str, order: &str) {
        self.happens("wait", merchant, order, &["--total", "10.00", "--drop"]);
    }

    fn audit(&self) {
        self.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
    }
}

/// The buyer opens the page and leaves. An order without a limit, or with time left, is not touched.
#[test]
fn waiting_trades_are_closed_at_alipay_first() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    for (merchant, order) in
        [("shop", "OVER-1"), ("app", "OVER-2"), ("shop", "NEVER"), ("app", "LATER")]
    {
        side.place(merchant, order, "CODE");
        side.waits(merchant, order);
    }
    side.world.sql(
        "UPDATE user_order SET expires_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR WHERE id = 'LATER'",
    );
    for order in ["OVER-1", "OVER-2"] {
        side.time_is_over(order);
    }
    let _worker = side.worker(&address, &[]);
    for order in ["OVER-1", "OVER-2"] {
        side.world.expect(order, |order| order["status"] == 32 && order["is_finish"] == true);
        // By the signed answer, since no notification of the close is sent here.
        assert_eq!(side.answers(order), 1);
        assert_eq!(side.events(order, "order.closed"), 1);
        assert_eq!(
            side.world.count(&format!("user_order WHERE id = '{order}' AND expired_at IS NULL")),
            1
        );
    }
    until("nobody asks again", || {
        side.world
            .count("gateway_query WHERE order_id LIKE 'OVER-%' AND due_at <= UTC_TIMESTAMP(6)")
            == 0
    });
    assert_eq!(side.world.count("gateway_query WHERE order_id NOT LIKE 'OVER-%'"), 0);
    assert_eq!(side.world.count("user_order WHERE id IN ('NEVER', 'LATER') AND status = 0"), 2);
    side.audit();
}

/// If nobody opened the payment page, Alipay knows no trade, and the page can still be opened: a trade that
/// appears later is closed at once, and a payment is handled.
#[tokio::test(flavor = "multi_thread")]
async fn orders_unknown_to_alipay_expire_and_a_later_payment_is_handled() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[]);
    for (merchant, order) in [("shop", "OPENED"), ("app", "PAID")] {
        side.place(merchant, order, "CODE");
        side.time_is_over(order);
    }
    for order in ["OPENED", "PAID"] {
        side.world.expect(order, |order| order["status"] == 32 && order["is_finish"] == false);
        let expired = "expired_at IS NOT NULL AND trade_no IS NULL";
        assert_eq!(side.world.count(&format!("user_order WHERE id = '{order}' AND {expired}")), 1);
        assert_eq!(side.events(order, "order.closed"), 1);
        let inbox = format!(
            "notification WHERE order_id = '{order}' AND kind = 'expiry' AND outcome = 'applied'"
        );
        assert_eq!(side.world.count(&inbox), 1);
        side.world.wait_for_count(
            &format!(
                "gateway_query WHERE order_id = '{order}' AND why = 'expired' \
                 AND answer = 'TRADE_NOT_EXIST' AND error IS NULL"
            ),
            1,
        );
    }
    side.happens("wait", "shop", "OPENED", &["--total", "10.00"]);
    side.world.expect("OPENED", |order| order["status"] == 32 && order["is_finish"] == true);
    assert_eq!(side.events("OPENED", "order.closed"), 1);

    side.pays("app", "PAID", &[]);
    side.world.expect("PAID", |order| order["status"] == 8 && order["is_send_goods"] == true);
    assert_eq!(side.events("PAID", "order.paid"), 1);
    assert_eq!(side.world.count("refund_request"), 0);
    assert_eq!(side.world.dead_letters(), []);
    side.audit();
}

#[test]
fn orders_paid_before_the_close_are_delivered() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    for (merchant, order) in [("shop", "JUST-1"), ("app", "JUST-2")] {
        side.place(merchant, order, "CODE");
        side.pays(merchant, order, &["--drop"]);
        side.time_is_over(order);
    }
    let refuses = [("ALIPAY__MERCHANTS__SHOP__LATE_PAYMENT", "refund")];
    let _worker = side.worker(&address, &refuses);
    for order in ["JUST-1", "JUST-2"] {
        side.world.expect(order, |order| order["status"] == 8 && order["is_send_goods"] == true);
        assert_eq!(side.events(order, "order.closed"), 0);
    }
    side.world.wait_for_count(
        "gateway_query WHERE order_id LIKE 'JUST-%' AND answer = 'TRADE_SUCCESS' AND error IS NULL",
        2,
    );
    side.audit();
}

#[test]
fn an_unreachable_gateway_closes_nothing() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    let proxy: FaultProxy = in_front_of(&address);
    side.place("app", "UNKNOWN", "CODE");
    side.place("app", "WAITS", "CODE");
    side.waits("app", "WAITS");
    proxy.cut();
    for order in ["UNKNOWN", "WAITS"] {
        side.time_is_over(order);
    }
    let _worker = side.worker(&through(&proxy), &[]);
    side.world.wait_for_count("gateway_query WHERE error LIKE 'no answer from the gateway%'", 1);
    assert_eq!(side.world.count("user_order WHERE status = 0 AND expired_at IS NULL"), 2);
    assert_eq!(side.world.count("notification"), 0);
    proxy.resume();
    side.world.expect("UNKNOWN", |order| order["status"] == 32 && order["is_finish"] == false);
    side.world.expect("WAITS", |order| order["status"] == 32 && order["is_finish"] == true);
    side.audit();
}

#[test]
fn two_workers_close_each_order_once() {
    let mut side = AlipaySide::new(1);
    let (_gateway, address) = side.gateway(&[]);
    side.world.place_orders("X", 30);
    for number in 1..=10 {
        side.waits("shop", &format!("X{number:06}"));
    }
    side.world.sql("UPDATE user_order SET expires_at = UTC_TIMESTAMP(6)");
    let _one = side.worker(&address, &[]);
    let _two = side.worker(&address, &[]);
    side.world.wait_for_count("user_order WHERE status = 32", 30);
    assert_eq!(side.world.count("user_order WHERE is_finish AND expired_at IS NULL"), 10);
    assert_eq!(side.world.count("outbox WHERE event = 'order.closed'"), 30);
    let once = "notification WHERE kind IN ('expiry', 'query_answer') AND outcome = 'applied'";
    assert_eq!(side.world.count(&format!("{once} AND seen = 1")), 30);
    side.audit();
}

/// A crash between the close at Alipay and its report: another worker closes again, which is refused, and
/// learns that the trade is closed.
#[cfg(debug_assertions)]
#[test]
fn a_crash_between_close_and_query_is_recovered() {
    for point in ["queries.after_close", "queries.after_publish"] {
        let mut side = AlipaySide::new(1);
        let (_gateway, address) = side.gateway(&[]);
        side.place("shop", "WAITS", "CODE");
        side.waits("shop", "WAITS");
        side.place("app", "UNKNOWN", "CODE");
        side.time_is_over("WAITS");
        side.time_is_over("UNKNOWN");
        let timeout = ("ALIPAY__WORKER__QUERY_TIMEOUT", "500ms");
        let mut armed = side.start_worker(&address, &[timeout, ("CRASH_POINT", point)]);
        let status = armed.wait();
        assert_eq!(status.signal(), Some(6), "{point}: {status}");
        let _successor = side.worker(&address, &[timeout]);
        side.world.expect("WAITS", |order| order["status"] == 32 && order["is_finish"] == true);
        side.world.expect("UNKNOWN", |order| order["status"] == 32);
        for order in ["WAITS", "UNKNOWN"] {
            assert_eq!(side.events(order, "order.closed"), 1, "{point} {order}");
        }
        assert_eq!(side.world.dead_letters(), [], "{point}");
        side.audit();
    }
}

/// A shop that extends the limit while the answer is in the queue.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_with_an_extended_limit_does_not_expire() {
    use chrono::{TimeDelta, Utc};
    use queue::Envelope;
    let mut side = AlipaySide::new(1);
    let _worker =
        side.worker("http://127.0.0.1:9/gateway.do", &[("ALIPAY__WORKER__QUERIES", "false")]);
    side.place("app", "LONGER", "CODE");
    side.place("app", "OVER", "CODE");
    side.place("app", "FOREVER", "CODE");
    side.world.sql(
        "UPDATE user_order SET expires_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR WHERE id = 'LONGER'",
    );
    let ended = Utc::now() - TimeDelta::seconds(5);
    side.world.sql(&format!(
        "UPDATE user_order SET expires_at = '{}' WHERE id = 'OVER'",
        ended.format("%Y-%m-%d %H:%M:%S%.6f")
    ));
    for order in ["LONGER", "FOREVER", "OVER"] {
        let said_at = Utc::now();
        store::order_expired::write(&mut side.connection(), order, ended, said_at).expect("a row");
    }
    let expiry = |merchant, order| Envelope::expiry(merchant, order, ended, Utc::now());
    side.publish([
        expiry("app", "LONGER"),
        expiry("app", "FOREVER"),
        expiry("shop", "OVER"),
        expiry("app", "OVER"),
    ])
    .await;
    side.world.expect("OVER", |order| order["status"] == 32);
    side.world.wait_for_count("notification WHERE kind = 'expiry' AND outcome = 'unchanged'", 2);
    side.world.wait_for_count("notification WHERE reason = 'merchant_mismatch'", 1);
    assert_eq!(side.world.count("user_order WHERE status = 0 AND expired_at IS NULL"), 2);
    side.audit();
}

/// Old programs write a zero date for "none", if the server accepts it: it delays no query of other orders.
#[tokio::test(flavor = "multi_thread")]
async fn a_zero_date_is_no_time_limit() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    for order in ["ZEROS", "MONTH", "LOST"] {
        side.place("app", order, "CODE");
    }
    side.world.sql("SET SESSION sql_mode = ''");
    side.world.sql("UPDATE user_order SET expires_at = '0000-00-00' WHERE id = 'ZEROS'");
    side.world.sql("UPDATE user_order SET expires_at = '2026-00-10' WHERE id = 'MONTH'");
    for order in ["ZEROS", "MONTH", "LOST"] {
        side.pays("app", order, &["--drop"]);
    }
    let _worker = side.worker(&address, &[("ALIPAY__WORKER__QUERY_UNPAID_AFTER", "1s")]);
    for order in ["LOST", "ZEROS", "MONTH"] {
        side.world.expect(order, |order| order["is_send_goods"] == true);
    }
    side.world.pipeline.ops(&["order", "list"]).expect("a list");
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
}
