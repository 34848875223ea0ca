//! What a person can decide about a review.

use crate::ReviewReason;

closed_set! {
    /// A person's decision. It ends the review; some decisions are also facts about a trade, or say what
    /// was done with the goods.
    pub enum Decision {
        /// The money is there: the trade is confirmed as paid.
        Paid,
        /// All of the trade's money went back.
        Refunded,
        /// The late payment is accepted: the goods go out.
        Accepted,
        /// A manual product was delivered.
        Delivered,
        /// A manual product was taken back.
        TakenBack,
        /// Seen, and nothing follows from it.
        Noted,
    }
}

/// Why a decision cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says what the fields are")]
pub enum ImpossibleDecision {
    #[error(
        "{word:?} is not a decision: use one of paid, refunded, accepted, delivered, taken_back, noted"
    )]
    Word { word: String },
    #[error("{decision} does not answer the review {reason}: one of {possible}")]
    Reason { decision: Decision, reason: ReviewReason, possible: String },
    #[error("more than one trade paid: the decision has to name the trade that was refunded")]
    NoTrade,
    #[error("the order has no trade {trade_no:?}")]
    Trade { trade_no: String },
    #[error("trade {trade_no} was not closed after a payment: the decision is about another one")]
    NotClosed { trade_no: String },
    #[error(
        "trade {trade_no} is not late, or its money is back: the decision is about another one"
    )]
    NotLate { trade_no: String },
    #[error("trade {trade_no} is that of order {order}: it has not paid this one")]
    TradeOfAnother { trade_no: String, order: String },
    #[error("trade {trade_no} is being refunded (refund_request): wait until that has ended")]
    RefundUnderWay { trade_no: String },
}

impl Decision {
    /// Reads the word.
    ///
    /// # Errors
    /// [`ImpossibleDecision::Word`]
    pub fn read(word: &str) -> Result<Decision, ImpossibleDecision> {
        word.parse().map_err(|_| ImpossibleDecision::Word { word: word.to_owned() })
    }

    /// The decisions that answer a review for this reason.
    pub fn possible(reason: ReviewReason) -> &'static [Decision] {
        use Decision::{Accepted, Delivered, Noted, Paid, Refunded, TakenBack};
        match reason {
            ReviewReason::ClosedAfterPayment => &[Paid, Refunded],
            ReviewReason::SecondPayment => &[Refunded, Noted],
            ReviewReason::LatePayment => &[Refunded, Accepted],
            ReviewReason::PartialRefund => &[Noted, Refunded],
            ReviewReason::DeliverByHand => &[Delivered],
            ReviewReason::TakeBackByHand => &[TakenBack],
            ReviewReason::RefundAboveTotal
            | ReviewReason::PaidAfterReturn
            | ReviewReason::RefundSentBack
            | ReviewReason::NoAccount
            | ReviewReason::ImplausibleTimeLimit => &[Noted],
            ReviewReason::NotAtAlipay
            | ReviewReason::AmbiguousForm
            | ReviewReason::UndatedPayment
            | ReviewReason::OutdatedNotification
            | ReviewReason::ContradictoryNotification => &[Paid, Noted],
        }
    }

    /// Checks that it answers a review for `reason`. Of several trades that paid, the one that was
    /// refunded has to be named.
    ///
    /// # Errors
    /// [`ImpossibleDecision::Reason`], [`ImpossibleDecision::NoTrade`]
    pub fn check(
        self,
        reason: ReviewReason,
        trade_no: Option<&str>,
    ) -> Result<(), ImpossibleDecision> {
        let possible = Decision::possible(reason);
        if !possible.contains(&self) {
            let words: Vec<&str> = possible.iter().map(|decision| decision.as_str()).collect();
            return Err(ImpossibleDecision::Reason {
                decision: self,
                reason,
                possible: words.join(", "),
            });
        }
        if self.must_name_trade(reason) && trade_no.is_none() {
            return Err(ImpossibleDecision::NoTrade);
        }
        Ok(())
    }

    /// Whether the decision has to name a trade: of several that paid, the one that was refunded.
    pub fn must_name_trade(self, reason: ReviewReason) -> bool {
        reason == ReviewReason::SecondPayment && self == Decision::Refunded
    }
}

closed_set! {
    /// `decision.state`.
    pub enum DecisionState {
        /// No worker has applied it yet.
        Open,
        /// It ended its review.
        Applied,
        /// Its review had ended already: by another decision, or because later facts made it moot.
        Moot,
        /// It cannot be.
        Refused,
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::Decision;
    use crate::ReviewReason;

    #[test]
    fn every_review_can_be_ended() {
        for reason in ReviewReason::VARIANTS {
            assert!(!Decision::possible(*reason).is_empty(), "{reason}");
        }
    }

    #[test]
    fn words() {
        for decision in Decision::VARIANTS {
            assert_eq!(Decision::read(decision.as_str()), Ok(*decision));
        }
        assert!(Decision::read("Paid").is_err());
    }
}
