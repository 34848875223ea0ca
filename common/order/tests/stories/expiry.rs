//! Stories of orders that are not paid in time: closed at Alipay first, or not there to be closed.

use alipay::TradeStatus::{TradeClosed, TradePending, WaitBuyerPay};

use super::said::{
    LATE, answers, answers_late, at, closes_unpaid, expires, pays, pays_late, told, told_of, waits,
};
use super::{Story, story};

pub(super) fn stories() -> Vec<Story> {
    let expiring =
        |name, notifications, status| Story { expires: true, ..story(name, notifications, status) };
    vec![
        Story {
            is_finish: Some(true),
            ..expiring(
                "expires: is closed at Alipay, told and answered",
                vec![
                    waits(),
                    answers("2026-01-05 10:30:02", WaitBuyerPay, |_| {}),
                    answers("2026-01-05 10:31:02", TradeClosed, |_| {}),
                    closes_unpaid(),
                ],
                32,
            )
        },
        Story {
            is_finish: Some(false),
            ..expiring(
                "expires: nobody ever opened the page",
                vec![expires("2026-01-05 10:30:02"), expires("2026-01-05 10:31:02")],
                32,
            )
        },
        Story {
            is_finish: Some(false),
            ..expiring(
                "expires: and then somebody opens the page",
                vec![expires("2026-01-05 10:30:02"), waits()],
                32,
            )
        },
        Story {
            is_finish: Some(true),
            ..expiring(
                "expires: somebody opens the page and it is closed",
                vec![
                    expires("2026-01-05 10:30:02"),
                    waits(),
                    answers("2026-01-05 10:40:02", TradeClosed, |_| {}),
                ],
                32,
            )
        },
        Story {
            net_goods: Some(1),
            ..expiring(
                "expires: and was paid in time on a page that Alipay did not know yet",
                vec![expires("2026-01-05 10:30:02"), waits(), pays()],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            ..expiring(
                "expires: money comes late and is taken",
                vec![
                    expires("2026-01-05 10:30:02"),
                    waits(),
                    pays_late(),
                    answers_late("2026-01-05 10:41:00"),
                ],
                8,
            )
        },
        Story {
            net_goods: None,
            reviews: &["closed_after_payment"],
            goods_may_differ: true,
            ..expiring(
                "expires: is closed, and charged all the same",
                vec![waits(), closes_unpaid(), pays_late()],
                32,
            )
        },
        Story {
            is_finish: Some(false),
            ..expiring(
                "expires: paid in time to a seller that cannot receive yet",
                vec![
                    waits(),
                    told(TradePending, |n| n.gmt_payment = Some(at(LATE))),
                    expires("2026-01-05 10:30:02"),
                ],
                0,
            )
        },
        Story {
            net_goods: Some(1),
            ..expiring(
                "expires: one trade is closed, another was paid in time",
                vec![
                    closes_unpaid(),
                    told_of("T2", WaitBuyerPay, |_| {}),
                    told_of("T2", alipay::TradeStatus::TradeSuccess, |n| {
                        n.gmt_payment = Some(at("2026-01-05 10:29:00"));
                    }),
                    expires("2026-01-05 10:30:02"),
                ],
                8,
            )
        },
        Story {
            is_finish: Some(false),
            ..story(
                "an order without a time does not expire",
                vec![expires("2026-01-05 10:30:02"), waits()],
                0,
            )
        },
    ]
}
