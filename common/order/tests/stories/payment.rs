//! Stories of payments, of which Alipay tells all.

use TradeStatus::{TradeClosed, TradePending, TradeSuccess};
use alipay::TradeStatus;

use super::said::{at, closes_unpaid, finishes, pays, told, told_of, waits};
use super::{Story, story};

pub(super) fn stories() -> Vec<Story> {
    vec![
        Story { net_goods: Some(1), ..story("pays", vec![waits(), pays()], 8) },
        Story {
            net_goods: Some(1),
            ..story(
                "pays while the seller cannot receive",
                vec![waits(), told(TradePending, |_| {}), pays()],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            ..story("pays and finishes", vec![waits(), pays(), finishes()], 4)
        },
        Story {
            net_goods: Some(1),
            ..story("has an account that finishes at once", vec![finishes()], 4)
        },
        story("never pays", vec![waits(), closes_unpaid()], 32),
        Story {
            net_goods: Some(1),
            ..story(
                "leaves one trade unpaid and pays another",
                vec![
                    waits(),
                    closes_unpaid(),
                    told_of("T2", TradeStatus::WaitBuyerPay, |_| {}),
                    told_of("T2", TradeSuccess, |n| {
                        n.gmt_payment = Some(at("2026-01-05 11:00:00"));
                    }),
                ],
                8,
            )
        },
        Story {
            net_goods: None,
            reviews: &["closed_after_payment"],
            goods_may_differ: true,
            ..story("is charged late after a close", vec![waits(), closes_unpaid(), pays()], 32)
        },
        Story {
            net_goods: None,
            reviews: &["closed_after_payment"],
            goods_may_differ: true,
            ..story(
                "is closed after payment without a word about the money",
                vec![
                    waits(),
                    pays(),
                    told(TradeClosed, |n| n.gmt_payment = Some(at("2026-01-05 10:01:00"))),
                ],
                32,
            )
        },
        Story {
            net_goods: None,
            reviews: &["second_payment"],
            goods_may_differ: true,
            ..story(
                "pays two trades",
                vec![
                    pays(),
                    told_of("T2", TradeSuccess, |n| {
                        n.gmt_payment = Some(at("2026-01-05 11:00:00"));
                    }),
                ],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            ..story(
                "pays and Alipay says a word we do not know",
                vec![pays(), told(TradeStatus::Unknown("TRADE_DREAMING".into()), |_| {})],
                8,
            )
        },
    ]
}
