//! Stories in which the gateway was asked: by the query sweeper, or because a browser came back.

use alipay::TradeStatus::{self, TradeClosed, TradeFinished, TradeSuccess};
use alipay::{Fen, RefundStatus};

use super::said::{
    answers, answers_closed, answers_paid, at, closes_paid, closes_unpaid, finishes, legacy_refund,
    pays, refunds, waits,
};
use super::{Story, story};

pub(super) fn stories() -> Vec<Story> {
    vec![
        Story {
            net_goods: Some(1),
            ..story(
                "asked: pays, and the notification is lost",
                vec![
                    waits(),
                    answers("2026-01-05 10:00:30", TradeStatus::WaitBuyerPay, |_| {}),
                    answers_paid("2026-01-05 10:20:00"),
                ],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            ..story(
                "asked: pays, is told and answered, finishes",
                vec![
                    waits(),
                    pays(),
                    answers_paid("2026-01-05 10:20:00"),
                    finishes(),
                    answers("2026-04-06 10:00:00", TradeFinished, |n| {
                        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
                    }),
                ],
                4,
            )
        },
        story(
            "asked: never pays",
            vec![waits(), answers("2026-01-05 10:40:00", TradeClosed, |_| {}), closes_unpaid()],
            32,
        ),
        Story {
            refunded: 1000,
            ..story(
                "asked: is refunded, and the notification is lost",
                vec![
                    waits(),
                    pays(),
                    answers_paid("2026-01-05 10:20:00"),
                    answers_closed("2026-01-07 10:00:00"),
                ],
                105,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "asked: is refunded, told and answered",
                vec![
                    pays(),
                    refunds(400, "Q1", "2026-01-06 09:00:00.1"),
                    refunds(1000, "Q2", "2026-01-06 10:00:00.1"),
                    answers_closed("2026-01-07 10:00:00"),
                ],
                105,
            )
        },
        Story {
            net_goods: Some(1),
            ..story(
                "asked after the close: the money is there",
                vec![waits(), pays(), closes_paid(), answers_paid("2026-01-05 13:00:00")],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            ..story(
                "asked after the close: charged late, the money is there",
                vec![waits(), closes_unpaid(), pays(), answers_paid("2026-01-05 13:00:00")],
                8,
            )
        },
        Story {
            net_goods: None,
            reviews: &["closed_after_payment"],
            goods_may_differ: true,
            ..story(
                "asked before the close: what was said then counts no more",
                vec![waits(), pays(), answers_paid("2026-01-05 11:00:00"), closes_paid()],
                32,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "asked before the close and after it: the money went back",
                vec![
                    pays(),
                    answers_paid("2026-01-05 11:00:00"),
                    closes_paid(),
                    answers_closed("2026-01-05 13:00:00"),
                ],
                105,
            )
        },
        Story {
            net_goods: Some(1),
            refunded: 300,
            reviews: &["partial_refund"],
            ..story(
                "asked, legacy: is refunded in part, told without an amount",
                vec![
                    pays(),
                    legacy_refund(TradeSuccess),
                    answers("2026-01-07 10:00:00", TradeSuccess, |n| {
                        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
                        n.refund_fee = Some(Fen::new(300));
                        n.refund_status = Some(RefundStatus::Success);
                    }),
                ],
                8,
            )
        },
        Story {
            net_goods: None,
            refunded: 300,
            reviews: &["closed_after_payment", "partial_refund"],
            goods_may_differ: true,
            ..story(
                "asked, legacy: closed with a part of the money given back",
                vec![
                    waits(),
                    pays(),
                    answers("2026-01-07 10:00:00", TradeClosed, |n| {
                        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
                        n.gmt_close = Some(at("2026-01-05 12:00:00"));
                        n.refund_fee = Some(Fen::new(300));
                    }),
                ],
                32,
            )
        },
        Story {
            net_goods: None,
            reviews: &["closed_after_payment"],
            goods_may_differ: true,
            ..story(
                "asked, legacy: closed after payment with nothing given back",
                vec![
                    waits(),
                    pays(),
                    answers("2026-01-07 10:00:00", TradeClosed, |n| {
                        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
                        n.refund_fee = Some(Fen::new(0));
                    }),
                ],
                32,
            )
        },
        Story {
            net_goods: Some(1),
            ..story(
                "asked: leaves one trade unpaid, and the payment of another is lost",
                vec![
                    waits(),
                    closes_unpaid(),
                    answers("2026-01-05 11:30:00", TradeSuccess, |n| {
                        n.trade_no = "T2".into();
                        n.gmt_payment = Some(at("2026-01-05 11:00:00"));
                    }),
                ],
                8,
            )
        },
        Story {
            net_goods: None,
            reviews: &["second_payment"],
            goods_may_differ: true,
            ..story(
                "asked: pays two trades, one of them told, one answered, the first refunded",
                vec![
                    pays(),
                    answers("2026-01-05 11:30:00", TradeSuccess, |n| {
                        n.trade_no = "T2".into();
                        n.gmt_payment = Some(at("2026-01-05 11:00:00"));
                    }),
                    answers_closed("2026-01-05 12:00:00"),
                ],
                8,
            )
        },
    ]
}
