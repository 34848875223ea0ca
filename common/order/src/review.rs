//! What a person must look at, computed from the order.

use alipay::format_beijing;
use strum::EnumMessage;

use crate::{Facts, FulfillmentState, OrderState, OrderStatus, PaymentState, Trade};

/// A reason for review with the evidence that makes it this case and not the next one: the same
/// reason with new evidence is a new review, also after a person decided the old one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Review {
    /// Why a person must look.
    pub reason: ReviewReason,
    /// Trade numbers, an amount in fen, the time of an outdated confirmation, or the refund that a bank
    /// sent back; empty where there is only one case per order.
    pub evidence: String,
}

closed_set! {
    /// `review.reason`.
    #[derive(EnumMessage)]
    #[expect(missing_docs, reason = "the message explains each")]
    pub enum ReviewReason {
        #[strum(message = "the trade was paid and then closed: where is the money?")]
        ClosedAfterPayment,
        #[strum(message = "more than one trade paid this order: give the money back")]
        SecondPayment,
        #[strum(message = "paid after the order's time limit, and such payments are refunded: refund it or accept it")]
        LatePayment,
        #[strum(message = "part of the money went back: no message says which unit of the goods")]
        PartialRefund,
        #[strum(message = "batch refunds add up to more than the order's total")]
        RefundAboveTotal,
        #[strum(message = "paid again after its goods were taken back: deliver or refund by hand")]
        PaidAfterReturn,
        #[strum(message = "a manual product was paid: deliver it")]
        DeliverByHand,
        #[strum(message = "refunded after a person or an old system delivered: take the goods back")]
        TakeBackByHand,
        #[strum(message = "a subscription was paid and its order names no account: name it")]
        NoAccount,
        #[strum(message = "expires_at is before the order or long after it, so it does not count")]
        ImplausibleTimeLimit,
        #[strum(message = "paid here, and Alipay's gateway says, asked twice, that it is not")]
        NotAtAlipay,
        #[strum(message = "the bank sent a refund back: the buyer does not have the money")]
        RefundSentBack,
        #[strum(message = "the signed text of a notification can be cut in two ways: ask Alipay")]
        AmbiguousForm,
        #[strum(message = "a notification says paid and has no time of the trade: ask Alipay")]
        UndatedPayment,
        #[strum(message = "Alipay stopped repeating it long before it came: ask Alipay")]
        OutdatedNotification,
        #[strum(message = "it tells of money of a trade that it calls unpaid: ask Alipay")]
        ContradictoryNotification,
    }
}

impl ReviewReason {
    /// The reasons of a [`Doubt`](crate::Doubt).
    pub const DOUBTS: [ReviewReason; 4] = [
        ReviewReason::AmbiguousForm,
        ReviewReason::UndatedPayment,
        ReviewReason::OutdatedNotification,
        ReviewReason::ContradictoryNotification,
    ];

    /// What it means, for a person.
    pub fn meaning(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }

    /// Whether it is about a doubtful notification.
    pub fn is_doubt(self) -> bool {
        ReviewReason::DOUBTS.contains(&self)
    }

    /// Whether an event opens such a review. All other reviews are computed from the order, and settle when the
    /// order no longer calls for them; these stay open until an answer of the gateway or a person ends them.
    pub fn is_raised_by_event(self) -> bool {
        use ReviewReason::{ImplausibleTimeLimit, NotAtAlipay, RefundSentBack};
        self.is_doubt() || matches!(self, NotAtAlipay | ImplausibleTimeLimit | RefundSentBack)
    }
}

closed_set! {
    /// `review.state`.
    pub enum ReviewState {
        /// A person must look.
        Open,
        /// Later facts made it moot.
        Settled,
        /// A person ended it.
        Decided,
    }
}

/// All reviews that the order's state calls for now. `by_hand`: only a person can take its goods back.
pub fn wanted<'a>(
    state: &OrderState,
    trades: impl Iterator<Item = &'a Trade> + Clone,
    by_hand: bool,
    fulfillment: Option<FulfillmentState>,
) -> Vec<Review> {
    let mut reviews = Vec::new();
    let mut want = |reason, evidence: String| {
        reviews.push(Review { reason, evidence });
    };
    let mut paid: Vec<&str> = trades
        .clone()
        .filter(|trade| trade.facts.contains(Facts::PAID))
        .map(|trade| trade.trade_no.as_str())
        .collect();
    if paid.len() > 1 {
        paid.sort_unstable();
        want(ReviewReason::SecondPayment, digest(&paid));
    }
    if state.payment() == PaymentState::InDoubt {
        // Closed again after the money was confirmed, it is another case.
        let chosen = trades.clone().find(|trade| Some(&trade.trade_no) == state.trade_no.as_ref());
        let confirmed_at = chosen.and_then(|trade| trade.confirmed_at);
        want(
            ReviewReason::ClosedAfterPayment,
            confirmed_at.map(format_beijing).unwrap_or_default(),
        );
    }
    for trade in trades.clone().filter(|trade| trade.facts.is_late()) {
        want(ReviewReason::LatePayment, trade.trade_no.clone());
    }
    if state.facts.contains(Facts::REFUNDED_IN_PART) && state.status != OrderStatus::Refunded {
        want(ReviewReason::PartialRefund, state.refunded_fee.get().to_string());
    }
    if trades.clone().any(|trade| trade.refund_above_total) {
        want(ReviewReason::RefundAboveTotal, String::new());
    }
    match fulfillment {
        Some(FulfillmentState::Returned) if state.deserves_goods() => {
            want(ReviewReason::PaidAfterReturn, String::new());
        }
        Some(FulfillmentState::AwaitingManual) => want(ReviewReason::DeliverByHand, String::new()),
        Some(FulfillmentState::AwaitingAccount) => want(ReviewReason::NoAccount, String::new()),
        Some(FulfillmentState::Returned) if by_hand => {
            want(ReviewReason::TakeBackByHand, String::new());
        }
        _ => {}
    }
    reviews
}

/// The trade numbers joined, cut where very many trades paid one order: the column holds 255 bytes.
fn digest(trade_nos: &[&str]) -> String {
    let mut joined = trade_nos.join(",");
    if joined.len() > 200 {
        joined.truncate(joined.floor_char_boundary(200));
        joined.push_str(&format!("…{}", trade_nos.len()));
    }
    joined
}
