//! What a person can decide about a review.

use crate::doubt::is_doubt;
use crate::review::{IMPLAUSIBLE_TIME_LIMIT, NO_ACCOUNT, NOT_AT_ALIPAY, REFUND_SENT_BACK};

/// A person's decision. It ends the review; some decisions are also facts about a trade, or say what
/// was done with the goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The money is there: the trade is confirmed as paid.
    Paid,
    /// All of the trade's money went back.
    Refunded,
    /// Late money is taken all the same: the goods go out.
    Accepted,
    /// A manual product was delivered.
    Delivered,
    /// A manual product was taken back.
    TakenBack,
    /// Seen, and nothing follows from it.
    Noted,
}

/// Why a decision cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says what the fields are")]
pub enum ImpossibleDecision {
    #[error(
        "{word:?} is no decision: one of paid, refunded, accepted, delivered, taken_back, noted"
    )]
    Word { word: String },
    #[error("{decision} does not answer the review {reason}: one of {possible}")]
    Reason { decision: &'static str, reason: String, possible: String },
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
    #[error("the money of trade {trade_no} is on its way back by refund_request: wait for its end")]
    RefundUnderWay { trade_no: String },
}

impl Decision {
    const ALL: [Decision; 6] = [
        Decision::Paid,
        Decision::Refunded,
        Decision::Accepted,
        Decision::Delivered,
        Decision::TakenBack,
        Decision::Noted,
    ];

    /// The word in messages, in `review.decision` and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Paid => "paid",
            Decision::Refunded => "refunded",
            Decision::Accepted => "accepted",
            Decision::Delivered => "delivered",
            Decision::TakenBack => "taken_back",
            Decision::Noted => "noted",
        }
    }

    /// Reads the word.
    ///
    /// # Errors
    /// [`ImpossibleDecision::Word`]
    pub fn read(word: &str) -> Result<Decision, ImpossibleDecision> {
        let decision = Decision::ALL.into_iter().find(|decision| decision.as_str() == word);
        decision.ok_or_else(|| ImpossibleDecision::Word { word: word.to_owned() })
    }

    /// The decisions that answer a review for this reason, one of
    /// [`review::REASONS`](crate::review::REASONS); none for a word that is no reason.
    #[must_use]
    pub fn possible(reason: &str) -> &'static [Decision] {
        match reason {
            "closed_after_payment" => &[Decision::Paid, Decision::Refunded],
            "second_payment" => &[Decision::Refunded, Decision::Noted],
            "late_payment" => &[Decision::Refunded, Decision::Accepted],
            "partial_refund" => &[Decision::Noted, Decision::Refunded],
            "refund_above_total" | "paid_after_return" | REFUND_SENT_BACK => &[Decision::Noted],
            "deliver_by_hand" => &[Decision::Delivered],
            "take_back_by_hand" => &[Decision::TakenBack],
            NO_ACCOUNT | IMPLAUSIBLE_TIME_LIMIT => &[Decision::Noted],
            NOT_AT_ALIPAY => &[Decision::Paid, Decision::Noted],
            doubt if is_doubt(doubt) => &[Decision::Paid, Decision::Noted],
            _ => &[],
        }
    }

    /// Whether it answers a review for `reason`. Of several trades that paid, the one that was
    /// refunded has to be named.
    pub(crate) fn check(
        self,
        reason: &str,
        trade_no: Option<&str>,
    ) -> Result<(), ImpossibleDecision> {
        let possible = Decision::possible(reason);
        if !possible.contains(&self) {
            let words: Vec<&str> = possible.iter().map(|decision| decision.as_str()).collect();
            return Err(ImpossibleDecision::Reason {
                decision: self.as_str(),
                reason: reason.to_owned(),
                possible: words.join(", "),
            });
        }
        if reason == "second_payment" && self == Decision::Refunded && trade_no.is_none() {
            return Err(ImpossibleDecision::NoTrade);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Decision;
    use crate::review::REASONS;

    #[test]
    fn every_review_can_be_ended() {
        for (reason, _) in REASONS {
            assert!(!Decision::possible(reason).is_empty(), "{reason}");
        }
        assert!(Decision::possible("weather").is_empty());
    }

    #[test]
    fn words() {
        for decision in Decision::ALL {
            assert_eq!(Decision::read(decision.as_str()), Ok(decision));
        }
        assert!(Decision::read("Paid").is_err());
    }
}
