//! The circuit breaker of one merchant's gateway: whether it answers, and how long it is not queried.

use std::sync::Arc;
use std::time::{Duration, Instant};

use config::Merchant;
use service::backoff::Backoff;

use super::asking::{QueriedOrder, QueryFailure};
use super::report;

/// Pauses while a gateway does not answer.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How a gateway behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BreakerState {
    /// It answers.
    Answers,
    /// It cannot be reached, or reports an internal error.
    Away,
    /// It answers, and its answers cannot be used.
    Refuses,
}

/// The circuit breaker of one merchant's gateway: closed while it answers, half open for one probe at a time.
pub(super) struct CircuitBreaker {
    pub(super) merchant: Arc<Merchant>,
    state: BreakerState,
    backoff: Backoff,
    pause: Duration,
    left_alone_until: Option<Instant>,
}

impl CircuitBreaker {
    pub(super) fn new(merchant: Arc<Merchant>) -> CircuitBreaker {
        CircuitBreaker {
            merchant,
            state: BreakerState::Answers,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            pause: FIRST_PAUSE,
            left_alone_until: None,
        }
    }

    /// How many queries it may get now: `chunk`, one as a probe, or none.
    pub(super) fn share(&self, chunk: i64) -> Option<i64> {
        match self.left_alone_until {
            Some(until) if until > Instant::now() => None,
            _ if self.state == BreakerState::Answers => Some(chunk),
            _ => Some(1),
        }
    }

    /// How long a query that failed waits.
    pub(super) fn pause(&self) -> Duration {
        self.pause
    }

    /// Takes in the results of its own queries among a chunk. One usable answer is enough for a gateway that
    /// answers: it gets its full share again, and failures beside it are matters of single orders. Without
    /// any, the gateway is not queried for a pause, which doubles each time.
    ///
    /// Logs a change of state once. An answer that cannot be used, beside others that can, is no change of
    /// state and logged with each chunk.
    pub(super) fn observe(&mut self, asked: &[QueriedOrder]) {
        let mut answered = false;
        let mut worst: Option<(&QueryFailure, &str)> = None;
        for one in asked.iter().filter(|one| one.claimed.due.merchant == self.merchant.name) {
            match &one.result {
                // There was an answer; the gateway is not the reason that the broker did not accept it.
                Err(failure) if failure.is_of_the_broker => answered = true,
                Ok(_) => answered = true,
                // An unusable answer says more than a missing one.
                Err(failure) if worst.is_none_or(|(known, _)| known.is_transient) => {
                    worst = Some((failure, &one.claimed.due.order_id));
                }
                Err(_) => {}
            }
        }
        let failed = worst.map(|(failure, _)| match failure.is_transient {
            true => BreakerState::Away,
            false => BreakerState::Refuses,
        });
        // One answer of many that did not come changes nothing; one that cannot be used is reported.
        if let (Some((failure, order)), Some(failed)) = (worst, failed)
            && self.state != failed
            && (!answered || failed == BreakerState::Refuses)
        {
            report(&self.merchant.name, self.state, Some(failure), order);
        }
        match (answered, failed) {
            // None of the queries was for this gateway.
            (false, None) => {}
            (false, Some(failed)) => {
                self.pause = self.backoff.next_pause();
                self.left_alone_until = Some(Instant::now() + self.pause);
                self.state = failed;
            }
            (true, failed) => {
                if failed.is_none() {
                    report(&self.merchant.name, self.state, None, "");
                }
                self.backoff.start_over();
                self.pause = FIRST_PAUSE;
                self.left_alone_until = None;
                self.state = BreakerState::Answers;
            }
        }
    }
}
