//! What the outcome of a refund makes of its request.

use gateway::RefundOutcome;
use order::{RefundRequestState, RepeatedBy};

/// The state of the request after this outcome; `by` is who repeats one that could not be sent.
pub fn refund_state(outcome: &RefundOutcome, by: RepeatedBy) -> RefundRequestState {
    match outcome {
        RefundOutcome::Made(_) => RefundRequestState::Accepted,
        RefundOutcome::Refused { .. } => RefundRequestState::Refused,
        RefundOutcome::Unsent { .. } => RefundRequestState::unsent(by),
        RefundOutcome::Unknown { .. } => RefundRequestState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use order::RefundRequestState::{Accepted, Asked, Refused, Unknown};
    use order::RepeatedBy::{Operator, Worker};

    use super::refund_state;
    use gateway::{RefundOutcome, RefundProof};

    #[test]
    fn the_outcome_decides_the_state_of_the_request() {
        let proof = RefundProof {
            asked_at: chrono::DateTime::UNIX_EPOCH,
            charset: alipay::Charset::Utf8,
            refund: None,
            refund_query: None,
            refunded: None,
        };
        let reason = || "timeout: no answer".to_owned();
        for (outcome, of_worker, of_operator) in [
            (RefundOutcome::Made(proof), Accepted, Accepted),
            (RefundOutcome::Refused { reason: reason() }, Refused, Refused),
            (RefundOutcome::Unsent { reason: reason() }, Asked, Refused),
            (RefundOutcome::Unknown { reason: reason() }, Unknown, Unknown),
        ] {
            assert_eq!(refund_state(&outcome, Worker), of_worker, "{outcome:?}");
            assert_eq!(refund_state(&outcome, Operator), of_operator, "{outcome:?}");
            assert_eq!(outcome.reason().is_none(), of_worker == Accepted, "{outcome:?}");
        }
    }
}
