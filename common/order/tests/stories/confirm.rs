//! Stories of a merchant whose goods wait for the gateway's word.

use alipay::TradeStatus;

use super::said::{
    answers, answers_closed, answers_of_second, answers_paid, batch, pays, pays_second, refunds,
    waits,
};
use super::{Story, story};

pub(super) fn stories() -> Vec<Story> {
    let confirms = |name, notifications, status| Story {
        confirms: true,
        ..story(name, notifications, status)
    };
    vec![
        confirms("confirm: is told of a payment, and not answered", vec![waits(), pays()], 8),
        Story {
            net_goods: Some(1),
            ..confirms(
                "confirm: is told of a payment, and the gateway says so",
                vec![waits(), pays(), answers_paid("2026-01-05 10:01:05")],
                8,
            )
        },
        confirms(
            "confirm: is told of a payment that the gateway does not know",
            vec![pays(), answers("2026-01-05 10:01:05", TradeStatus::WaitBuyerPay, |_| {})],
            8,
        ),
        Story {
            net_goods: Some(1),
            ..confirms(
                "confirm: the notification of the payment is lost",
                vec![waits(), answers_paid("2026-01-05 10:20:00")],
                8,
            )
        },
        Story {
            net_goods: Some(1),
            reviews: &["second_payment"],
            ..confirms(
                "confirm: one trade is made up, another one is paid",
                vec![pays(), pays_second(), answers_of_second("2026-01-05 11:00:05")],
                8,
            )
        },
        Story {
            refunded: 400,
            reviews: &["partial_refund"],
            ..confirms(
                "confirm: a batch refund is told of what nobody paid",
                vec![waits(), batch("B1", 400, "SUCCESS")],
                8,
            )
        },
        Story {
            refunded: 1000,
            ..confirms(
                "confirm: is refunded before the gateway was asked",
                vec![
                    pays(),
                    refunds(1000, "R1", "2026-01-05 10:01:02"),
                    answers_closed("2026-01-05 10:01:05"),
                ],
                105,
            )
        },
    ]
}
