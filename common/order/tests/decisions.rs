//! What a person decides, and what follows from it.

#![allow(clippy::expect_used, reason = "a test")]

use alipay::{Fen, parse_beijing};
use chrono::{DateTime, Utc};
use order::{
    Decision, Facts, FulfillmentState, GoodsDecision, ImpossibleDecision, OrderRecord, OrderTerms,
    PaymentState, ProductKind, ReviewReason, Trade,
};

fn at(text: &str) -> DateTime<Utc> {
    parse_beijing(text).expect("a time")
}

/// An order of 10 yuan with these trades.
fn order(kind: ProductKind, trades: &[(&str, Facts)]) -> OrderRecord {
    let terms = OrderTerms {
        id: "R1".into(),
        merchant: "shop".into(),
        total_fee: Fen::new(1000),
        created_at: at("2026-01-05 10:00:00"),
        expires_at: None,
    };
    let mut record = OrderRecord::new(terms, kind);
    for (number, facts) in trades {
        let mut trade = Trade::new(*number);
        trade.facts = *facts;
        trade.gmt_close = facts.contains(Facts::CLOSED).then(|| at("2026-01-05 12:00:00"));
        record.trades.insert((*number).to_owned(), trade);
    }
    record
}

const CLOSED: Facts = Facts::PAID.union(Facts::CLOSED);

#[test]
fn closed_after_payment() {
    let doubtful = order(ProductKind::Stock, &[("T1", CLOSED)]);
    assert_eq!(doubtful.state().payment(), PaymentState::InDoubt);

    let mut paid = doubtful.clone();
    let decided = |record: &mut OrderRecord, decision| {
        record.apply_decision(
            decision,
            ReviewReason::ClosedAfterPayment,
            None,
            at("2026-01-06 10:00:00"),
        )
    };
    decided(&mut paid, Decision::Paid).expect("possible");
    assert_eq!(paid.state().status.code(), 8);
    assert_eq!(paid.goods(&paid.state()), GoodsDecision::Deliver);
    let once = paid.clone();
    decided(&mut paid, Decision::Paid).expect("possible");
    assert_eq!(paid, once);

    // Closed again, later: in doubt again, and another case than the decided one.
    let case = |record: &OrderRecord| record.reviews(&record.state()).pop();
    let mut again = paid.clone();
    let trade = again.trades.get_mut("T1").expect("the trade");
    trade.gmt_close = Some(at("2026-01-07 10:00:00"));
    assert!(trade.is_in_doubt());
    assert_eq!(again.state().payment(), PaymentState::InDoubt);
    assert_ne!(case(&again), case(&doubtful));

    // By a clock that is behind Alipay's it counts anyway.
    let mut early = doubtful.clone();
    let before_the_close = at("2026-01-05 11:59:00");
    early
        .apply_decision(Decision::Paid, ReviewReason::ClosedAfterPayment, None, before_the_close)
        .expect("possible");
    assert_eq!(early.state().status.code(), 8);

    // Of the trade that was closed, and of no other.
    let mut other = order(ProductKind::Stock, &[("T1", CLOSED), ("T2", Facts::PAID)]);
    let wrong = other.apply_decision(
        Decision::Paid,
        ReviewReason::ClosedAfterPayment,
        Some("T2"),
        at("2026-01-06 10:00:00"),
    );
    assert_eq!(wrong, Err(ImpossibleDecision::NotClosed { trade_no: "T2".into() }));

    let mut refunded = doubtful;
    decided(&mut refunded, Decision::Refunded).expect("possible");
    let state = refunded.state();
    assert_eq!((state.status.code(), state.refunded_fee), (105, Fen::new(1000)));
}

#[test]
fn a_refund_decision_on_two_payments_must_name_the_trade() {
    let mut record = order(ProductKind::Stock, &[("T1", Facts::PAID), ("T2", Facts::PAID)]);
    let decide = |record: &mut OrderRecord, trade_no| {
        let at = at("2026-01-06 10:00:00");
        record.apply_decision(Decision::Refunded, ReviewReason::SecondPayment, trade_no, at)
    };
    let untouched = record.clone();
    assert_eq!(decide(&mut record, None), Err(ImpossibleDecision::NoTrade));
    let unknown = ImpossibleDecision::Trade { trade_no: "T3".into() };
    assert_eq!(decide(&mut record, Some("T3")), Err(unknown));
    assert_eq!(record, untouched);

    decide(&mut record, Some("T1")).expect("possible");
    let state = record.state();
    assert_eq!((state.status.code(), state.trade_no.as_deref()), (8, Some("T2")));
}

#[test]
fn a_decision_delivered_marks_goods_as_delivered() {
    let mut record = order(ProductKind::Manual, &[("T1", Facts::PAID)]);
    record.fulfillment = Some(FulfillmentState::AwaitingManual);
    let now = at("2026-01-06 10:00:00");
    record
        .apply_decision(Decision::Delivered, ReviewReason::DeliverByHand, None, now)
        .expect("possible");
    assert_eq!(record.fulfillment, Some(FulfillmentState::Delivered));
    // Said again after the goods came back, it delivers nothing.
    record.fulfillment = Some(FulfillmentState::Returned);
    record
        .apply_decision(Decision::Delivered, ReviewReason::DeliverByHand, None, now)
        .expect("possible");
    assert_eq!(record.fulfillment, Some(FulfillmentState::Returned));
}

#[test]
fn a_decision_must_answer_the_review() {
    let mut record = order(ProductKind::Stock, &[("T1", CLOSED)]);
    let untouched = record.clone();
    for (decision, reason) in [
        (Decision::Delivered, ReviewReason::ClosedAfterPayment),
        (Decision::Paid, ReviewReason::PartialRefund),
        (Decision::Refunded, ReviewReason::DeliverByHand),
    ] {
        let decided = record.apply_decision(decision, reason, None, at("2026-01-06 10:00:00"));
        assert!(matches!(decided, Err(ImpossibleDecision::Reason { .. })), "{decided:?}");
    }
    assert_eq!(record, untouched);
}

/// Late money, and what a person can say of it.
#[test]
fn a_late_payment_can_be_refunded_or_accepted() {
    const LATE: Facts = Facts::PAID.union(Facts::PAID_LATE);
    let now = at("2026-01-06 10:00:00");
    let mut record = order(ProductKind::Stock, &[("T1", LATE), ("T2", Facts::PAID)]);
    let decide = |record: &mut OrderRecord, decision, trade_no| {
        record.apply_decision(decision, ReviewReason::LatePayment, Some(trade_no), now)
    };
    // The order goes by the other one.
    let state = record.state();
    assert_eq!((state.trade_no.as_deref(), state.deserves_goods()), (Some("T2"), true));
    let untouched = record.clone();
    let not_late = ImpossibleDecision::NotLate { trade_no: "T2".into() };
    assert_eq!(decide(&mut record, Decision::Accepted, "T2"), Err(not_late));
    assert!(decide(&mut record, Decision::Noted, "T1").is_err());
    assert_eq!(record, untouched);

    let mut only = order(ProductKind::Stock, &[("T1", LATE)]);
    assert_eq!(only.goods(&only.state()), GoodsDecision::Nothing);
    // Whoever waits for goods does so no longer.
    only.fulfillment = Some(FulfillmentState::AwaitingStock);
    assert_eq!(only.goods(&only.state()), GoodsDecision::Cancel);
    only.fulfillment = Some(FulfillmentState::Cancelled);
    let mut back = only.clone();
    decide(&mut only, Decision::Accepted, "T1").expect("possible");
    assert_eq!(only.goods(&only.state()), GoodsDecision::Deliver);
    assert_eq!(only.reviews(&only.state()), []);
    let once = only.clone();
    let not_late = ImpossibleDecision::NotLate { trade_no: "T1".into() };
    assert_eq!(decide(&mut only, Decision::Refunded, "T1"), Err(not_late));
    assert_eq!(only, once);

    decide(&mut back, Decision::Refunded, "T1").expect("possible");
    let state = back.state();
    assert_eq!((state.status.code(), back.reviews(&state).len()), (105, 0));
}

/// A trade that appears although the order is over is one to close at once.
#[test]
fn trades_opened_after_the_time_limit() {
    let end = at("2026-01-05 10:30:00");
    let open_at = |record: &OrderRecord| {
        record.open_too_late().map(|trade| trade.trade_no.clone()).collect::<Vec<_>>()
    };
    let told_at = |record: &mut OrderRecord, trade_no: &str, time| {
        record.trades.get_mut(trade_no).expect("the trade").notify_time = Some(time);
    };
    let mut record = order(ProductKind::Stock, &[("T1", Facts::CLOSED), ("T2", Facts::WAITING)]);
    told_at(&mut record, "T2", at("2026-01-05 10:30:01"));
    assert_eq!(open_at(&record), [""; 0], "an order without a time");
    record.terms.expires_at = Some(end);
    assert_eq!(open_at(&record), ["T2"]);
    told_at(&mut record, "T2", end);
    assert_eq!(open_at(&record), [""; 0], "in time");
    for facts in [Facts::CLOSED, Facts::PAID, Facts::PENDING] {
        told_at(&mut record, "T2", at("2026-01-05 10:30:01"));
        record.trades.get_mut("T2").expect("the trade").facts = Facts::WAITING | facts;
        assert_eq!(open_at(&record), [""; 0], "{facts:?}");
    }

    let mut expired = order(ProductKind::Stock, &[("T1", Facts::WAITING)]);
    expired.terms.expires_at = Some(end);
    assert_eq!(open_at(&expired), [""; 0], "placed: the sweeper closes it");
    expired.apply_expiry(end, at("2026-01-05 10:31:00"));
    assert_eq!(open_at(&expired), ["T1"]);
    assert_eq!((expired.state().status.code(), expired.state().is_finish), (32, false));

    // More time than when it was asked.
    let mut longer = order(ProductKind::Stock, &[]);
    longer.terms.expires_at = Some(at("2026-01-05 10:40:00"));
    longer.apply_expiry(end, at("2026-01-05 10:31:00"));
    assert_eq!((longer.expired_at, longer.state().status.code()), (None, 0));
}
