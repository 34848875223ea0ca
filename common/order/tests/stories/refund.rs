//! Stories of refunds at the Open Platform: `refund_fee` is a running total, `out_biz_no` the number of each.

use alipay::RefundStatus;
use alipay::TradeStatus::{TradeFinished, TradeSuccess};

use super::said::{
    at, finishes, pays, refund_answers, refunds, refunds_unnumbered, told, told_of, waits,
};
use super::{Story, story};

pub(super) fn stories() -> Vec<Story> {
    vec![
        Story {
            refunded: 1000,
            ..story(
                "pays, is refunded in part, then in full",
                vec![
                    waits(),
                    pays(),
                    refunds(300, "Q1", "2026-01-06 09:00:00.1"),
                    refunds(700, "Q2", "2026-01-07 09:00:00.2"),
                    refunds(1000, "Q3", "2026-01-08 09:00:00.3"),
                ],
                105,
            )
        },
        Story {
            net_goods: Some(1),
            refunded: 700,
            reviews: &["partial_refund"],
            ..story(
                "pays and is refunded in part twice",
                vec![
                    waits(),
                    pays(),
                    refunds(300, "Q1", "2026-01-06 09:00:00.1"),
                    refunds(700, "Q2", "2026-01-07 09:00:00.2"),
                ],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            ..story(
                "pays, finishes, has a refund refused",
                vec![
                    waits(),
                    pays(),
                    finishes(),
                    told(TradeFinished, |n| n.refund_status = Some(RefundStatus::Closed)),
                ],
                106,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "is refunded before the payment's notification arrives",
                vec![waits(), refunds(1000, "Q1", "2026-01-06 09:00:00.5"), pays()],
                105,
            )
        },
        Story {
            net_goods: None,
            reviews: &["second_payment"],
            goods_may_differ: true,
            ..story(
                "pays two trades and has the first refunded",
                vec![
                    pays(),
                    told_of("T2", TradeSuccess, |n| {
                        n.gmt_payment = Some(at("2026-01-05 11:00:00"));
                    }),
                    refunds(1000, "Q1", "2026-01-06 09:00:00.5"),
                ],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            refunded: 600,
            reviews: &["partial_refund"],
            ..story(
                "is refunded in part, twice by one number and once without",
                vec![
                    pays(),
                    refunds(300, "Q1", "2026-01-06 09:00:00.1"),
                    refunds(500, "Q1", "2026-01-06 10:00:00.1"),
                    refunds_unnumbered(600, "2026-01-07 09:00:00.2"),
                ],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            refunded: 700,
            reviews: &["partial_refund"],
            ..story(
                "is refunded in part twice, both told and answered",
                vec![
                    refunds(300, "Q1", "2026-01-06 09:00:00.1"),
                    refund_answers(300, 300, "Q1", "2026-01-06 09:00:00"),
                    refunds(700, "Q2", "2026-01-07 09:00:00.2"),
                    refund_answers(400, 700, "Q2", "2026-01-07 09:00:00"),
                ],
                8,
            )
        },
        Story {
            refunded: 1000,
            ..story(
                "is refunded in part and then in full, and only the answers arrive",
                vec![
                    pays(),
                    refund_answers(300, 300, "Q1", "2026-01-06 09:00:00"),
                    refund_answers(700, 1000, "Q2", "2026-01-07 09:00:00"),
                ],
                105,
            )
        },
    ]
}
