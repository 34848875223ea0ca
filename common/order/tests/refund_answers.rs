//! What the gateway answers to a refund, beside what notifications say. Every order of arrival is tried
//! in `exhaustive.rs`.

#![allow(clippy::expect_used, reason = "a test")]

use alipay::{Fen, parse_beijing};
use chrono::{DateTime, Utc};
use order::{ConfirmedRefund, Facts, MerchantAccount, OrderRecord, OrderTerms, ProductKind};

fn at(text: &str) -> DateTime<Utc> {
    parse_beijing(text).expect("a time")
}

/// An order of 10 yuan of which nothing is known.
fn order() -> OrderRecord {
    let terms = OrderTerms {
        id: "A1".into(),
        merchant: "app".into(),
        total_fee: Fen::new(1000),
        created_at: at("2026-01-05 10:00:00"),
        expires_at: None,
    };
    OrderRecord::new(terms, ProductKind::Stock)
}

fn account(merchant: &str) -> MerchantAccount {
    MerchantAccount {
        merchant: merchant.into(),
        seller_id: None,
        app_id: None,
        refunds_late: false,
        confirms_above: None,
        longest_time_to_pay: None,
    }
}

fn answer(number: &str, amount: i64, refunded: Option<i64>) -> ConfirmedRefund {
    ConfirmedRefund {
        out_trade_no: "A1".into(),
        trade_no: "T1".into(),
        request_no: number.into(),
        amount: Fen::new(amount),
        refunded: refunded.map(Fen::new),
        total: Some(Fen::new(1000)),
        gmt_refund: Some(at("2026-01-06 10:00:00")),
        asked_at: at("2026-01-06 10:00:01"),
    }
}

fn learn(record: &mut OrderRecord, answer: &ConfirmedRefund) {
    record.apply_refund_answer(&account("app"), answer).expect("they agree");
}

#[test]
fn a_part_and_the_rest() {
    let mut record = order();
    learn(&mut record, &answer("R1", 300, Some(300)));
    let part = record.state();
    assert_eq!((part.status.code(), part.refunded_fee), (8, Fen::new(300)));
    assert!(part.facts.contains(Facts::PAID | Facts::REFUNDED_IN_PART));
    assert!(!part.facts.contains(Facts::REFUNDED_IN_FULL));
    let once = record.clone();
    learn(&mut record, &answer("R1", 300, Some(300)));
    assert_eq!(record, once, "learnt twice");
    learn(&mut record, &answer("R2", 700, Some(1000)));
    let all = record.state();
    assert_eq!((all.status.code(), all.refunded_fee), (105, Fen::new(1000)));
    assert_eq!(all.refund_dtime, Some(at("2026-01-06 10:00:00")));
}

#[test]
fn answers_without_a_running_total_add_up() {
    let mut record = order();
    learn(&mut record, &answer("R1", 300, None));
    learn(&mut record, &answer("R1", 300, None));
    learn(&mut record, &answer("R2", 200, None));
    assert_eq!(record.state().refunded_fee, Fen::new(500));
    // A later question tells the total of all: also of a refund that nobody here asked for.
    learn(&mut record, &answer("R1", 300, Some(600)));
    assert_eq!(record.state().refunded_fee, Fen::new(600));
    learn(&mut record, &answer("R3", 500, None));
    assert_eq!(record.state().status.code(), 105, "three numbers that come to the total");
}

#[test]
fn answers_that_do_not_agree_count_for_nothing() {
    let mut record = order();
    let mut reason = |answer: &ConfirmedRefund, merchant: &str| {
        let mismatch = record.apply_refund_answer(&account(merchant), answer);
        mismatch.map_err(|mismatch| mismatch.reason().as_str())
    };
    let good = answer("R1", 300, Some(300));
    assert_eq!(reason(&good, "shop"), Err("merchant_mismatch"));
    let total = ConfirmedRefund { total: Some(Fen::new(999)), ..good.clone() };
    assert_eq!(reason(&total, "app"), Err("total_mismatch"));
    assert_eq!(reason(&answer("R1", 300, Some(1001)), "app"), Err("refund_above_total"));
    assert_eq!(reason(&answer("R1", 1001, None), "app"), Err("refund_above_total"));
    assert_eq!(record, order());
}
