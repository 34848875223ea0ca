//! What `/readyz` knows of the worker.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alipay::format_beijing;
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use store::{ErrorKind, StoreError};
use tokio::sync::Notify;

use crate::clocks::MessageClock;

/// Shared by all lanes and sweepers.
#[derive(Clone)]
pub(crate) struct WorkerHealth(Arc<Inner>);

struct Inner {
    lanes: Mutex<Vec<LaneState>>,
    consuming: Notify,
    troubles: Mutex<BTreeMap<DatabaseUser, String>>,
    read_only: Mutex<Option<ReadOnly>>,
    message_clock: MessageClock,
}

/// What one lane does now.
#[derive(Debug, Clone, Copy, Default)]
struct LaneState {
    /// It has a consumer.
    is_consuming: bool,
    /// Messages that it has taken from the queue and not acknowledged: a batch, and what stayed of those before. Not visible
    /// over AMQP.
    messages: usize,
    /// Since when it has always had unfinished messages.
    busy_since: Option<Instant>,
    /// Messages whose retries or dead letters the broker does not take.
    held: usize,
}

/// Who uses the database. Each reports its own calls only: a sweeper that can read does not prove that a lane can
/// write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DatabaseUser {
    Lane(usize),
    Restock,
    Heartbeat,
}

/// The database accepts no writes.
#[derive(Debug)]
struct ReadOnly {
    since: DateTime<Utc>,
    /// The server's message.
    error: String,
}

impl WorkerHealth {
    pub(crate) fn new(lanes: usize) -> WorkerHealth {
        WorkerHealth(Arc::new(Inner {
            lanes: Mutex::new(vec![LaneState::default(); lanes]),
            consuming: Notify::new(),
            troubles: Mutex::default(),
            read_only: Mutex::default(),
            message_clock: MessageClock::default(),
        }))
    }

    /// A lane has a consumer, or has lost it.
    pub(crate) fn set_consuming(&self, lane: usize, consuming: bool) {
        self.change_lane(lane, |state| state.is_consuming = consuming);
        self.0.consuming.notify_waiters();
    }

    /// A lane holds this number of messages. Returns how many all lanes hold.
    pub(crate) fn set_held(&self, lane: usize, held: usize) -> usize {
        self.change_lane(lane, |state| state.held = held);
        self.held()
    }

    /// A lane has this number of unfinished messages now.
    pub(crate) fn set_unfinished(&self, lane: usize, messages: usize) {
        self.change_lane(lane, |state| {
            state.messages = messages;
            let since = state.busy_since.unwrap_or_else(Instant::now);
            state.busy_since = (messages > 0).then_some(since);
        });
    }

    /// How many unfinished messages all lanes have, and how long the slowest lane has had some.
    pub(crate) fn unfinished(&self) -> (usize, Duration) {
        let lanes = self.0.lanes.lock();
        let slowest = lanes.iter().filter_map(|lane| lane.busy_since).min();
        let messages = lanes.iter().map(|lane| lane.messages).sum();
        (messages, slowest.map_or(Duration::ZERO, |since| since.elapsed()))
    }

    fn change_lane(&self, lane: usize, change: impl FnOnce(&mut LaneState)) {
        if let Some(state) = self.0.lanes.lock().get_mut(lane) {
            change(state);
        }
    }

    /// The times in messages.
    pub(crate) fn message_clock(&self) -> &MessageClock {
        &self.0.message_clock
    }

    /// How many messages the broker keeps all lanes from finishing.
    pub(crate) fn held(&self) -> usize {
        self.0.lanes.lock().iter().map(|lane| lane.held).sum()
    }

    /// The latest call of this user succeeded. One lane's success clears the problem of all lanes: they run the same
    /// statements, and another lane may have worked on the messages that one had to give back.
    pub(crate) fn database_works(&self, user: DatabaseUser) {
        self.0.troubles.lock().retain(|other, _| match (user, other) {
            (DatabaseUser::Lane(_), DatabaseUser::Lane(_)) => false,
            (user, other) => user != *other,
        });
        if let DatabaseUser::Lane(_) = user {
            self.0.read_only.lock().take();
        }
    }

    /// The heartbeat was written: the database accepts writes again.
    pub(crate) fn database_writes(&self) {
        self.database_works(DatabaseUser::Heartbeat);
        self.0.read_only.lock().take();
    }

    /// The latest call of this user failed, and not because of the data. Returns whether that is new: no user had this problem
    /// before.
    pub(crate) fn database_fails(&self, user: DatabaseUser, error: &StoreError) -> bool {
        if error.is_read_only() {
            let error = error.to_string();
            self.0.read_only.lock().get_or_insert(ReadOnly { since: Utc::now(), error });
        }
        let trouble = describe(error);
        let mut troubles = self.0.troubles.lock();
        let is_news = !troubles.values().any(|known| *known == trouble);
        troubles.insert(user, trouble);
        is_news
    }

    /// Every lane has a consumer.
    pub(crate) fn is_consuming(&self) -> bool {
        self.0.lanes.lock().iter().all(|lane| lane.is_consuming)
    }

    /// What is wrong with the database, as far as the latest calls show, or with the queues for retries and dead
    /// letters.
    pub(crate) fn trouble(&self) -> Option<String> {
        // Meanwhile connections are dropped, and calls fail in consequence: the cause is what is reported.
        let read_only = self.0.read_only.lock().as_ref().map(ReadOnly::text);
        if read_only.is_some() {
            return read_only;
        }
        let database = self.0.troubles.lock().values().next().cloned();
        let held = self.held();
        let broker = (held > 0).then(|| {
            format!("the broker takes no retries or dead letters: {held} messages wait here, a queue is full")
        });
        database.or(broker)
    }

    /// Resolves when every lane consumes.
    pub(crate) async fn all_consuming(&self) {
        loop {
            let changed = self.0.consuming.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.is_consuming() {
                return;
            }
            changed.await;
        }
    }
}

impl ReadOnly {
    fn text(&self) -> String {
        let since = format_beijing(self.since);
        format!("the database is read-only since {since} (Beijing time): {}", self.error)
    }
}

fn describe(error: &StoreError) -> String {
    match error.kind() {
        ErrorKind::Statement => {
            let statement = error.statement().unwrap_or("a statement");
            format!("the database refuses a statement of this version: {error} ({statement})")
        }
        ErrorKind::Infrastructure => format!("the database does not answer: {error}"),
        ErrorKind::Data | ErrorKind::Unknown => format!("the database refuses: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use store::StoreError;

    use super::{DatabaseUser, WorkerHealth};

    #[test]
    fn a_lane_is_busy_since_its_first_unfinished_message() {
        let health = WorkerHealth::new(2);
        assert_eq!(health.unfinished(), (0, Duration::ZERO));
        health.set_unfinished(0, 3);
        health.set_unfinished(1, 2);
        let (messages, first) = health.unfinished();
        assert_eq!(messages, 5);
        // Other messages join, one stays: it is the same wait.
        health.set_unfinished(0, 1);
        let (messages, then) = health.unfinished();
        assert!(messages == 3 && then >= first, "{then:?}");
        health.set_unfinished(0, 0);
        health.set_unfinished(1, 0);
        assert_eq!(health.unfinished(), (0, Duration::ZERO));
        health.set_unfinished(9, 1);
        assert_eq!(health.unfinished(), (0, Duration::ZERO));
    }

    #[test]
    fn a_working_user_does_not_hide_a_failing_one() {
        let health = WorkerHealth::new(2);
        assert_eq!(health.trouble(), None);
        health.database_fails(DatabaseUser::Lane(0), &StoreError::Pool("no".to_owned()));
        health.database_works(DatabaseUser::Restock);
        let trouble = health.trouble().unwrap();
        assert!(trouble.contains("does not answer"), "{trouble}");
        health.database_works(DatabaseUser::Lane(1));
        assert_eq!(health.trouble(), None);
    }
}
