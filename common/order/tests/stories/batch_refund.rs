//! Stories of refunds at the legacy gateway, which are told twice: by sync without an amount, by batch without an order.

use alipay::TradeStatus::{TradeClosed, TradeSuccess};

use super::said::{batch, batch_of, item, item_with_legs, legacy_refund, pays, pays_second, waits};
use super::{Story, story};

pub(super) fn stories() -> Vec<Story> {
    vec![
        Story {
            refunded: 1000,
            ..story(
                "legacy: is refunded in full, told twice, by sync and by batch",
                vec![waits(), pays(), legacy_refund(TradeClosed), batch("B1", 1000, "SUCCESS")],
                105,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "legacy: two batches reach the total, a third one failed",
                vec![
                    pays(),
                    batch("B1", 400, "SUCCESS"),
                    batch("B2", 600, "SUCCESS"),
                    batch("B3", 100, "TRADE_HAS_CLOSED"),
                ],
                105,
            )
        },
        Story {
            net_goods: Some(1),
            refunded: 400,
            reviews: &["partial_refund"],
            ..story(
                "legacy: is refunded in part, told twice",
                vec![waits(), pays(), legacy_refund(TradeSuccess), batch("B1", 400, "SUCCESS")],
                8,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "legacy: is refunded in part, then in full, each told twice",
                vec![
                    pays(),
                    legacy_refund(TradeSuccess),
                    batch("B1", 400, "SUCCESS"),
                    legacy_refund(TradeClosed),
                    batch("B2", 600, "SUCCESS"),
                ],
                105,
            )
        },
        Story {
            refunded: 1000,
            reviews: &["refund_above_total"],
            ..story(
                "legacy: batches give back more than was paid",
                vec![pays(), batch("B1", 700, "SUCCESS"), batch("B2", 700, "SUCCESS")],
                105,
            )
        },
        Story {
            net_goods: None,
            refunded: 0,
            reviews: &["second_payment"],
            goods_may_differ: true,
            ..story(
                "legacy: one batch gives back one of two payments, and a stranger's",
                vec![
                    pays(),
                    pays_second(),
                    batch_of(
                        "B1",
                        vec![
                            item("T1", 1000, "SUCCESS"),
                            item("T9", 5000, "SUCCESS"),
                            item("T2", 400, "X"),
                        ],
                    ),
                    batch_of("B2", vec![item("T9", 100, "SUCCESS")]),
                ],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            refunded: 400,
            reviews: &["partial_refund"],
            ..story(
                "legacy: is refunded in part, with a fee that failed and a bank that is slow",
                vec![
                    waits(),
                    pays(),
                    batch_of(
                        "B1",
                        vec![item_with_legs("T1", 400, "SUCCESS", "SELLER_BALANCE_NOT_ENOUGH")],
                    ),
                    legacy_refund(TradeSuccess),
                ],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            ..story(
                "legacy: no batch comes through, though a fee did",
                vec![
                    pays(),
                    batch_of(
                        "B1",
                        vec![item_with_legs("T1", 1000, "SELLER_BALANCE_NOT_ENOUGH", "SUCCESS")],
                    ),
                    batch("B2", 1000, "TRADE_HAS_FINISHED"),
                ],
                8,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "legacy: a batch that failed is told again, and has worked",
                vec![pays(), batch("B1", 1000, "SYSTEM_ERROR"), batch("B1", 1000, "SUCCESS")],
                105,
            )
        },
    ]
}
