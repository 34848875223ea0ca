//! What a person must look at, computed from the order like everything else.

use alipay::format_beijing;

use crate::doubt::is_doubt;
use crate::{Facts, FulfillmentState, OrderState, OrderStatus, Trade};

/// A reason for review with the evidence that makes it this case and not the next one: the same
/// reason with new evidence is a new review, also after a person decided the old one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Review {
    /// One of the words in [`REASONS`].
    pub reason: &'static str,
    /// Trade numbers, an amount in fen, the time of a confirmation that counts no more, or what a bank said of
    /// which refund; empty where there is only one case per order.
    pub evidence: String,
}

/// The reason for review of an order that is paid here and, as the gateway says, not at Alipay.
pub const NOT_AT_ALIPAY: &str = "not_at_alipay";

/// The reason for review of a paid subscription whose order says not for whom it is.
pub const NO_ACCOUNT: &str = "no_account";

/// The reason for review of an order whose `expires_at` cannot be meant.
pub const IMPLAUSIBLE_TIME_LIMIT: &str = "implausible_time_limit";

/// The reason for review of an order whose refund did not reach the buyer's bank card.
pub const REFUND_SENT_BACK: &str = "refund_sent_back";

/// Every reason for review, with what it means.
pub const REASONS: [(&str, &str); 16] = [
    ("closed_after_payment", "the trade was paid and then closed: where is the money?"),
    ("second_payment", "more than one trade paid this order: give the money back"),
    ("late_payment", "paid after the order's time, and such money goes back: refund it or take it"),
    ("partial_refund", "part of the money went back: no message says which unit of the goods"),
    ("refund_above_total", "batch refunds add up to more than the order's total"),
    ("paid_after_return", "paid again after its goods were taken back: deliver or refund by hand"),
    ("deliver_by_hand", "a manual product was paid: deliver it"),
    (
        "take_back_by_hand",
        "refunded after a person or an old system delivered: take the goods back",
    ),
    (NO_ACCOUNT, "a subscription was paid and its order names no account: name it"),
    (
        IMPLAUSIBLE_TIME_LIMIT,
        "expires_at is before the order or long after it, so it does not count",
    ),
    (NOT_AT_ALIPAY, "paid here, and Alipay's gateway says, asked twice, that it is not"),
    (REFUND_SENT_BACK, "the bank sent a refund back: the buyer does not have the money"),
    ("ambiguous_form", "the signed text of a notification can be cut in two ways: ask Alipay"),
    ("undated_payment", "a notification says paid and has no time of the trade: ask Alipay"),
    ("outdated_notification", "Alipay stopped repeating it long before it came: ask Alipay"),
    ("contradictory_notification", "it tells of money of a trade that it calls unpaid: ask Alipay"),
];

/// Whether reviews for this reason are opened by what happens, and not computed from the order: they stay
/// open until an answer of the gateway or a person ends them.
#[must_use]
pub fn is_raised(reason: &str) -> bool {
    is_doubt(reason) || [NOT_AT_ALIPAY, IMPLAUSIBLE_TIME_LIMIT, REFUND_SENT_BACK].contains(&reason)
}

/// All reviews that the order's state calls for now. `by_hand`: only a person can take its goods back.
#[must_use]
pub fn wanted<'a>(
    state: &OrderState,
    trades: impl Iterator<Item = &'a Trade> + Clone,
    by_hand: bool,
    fulfillment: Option<FulfillmentState>,
) -> Vec<Review> {
    let mut reviews = Vec::new();
    let mut want = |reason: &'static str, evidence: String| {
        reviews.push(Review { reason, evidence });
    };
    let mut paid: Vec<&str> = trades
        .clone()
        .filter(|trade| trade.facts.contains(Facts::PAID))
        .map(|trade| trade.trade_no.as_str())
        .collect();
    if paid.len() > 1 {
        paid.sort_unstable();
        want("second_payment", digest(&paid));
    }
    if state.money_in_doubt() {
        // Closed again after the money was confirmed, it is another case.
        let chosen = trades.clone().find(|trade| Some(&trade.trade_no) == state.trade_no.as_ref());
        let confirmed_at = chosen.and_then(|trade| trade.confirmed_at);
        want("closed_after_payment", confirmed_at.map(format_beijing).unwrap_or_default());
    }
    for trade in trades.clone().filter(|trade| trade.is_late()) {
        want("late_payment", trade.trade_no.clone());
    }
    if state.facts.contains(Facts::REFUNDED_IN_PART) && state.status != OrderStatus::Refunded {
        want("partial_refund", state.refunded_fee.get().to_string());
    }
    if trades.clone().any(|trade| trade.refund_above_total) {
        want("refund_above_total", String::new());
    }
    match fulfillment {
        Some(FulfillmentState::Returned) if state.deserves_goods() => {
            want("paid_after_return", String::new());
        }
        Some(FulfillmentState::AwaitingManual) => want("deliver_by_hand", String::new()),
        Some(FulfillmentState::AwaitingAccount) => want(NO_ACCOUNT, String::new()),
        Some(FulfillmentState::Returned) if by_hand => {
            want("take_back_by_hand", String::new());
        }
        _ => {}
    }
    reviews
}

/// The trade numbers joined, cut where very many trades paid one order: the column holds 255 bytes.
fn digest(trade_nos: &[&str]) -> String {
    let mut joined = trade_nos.join(",");
    if joined.len() > 200 {
        let cut = (0..=200).rev().find(|at| joined.is_char_boundary(*at)).unwrap_or(0);
        joined.truncate(cut);
        joined.push_str(&format!("…{}", trade_nos.len()));
    }
    joined
}
