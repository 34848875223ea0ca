//! Late payments of merchants that refund them.

use testkit::until;

use crate::alipay_side::AlipaySide;
use crate::decisions::{decision_of, review};
use crate::troubles::{in_front_of, through};

/// Both merchants refund late payments.
const REFUND: [(&str, &str); 2] = [
    ("ALIPAY__MERCHANTS__SHOP__LATE_PAYMENT", "refund"),
    ("ALIPAY__MERCHANTS__APP__LATE_PAYMENT", "refund"),
];

impl AlipaySide {
    /// The order's time was over two seconds ago: `gmt_payment` has whole seconds.
    fn was_over(&mut self, order: &str) {
        self.world.sql(&format!(
            "UPDATE user_order SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 2 SECOND WHERE id = '{order}'"
        ));
    }
}

#[test]
fn late_payments_at_the_open_platform_are_refunded() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &REFUND);
    // One payment with a notification; one without, which is queried because the order has expired.
    for (order, more) in [("TOLD", &[][..]), ("ASKED", &["--drop"][..])] {
        side.place("app", order, "CODE");
        if order == "ASKED" {
            side.pays("app", order, more);
        }
        side.was_over(order);
        if order == "TOLD" {
            side.world.expect(order, |order| order["status"] == 32);
            side.pays("app", order, more);
        }
    }
    for order in ["TOLD", "ASKED"] {
        side.world.wait_for_count(
            &format!(
                "refund_request WHERE order_id = '{order}' AND asked_by = 'worker' AND amount = 1000 \
                 AND is_rest"
            ),
            1,
        );
        side.world.expect(order, |order| order["status"] == 105 && order["is_finish"] == true);
        let facts = format!(
            "trade WHERE order_id = '{order}' AND FIND_IN_SET('paid_late', facts) \
             AND FIND_IN_SET('refunded_in_full', facts)"
        );
        assert_eq!(side.world.count(&facts), 1);
        let case = format!("review WHERE order_id = '{order}' AND reason = 'late_payment'");
        assert_eq!(side.world.count(&format!("{case} AND state = 'settled'")), 1);
    }
    assert_eq!(side.world.count("stock_item WHERE state <> 'available'"), 0);
    assert_eq!(side.world.count("refund_request"), 2);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
}

#[tokio::test(flavor = "multi_thread")]
async fn late_payments_at_the_legacy_gateway_are_reviewed() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &REFUND);
    for order in ["TAKEN", "BACK"] {
        side.place("shop", order, "CODE");
        side.was_over(order);
        side.world.expect(order, |order| order["status"] == 32);
        side.pays("shop", order, &[]);
        side.world.expect(order, |order| order["status"] == 8 && order["needs_review"] == true);
    }
    assert_eq!(side.world.count("user_order WHERE is_send_goods"), 0);
    assert_eq!(side.world.count("refund_request"), 0);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a person has it: a clean audit");

    // A decision about another trade is invalid.
    let taken = review(&mut side, "TAKEN", "late_payment");
    side.publish([decision_of(&side, "shop", "TAKEN", Some("2026"), taken, "accepted")]).await;
    side.world.wait_for_count("notification WHERE reason = 'impossible_decision'", 1);
    for (order, word) in [("TAKEN", "accepted"), ("BACK", "refunded")] {
        let number = review(&mut side, order, "late_payment");
        side.publish([decision_of(&side, "shop", order, None, number, word)]).await;
    }
    side.world.expect("TAKEN", |order| order["status"] == 8 && order["is_send_goods"] == true);
    side.world.expect("BACK", |order| order["status"] == 105 && order["is_finish"] == true);
    assert_eq!(side.world.count("user_order WHERE needs_review"), 0);
    assert_eq!(side.world.count("stock_item WHERE state = 'delivered'"), 1);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
}

/// Goods and money must not both be with the buyer.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_being_refunded_cannot_be_accepted() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    let proxy = in_front_of(&address);
    let _worker = side.worker(&through(&proxy), &REFUND);
    side.place("app", "LATE", "CODE");
    side.was_over("LATE");
    side.world.expect("LATE", |order| order["status"] == 32);
    proxy.cut();
    side.pays("app", "LATE", &[]);
    let number = review(&mut side, "LATE", "late_payment");
    side.publish([decision_of(&side, "app", "LATE", None, number, "accepted")]).await;
    side.world.wait_for_count("notification WHERE reason = 'impossible_decision'", 1);
    let evidence = "notification WHERE error LIKE '%is being refunded%'";
    assert_eq!(side.world.count(evidence), 1);
    assert_eq!(side.world.count("user_order WHERE is_send_goods"), 0);

    // If Alipay refuses the refund, a person decides.
    side.world.sql("UPDATE refund_request SET state = 'refused', due_at = NULL");
    side.publish([decision_of(&side, "app", "LATE", None, number, "accepted")]).await;
    side.world.expect("LATE", |order| order["status"] == 8 && order["is_send_goods"] == true);
    assert_eq!(side.world.count("user_order WHERE needs_review"), 0);
    until("it stays so", || side.world.count("refund_request WHERE state = 'refused'") == 1);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
}

/// A later change of the policy moves neither goods nor money.
#[test]
fn the_policy_at_the_time_of_payment_counts() {
    let mut side = AlipaySide::new(3);
    let (_gateway, address) = side.gateway(&[]);
    side.place("app", "BEFORE", "CODE");
    side.was_over("BEFORE");
    let mut lenient = side.worker(&address, &[]);
    side.pays("app", "BEFORE", &[]);
    side.world.expect("BEFORE", |order| order["is_send_goods"] == true);
    lenient.terminate();
    assert!(lenient.wait().success());
    let _strict = side.worker(&address, &REFUND);
    side.happens("finish", "app", "BEFORE", &[]);
    side.world.expect("BEFORE", |order| order["status"] == 4);
    assert_eq!(side.world.count("trade WHERE FIND_IN_SET('paid_late', facts)"), 0);
    assert_eq!(side.world.count("user_order WHERE needs_review"), 0);
    assert_eq!(side.world.count("refund_request"), 0);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
}
