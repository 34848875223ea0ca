//! What a person decides about each kind of review.

use chrono::Utc;
use queue::Envelope;
use simulator::{AlipayTrade, UnsignedNotification};
use store::decision::NewDecision;
use testkit::clock::{beijing, minutes_ago};

use crate::alipay_side::AlipaySide;
use crate::world::TOTAL;

/// Without a sweeper: nothing but the decision changes anything.
const NO_QUERIES: (&str, &str) = ("ALIPAY__WORKER__QUERIES", "false");

/// The number of the order's open review for this reason, once it is there.
pub(crate) fn review(side: &mut AlipaySide, order: &str, reason: &str) -> i64 {
    let open = format!("order_id = '{order}' AND reason = '{reason}' AND state = 'open'");
    side.world.wait_for_count(&format!("review WHERE {open}"), 1);
    let id = side.text(&format!("SELECT CAST(id AS CHAR) AS text FROM review WHERE {open}"));
    id.parse().expect("a number")
}

/// The message about a decision, whose row is written.
fn decision(
    side: &AlipaySide,
    order: &str,
    trade_no: Option<&str>,
    review: i64,
    decision: &str,
) -> Envelope {
    decision_of(side, "shop", order, trade_no, review, decision)
}

pub(crate) fn decision_of(
    side: &AlipaySide,
    merchant: &str,
    order: &str,
    trade_no: Option<&str>,
    review: i64,
    decision: &str,
) -> Envelope {
    let number = write_decision(side, order, trade_no, review, decision);
    Envelope::decision(merchant, order, number, Utc::now())
}

/// What `ops review decide` writes before it tells the workers.
pub(crate) fn write_decision(
    side: &AlipaySide,
    order: &str,
    trade_no: Option<&str>,
    review: i64,
    decision: &str,
) -> i64 {
    let new = NewDecision {
        review_id: review,
        order_id: order,
        trade_no,
        decision,
        decided_by: "王小明",
        note: "looked it up",
    };
    store::decision::insert(&mut side.connection(), &new).expect("written")
}

impl AlipaySide {
    /// Decides, and waits until the review says so.
    async fn decide(&mut self, order: &str, reason: &str, trade_no: Option<&str>, word: &str) {
        let review = review(self, order, reason);
        let decision = decision(self, order, trade_no, review, word);
        self.publish([decision]).await;
        self.world.wait_for_count(
            &format!(
                "review WHERE id = {review} AND state = 'decided' AND decision = '{word}' \
                 AND decided_by = '王小明' AND note = 'looked it up' AND ended_at IS NOT NULL"
            ),
            1,
        );
        let inbox = format!(
            "notification WHERE kind = 'decision' AND order_id = '{order}' AND outcome = 'applied' \
             AND trade_status = '{word}'"
        );
        assert_eq!(self.world.count(&inbox), 1);
    }

    async fn tell(&self, trade: &AlipayTrade, notification: UnsignedNotification) -> String {
        self.world.send(notification).await;
        trade.trade_no.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_decision_is_applied() {
    let mut side = AlipaySide::new(10);
    let _worker = side.worker("http://127.0.0.1:9/gateway.do", &[NO_QUERIES]);
    side.world.pipeline.add_product("HAND", "by hand", &["--kind", "manual"]).expect("a product");
    for (order, product) in [
        ("IS-PAID", "CODE"),
        ("IS-GONE", "CODE"),
        ("TWICE", "CODE"),
        ("PART", "CODE"),
        ("ALL", "CODE"),
        ("HAND", "HAND"),
    ] {
        side.place("shop", order, product);
    }

    // Closed after payment.
    for (order, word, status, sent) in
        [("IS-PAID", "paid", 8, "delivered"), ("IS-GONE", "refunded", 105, "returned")]
    {
        let mut trade = side.world.trade(order);
        let paid = trade.pay(Utc::now()).expect("a payment");
        side.tell(&trade, paid.clone()).await;
        side.world.expect(order, |order| order["is_send_goods"] == true);
        let closed = paid
            .with("trade_status", "TRADE_CLOSED")
            .with("gmt_close", beijing(minutes_ago(0)))
            .with("notify_id", format!("close-{order}"));
        side.world.send(closed).await;
        side.decide(order, "closed_after_payment", None, word).await;
        let right =
            format!("user_order WHERE id = '{order}' AND status = {status} AND NOT needs_review");
        assert_eq!(side.world.count(&right), 1, "{order}");
        let codes = format!("stock_item WHERE order_id = '{order}' AND state = '{sent}'");
        assert_eq!(side.world.count(&codes), 1, "{order}");
    }

    // Two payments: the one that was refunded is named.
    let (mut first, mut second) = (side.world.trade("TWICE"), side.world.trade("TWICE"));
    let paid = first.pay(Utc::now()).expect("a payment");
    let first_no = side.tell(&first, paid).await;
    let paid = second.pay(Utc::now()).expect("a payment");
    let second_no = side.tell(&second, paid).await;
    let twice = review(&mut side, "TWICE", "second_payment");
    side.publish([decision(&side, "TWICE", None, twice, "refunded")]).await;
    side.world.wait_for_count("notification WHERE reason = 'impossible_decision'", 1);
    side.decide("TWICE", "second_payment", Some(&first_no), "refunded").await;
    let goes_by =
        format!("user_order WHERE id = 'TWICE' AND status = 8 AND trade_no = '{second_no}'");
    assert_eq!(side.world.count(&format!("{goes_by} AND NOT needs_review")), 1);

    // A part of the money went back: the goods stay, or all of it did.
    for (order, word, status) in [("PART", "noted", 8), ("ALL", "refunded", 105)] {
        let mut trade = side.world.trade(order);
        let paid = trade.pay(Utc::now()).expect("a payment");
        side.tell(&trade, paid).await;
        let part = alipay::Fen::new(300);
        for notification in trade.refund(part, None, Utc::now()).expect("a refund") {
            side.world.send(notification).await;
        }
        // The batch carries the amount, and so the last evidence.
        side.world.wait_for_count(
            &format!("review WHERE order_id = '{order}' AND evidence = '300' AND state = 'open'"),
            1,
        );
        side.decide(order, "partial_refund", None, word).await;
        let right =
            format!("user_order WHERE id = '{order}' AND status = {status} AND NOT needs_review");
        assert_eq!(side.world.count(&right), 1, "{order}");
    }

    // A manual product: delivered, refunded, taken back.
    let mut trade = side.world.trade("HAND");
    let paid = trade.pay(Utc::now()).expect("a payment");
    side.tell(&trade, paid).await;
    side.decide("HAND", "deliver_by_hand", None, "delivered").await;
    let delivered = "fulfillment WHERE order_id = 'HAND' AND state = 'delivered' AND given = 1";
    assert_eq!(side.world.count(delivered), 1);
    assert_eq!(
        side.world.count("user_order WHERE id = 'HAND' AND is_send_goods AND NOT needs_review"),
        1
    );
    assert_eq!(side.world.count("outbox WHERE order_id = 'HAND' AND event = 'order.delivered'"), 1);
    for notification in trade.refund(TOTAL, None, Utc::now()).expect("a refund") {
        side.world.send(notification).await;
    }
    side.decide("HAND", "take_back_by_hand", None, "taken_back").await;
    assert_eq!(
        side.world.count("user_order WHERE id = 'HAND' AND status = 105 AND NOT needs_review"),
        1
    );

    // Another decision about a review that has ended: no change, and no error.
    let ended = side.text(
        "SELECT CAST(id AS CHAR) AS text FROM review WHERE order_id = 'PART' AND state = 'decided'",
    );
    let again = decision(&side, "PART", None, ended.parse().expect("a number"), "refunded");
    side.publish([again]).await;
    side.world.wait_for_count(
        "notification WHERE kind = 'decision' AND order_id = 'PART' AND outcome = 'unchanged'",
        1,
    );
    assert_eq!(side.world.count("user_order WHERE id = 'PART' AND status = 8"), 1);

    // Decisions that fit no review, and invalid decisions.
    side.publish([
        decision(&side, "PART", None, 999_999, "noted"),
        decision(&side, "ALL", None, ended.parse().expect("a number"), "noted"),
        decision(&side, "PART", None, ended.parse().expect("a number"), "guessed"),
    ])
    .await;
    side.world.wait_for_count("notification WHERE reason = 'unknown_review'", 2);
    side.world.wait_for_count("notification WHERE reason = 'impossible_decision'", 2);
    side.world.pipeline.ops(&["audit", "--grace", "0s"]).expect("a clean audit");
}
