//! Which failures of repeated work are logged: the first, one a minute, and the recovery.

use std::time::{Duration, Instant};

use service::outage::REMINDER;
use tracing::{debug, info, warn};

use crate::batch::BatchError;

/// Deadlocks in a row that are normal between concurrent transactions, and are not logged.
const DEADLOCKS: u32 = 5;

/// The failures of one lane's batch, or of one sweeper, since it last worked.
#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    began: Option<Instant>,
    logged: Option<Instant>,
    deadlocks: u32,
}

impl FailureLog {
    /// It failed again. Returns whether to log it; an outage is logged by the connections instead.
    pub(crate) fn failed(&mut self, error: &BatchError, now: Instant) -> bool {
        self.began.get_or_insert(now);
        if matches!(error, BatchError::Store(error) if error.is_deadlock()) {
            self.deadlocks += 1;
            if self.deadlocks <= DEADLOCKS {
                return false;
            }
        }
        let is_due =
            self.logged.is_none_or(|logged| now.saturating_duration_since(logged) >= REMINDER);
        let is_logged = is_due && !error.is_outage();
        if is_logged {
            self.logged = Some(now);
        }
        is_logged
    }

    /// A lane's batch failed again.
    pub(crate) fn batch_failed(&mut self, lane: usize, messages: usize, error: &BatchError) {
        if self.failed(error, Instant::now()) {
            warn!(%error, lane, messages, "the batch could not be finished and is tried again");
        } else {
            debug!(%error, lane, messages, "the batch could not be finished and is tried again");
        }
    }

    /// A lane's batch succeeded.
    pub(crate) fn batch_worked(&mut self, lane: usize) {
        if let Some(lasted) = self.worked(Instant::now()) {
            info!(lane, seconds = lasted.as_secs(), "the batch is finished now");
        }
    }

    /// It succeeded. Returns how long it had failed, if that was logged.
    pub(crate) fn worked(&mut self, now: Instant) -> Option<Duration> {
        let FailureLog { began, logged, .. } = std::mem::take(self);
        logged.and(began).map(|began| now.saturating_duration_since(began))
    }
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
    use queue::PublishError;
    use store::StoreError;

    use super::*;

    #[derive(Debug)]
    struct Number(&'static str);

    impl DatabaseErrorInformation for Number {
        fn message(&self) -> &'static str {
            "words"
        }
        /// As crate `store` puts it there.
        fn details(&self) -> Option<&str> {
            Some(self.0)
        }
        fn hint(&self) -> Option<&str> {
            None
        }
        fn table_name(&self) -> Option<&str> {
            None
        }
        fn column_name(&self) -> Option<&str> {
            None
        }
        fn constraint_name(&self) -> Option<&str> {
            None
        }
        fn statement_position(&self) -> Option<i32> {
            None
        }
    }

    fn server(number: &'static str) -> BatchError {
        let error =
            DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(Number(number)));
        BatchError::Store(error.into())
    }

    fn closed() -> BatchError {
        let kind = DatabaseErrorKind::ClosedConnection;
        BatchError::Store(DieselError::DatabaseError(kind, Box::new(Number(""))).into())
    }

    #[test]
    fn a_deadlock_that_succeeds_on_retry_is_not_logged() {
        let (mut trouble, now) = (FailureLog::default(), Instant::now());
        for _ in 0..3 {
            for _ in 0..DEADLOCKS {
                assert!(!trouble.failed(&server("1213"), now));
            }
            assert_eq!(trouble.worked(now), None);
        }
        // Deadlocks that never end are logged.
        let logged = (0..100).filter(|_| trouble.failed(&server("1213"), now)).count();
        assert_eq!(logged, 1);
        assert_eq!(trouble.worked(now + REMINDER), Some(REMINDER));
    }

    #[test]
    fn outages_are_not_logged_here() {
        let (mut trouble, now) = (FailureLog::default(), Instant::now());
        for error in [
            BatchError::Store(StoreError::Away("no".to_owned())),
            BatchError::Store(StoreError::Refused("no".to_owned())),
            closed(),
            BatchError::Publish(PublishError::NotConnected),
        ] {
            assert!(!trouble.failed(&error, now), "{error}");
        }
        assert_eq!(trouble.worked(now), None);
    }

    #[test]
    fn other_failures_are_logged_at_once_and_then_once_a_minute() {
        for error in [
            server("1290"),
            server("1205"),
            BatchError::Store(StoreError::Pool("none was free".to_owned())),
            BatchError::Publish(PublishError::Nacked),
        ] {
            let (mut trouble, start) = (FailureLog::default(), Instant::now());
            let seconds = |number| start + Duration::from_secs(number);
            let logged: Vec<u64> =
                (0..150).filter(|at| trouble.failed(&error, seconds(*at))).collect();
            assert_eq!(logged, [0, 60, 120], "{error}");
            assert_eq!(trouble.worked(seconds(150)), Some(Duration::from_secs(150)));
            assert_eq!(trouble.worked(seconds(151)), None);
        }
    }
}
