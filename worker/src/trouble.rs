//! Which failures of work that is repeated are logged: the first, one a minute, and the end.

use std::time::{Duration, Instant};

use tracing::{debug, info, warn};

use crate::batch::BatchError;

/// The pause between two lines about the same trouble.
const REMINDER: Duration = Duration::from_secs(60);

/// So many deadlocks in a row are what happens to transactions that meet: one of the two is repeated.
const DEADLOCKS: u32 = 5;

/// The failures of one lane's batch, or of one sweeper, since it last worked.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    began: Option<Instant>,
    told: Option<Instant>,
    deadlocks: u32,
}

impl Trouble {
    /// It failed again. Whether that is worth a line: an outage is told by the connections.
    pub(crate) fn failed(&mut self, error: &BatchError, now: Instant) -> bool {
        self.began.get_or_insert(now);
        if matches!(error, BatchError::Store(error) if error.is_deadlock()) {
            self.deadlocks += 1;
            if self.deadlocks <= DEADLOCKS {
                return false;
            }
        }
        let is_due = self.told.is_none_or(|told| now.saturating_duration_since(told) >= REMINDER);
        let is_told = is_due && !error.is_outage();
        if is_told {
            self.told = Some(now);
        }
        is_told
    }

    /// A lane's batch failed again.
    pub(crate) fn batch_failed(&mut self, lane: usize, messages: usize, error: &BatchError) {
        if self.failed(error, Instant::now()) {
            warn!(%error, lane, messages, "the batch could not be finished and is tried again");
        } else {
            debug!(%error, lane, messages, "the batch could not be finished and is tried again");
        }
    }

    /// A lane's batch came to its end.
    pub(crate) fn batch_worked(&mut self, lane: usize) {
        if let Some(lasted) = self.worked(Instant::now()) {
            info!(lane, seconds = lasted.as_secs(), "the batch is finished now");
        }
    }

    /// It worked. How long it did not, where that was told.
    pub(crate) fn worked(&mut self, now: Instant) -> Option<Duration> {
        let Trouble { began, told, .. } = std::mem::take(self);
        told.and(began).map(|began| now.saturating_duration_since(began))
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
    fn a_deadlock_that_is_repeated_and_succeeds_is_no_line() {
        let (mut trouble, now) = (Trouble::default(), Instant::now());
        for _ in 0..3 {
            for _ in 0..DEADLOCKS {
                assert!(!trouble.failed(&server("1213"), now));
            }
            assert_eq!(trouble.worked(now), None);
        }
        // One that never ends is.
        let told = (0..100).filter(|_| trouble.failed(&server("1213"), now)).count();
        assert_eq!(told, 1);
        assert_eq!(trouble.worked(now + REMINDER), Some(REMINDER));
    }

    #[test]
    fn an_outage_is_told_by_the_connections() {
        let (mut trouble, now) = (Trouble::default(), Instant::now());
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
    fn anything_else_has_a_line_at_once_and_one_a_minute() {
        for error in [
            server("1290"),
            server("1205"),
            BatchError::Store(StoreError::Pool("none was free".to_owned())),
            BatchError::Publish(PublishError::Nacked),
        ] {
            let (mut trouble, start) = (Trouble::default(), Instant::now());
            let seconds = |number| start + Duration::from_secs(number);
            let told: Vec<u64> =
                (0..150).filter(|at| trouble.failed(&error, seconds(*at))).collect();
            assert_eq!(told, [0, 60, 120], "{error}");
            assert_eq!(trouble.worked(seconds(150)), Some(Duration::from_secs(150)));
            assert_eq!(trouble.worked(seconds(151)), None);
        }
    }
}
