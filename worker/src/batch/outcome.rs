//! The outcome of a message in a batch.

use order::RejectionReason;
use queue::topology::RetryTier;
use store::{ErrorKind, MysqlConnection, redelivery};

use super::BatchError;
use crate::message::Rejection;

const RETRIED: &str = "retried";
const REFUSED: &str = "refused";

/// The outcome of a message. The kinds of failure are told apart here. An outage is no outcome at all: the
/// batch is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Processed and written into the inbox: acknowledge.
    Done,
    /// The order is locked by another transaction: stays with the lane for its next batch.
    Locked,
    /// The broker does not accept its retry or dead letter, since that queue is full: stays with the lane.
    Held,
    /// Its work is paused: a row of `paused_message` keeps it, and no batch has seen it. Acknowledge.
    Paused,
    /// The order is not there yet: next retry tier, attempt + 1; after the last tier a dead letter.
    RetryLater,
    /// The database refuses only this message and accepts other writes: next retry tier, attempt + 1; after the
    /// last tier a dead letter.
    DatabaseRefuses(Rejection),
    /// A dead letter.
    Rejected(Rejection),
    /// The same message was rejected for the same reason before, and that letter is still in the queue: one is
    /// enough.
    RejectedBefore(Rejection),
}

impl Outcome {
    /// The [words](Outcome::word) of messages that go to a retry tier.
    pub const RETRY_WORDS: [&str; 2] = [RETRIED, REFUSED];

    /// A word for metrics and traces.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Locked | Outcome::Held => "locked",
            Outcome::Paused => "paused",
            Outcome::RetryLater => RETRIED,
            Outcome::DatabaseRefuses(_) => REFUSED,
            Outcome::Rejected(_) => "dead",
            Outcome::RejectedBefore(_) => "dead_already",
        }
    }

    /// The tier that a message with this outcome waits in after so many attempts; `None` where it does not wait, or has waited
    /// in the last one.
    pub fn retry_tier(&self, attempt: u32) -> Option<RetryTier> {
        matches!(self, Outcome::RetryLater | Outcome::DatabaseRefuses(_))
            .then(|| RetryTier::after(attempt))
            .flatten()
    }
}

/// The outcome of a message that failed alone. An error that is not known to come from the data (the shop's trigger, key or
/// check, or an unclassified error) counts as the message's own only if the database accepts other writes: one row is written and
/// removed.
///
/// # Errors
/// The failure itself, if the database accepts no other write either.
pub fn outcome_alone(
    connection: &mut MysqlConnection,
    failure: BatchError,
) -> Result<Outcome, BatchError> {
    if failure.kind() != ErrorKind::Unknown {
        return Ok(Outcome::Rejected(Rejection::new(RejectionReason::UnusableData, failure)));
    }
    match redelivery::probe(connection) {
        Ok(()) => {
            let rejection = Rejection::new(RejectionReason::DatabaseRefuses, failure);
            Ok(Outcome::DatabaseRefuses(rejection))
        }
        Err(_) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use order::RejectionReason;
    use queue::topology::RetryTier;

    use super::Outcome;
    use crate::message::Rejection;

    #[test]
    fn only_what_is_tried_again_waits_in_a_tier_and_after_the_last_one_nothing_does() {
        let rejection = || Rejection::new(RejectionReason::DatabaseRefuses, "1644");
        let last = u32::try_from(RetryTier::ALL.len()).unwrap();
        for outcome in [Outcome::RetryLater, Outcome::DatabaseRefuses(rejection())] {
            assert_eq!(outcome.retry_tier(0), Some(RetryTier::ALL[0]), "{outcome:?}");
            assert_eq!(outcome.retry_tier(last - 1), RetryTier::ALL.last().copied(), "{outcome:?}");
            assert_eq!(outcome.retry_tier(last), None, "{outcome:?}");
        }
        for outcome in [
            Outcome::Done,
            Outcome::Locked,
            Outcome::Held,
            Outcome::Paused,
            Outcome::Rejected(rejection()),
            Outcome::RejectedBefore(rejection()),
        ] {
            assert_eq!(outcome.retry_tier(0), None, "{outcome:?}");
        }
    }
}
