//! Stories of money that comes after the order's time, where it goes back.

use alipay::TradeStatus::{TradeFinished, TradePending};

use super::said::{
    LATE, answers_late, answers_paid, at, batch, closes_unpaid, expires, pays, pays_late,
    pays_second, refund_answers, refunds_late, told, waits,
};
use super::{Story, story};

pub(super) fn stories() -> Vec<Story> {
    let late = |name, notifications, status| Story {
        expires: true,
        refunds_late: true,
        reviews: &["late_payment"],
        ..story(name, notifications, status)
    };
    let back = |name, notifications| Story {
        reviews: &[],
        refunded: 1000,
        ..late(name, notifications, 105)
    };
    vec![
        late(
            "late: waits for its refund",
            vec![waits(), expires("2026-01-05 10:30:02"), pays_late()],
            8,
        ),
        late(
            "late: told, answered, and the seller could not receive at first",
            vec![
                told(TradePending, |n| n.gmt_payment = Some(at(LATE))),
                pays_late(),
                answers_late("2026-01-05 10:40:00"),
            ],
            8,
        ),
        Story {
            is_finish: Some(true),
            ..late(
                "late: and can no longer be refunded",
                vec![waits(), told(TradeFinished, |n| n.gmt_payment = Some(at(LATE)))],
                4,
            )
        },
        back("late: is refunded", vec![waits(), pays_late(), refunds_late(1000)]),
        back(
            "late: is refunded, told and answered, after it had expired",
            vec![
                expires("2026-01-05 10:30:02"),
                pays_late(),
                refund_answers(1000, 1000, "late", "2026-01-05 10:31:00"),
                refunds_late(1000),
            ],
        ),
        back(
            "late: only the answers arrive",
            vec![
                answers_late("2026-01-05 10:30:30"),
                refund_answers(1000, 1000, "late", "2026-01-05 10:31:00"),
            ],
        ),
        back(
            "late: legacy, is refunded by a batch",
            vec![waits(), pays_late(), batch("B1", 1000, "SUCCESS")],
        ),
        Story {
            reviews: &["late_payment", "partial_refund"],
            refunded: 400,
            ..late("late: only a part goes back", vec![waits(), pays_late(), refunds_late(400)], 8)
        },
        Story {
            net_goods: Some(1),
            reviews: &[],
            ..late(
                "late: in time after all",
                vec![waits(), pays(), answers_paid("2026-01-05 10:40:00")],
                8,
            )
        },
        // Two clocks: of two times the earlier one counts, whichever is told first.
        Story {
            net_goods: Some(1),
            reviews: &[],
            ..late(
                "late: by one of two times",
                vec![pays_late(), pays(), answers_late("2026-01-05 10:40:00")],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            reviews: &["late_payment", "second_payment"],
            ..late(
                "late: a second payment of an order that was paid in time",
                vec![pays(), pays_second(), expires("2026-01-05 10:30:02")],
                8,
            )
        },
        late(
            "late: closed, and charged all the same",
            vec![waits(), closes_unpaid(), pays_late(), answers_late("2026-01-05 10:40:00")],
            8,
        ),
    ]
}
