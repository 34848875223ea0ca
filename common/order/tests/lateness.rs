//! Money whose time becomes known only after its goods went out.

#![allow(clippy::expect_used, reason = "a test")]

use alipay::{Charset, Fen, Form, Notification, Protocol, parse_beijing};
use order::{
    FulfillmentState, GoodsDecision, MerchantAccount, OrderRecord, OrderTerms, ProductKind,
};

/// A payment of trade T1, with or without its time.
fn payment(gmt_payment: Option<&str>) -> alipay::TradeStatusSync {
    let mut form = Form::from_pairs([
        ("out_trade_no", "L1"),
        ("trade_no", "T1"),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_fee", "10.00"),
    ]);
    if let Some(time) = gmt_payment {
        form.set("gmt_payment", time);
    }
    match Notification::read(&form, Protocol::Mapi, Charset::Utf8).expect("readable") {
        Notification::Trade(trade) => *trade,
        other => unreachable!("a trade, not {other:?}"),
    }
}

#[test]
fn delivered_orders_are_not_refunded_as_late() {
    let at = |time: &str| parse_beijing(time).expect("a time");
    let terms = OrderTerms {
        id: "L1".into(),
        merchant: "shop".into(),
        total_fee: Fen::new(1000),
        created_at: at("2026-01-05 10:00:00"),
        expires_at: Some(at("2026-01-05 10:30:00")),
    };
    let account = MerchantAccount {
        merchant: "shop".into(),
        seller_id: None,
        app_id: None,
        refunds_late: true,
        confirms_above: None,
        longest_time_to_pay: None,
    };
    let late = payment(Some("2026-01-05 10:31:00"));

    for (fulfillment, goods, is_late) in [
        // Still here: they stay, and the money goes back.
        (None, GoodsDecision::Nothing, true),
        (Some(FulfillmentState::AwaitingStock), GoodsDecision::Cancel, true),
        // With the buyer: goods and money must not both be there.
        (Some(FulfillmentState::Delivered), GoodsDecision::Nothing, false),
    ] {
        let mut record = OrderRecord::new(terms.clone(), ProductKind::Stock);
        record.apply_notification(&account, &payment(None)).expect("agrees");
        assert_eq!(record.goods(&record.state()), GoodsDecision::Deliver);
        record.fulfillment = fulfillment;
        record.apply_notification(&account, &late).expect("agrees");
        assert_eq!(record.trades["T1"].facts.is_late(), is_late, "{fulfillment:?}");
        assert_eq!(record.goods(&record.state()), goods, "{fulfillment:?}");
        // Told again it is the same.
        let once = record.clone();
        record.apply_notification(&account, &late).expect("agrees");
        assert_eq!(record, once);
    }
}

/// All that is left goes back, unless the place of the money is not known.
#[test]
fn a_late_refund_is_what_is_left_of_the_total() {
    use order::{Facts, Trade};
    let late = Facts::PAID | Facts::PAID_LATE;
    for (facts, refunded, left) in [
        (late, 0, Some(1000)),
        (late | Facts::REFUNDED_IN_PART, 300, Some(700)),
        (late | Facts::REFUNDED_IN_FULL, 1000, None),
        (late | Facts::LATE_ACCEPTED, 0, None),
        (late | Facts::CLOSED, 0, None),
        (Facts::PAID, 0, None),
    ] {
        let trade = Trade { facts, refunded_fee: Fen::new(refunded), ..Trade::new("T1") };
        assert_eq!(trade.late_refund(Fen::new(1000)), left.map(Fen::new), "{facts:?}");
    }
}
