//! What `/readyz` knows of the worker.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use alipay::format_beijing;
use chrono::{DateTime, Utc};
use store::{Fault, StoreError};
use tokio::sync::Notify;

use crate::clocks::MessageClock;
use crate::lane::in_hand::InHand;

/// Shared by all lanes and sweepers.
#[derive(Clone)]
pub(crate) struct Health(Arc<Inner>);

struct Inner {
    consuming: Vec<AtomicBool>,
    changed: Notify,
    troubles: Mutex<BTreeMap<User, String>>,
    read_only: Mutex<Option<ReadOnly>>,
    in_hand: InHand,
    message_clock: MessageClock,
    /// Messages that each lane holds since the broker does not take their retries or dead letters.
    held: Vec<AtomicUsize>,
}

/// Who uses the database. Each reports its own calls only: a sweeper that can read does not prove that a lane can
/// write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum User {
    Lane(usize),
    Restock,
    Heartbeat,
}

/// The database takes no writes.
#[derive(Debug)]
struct ReadOnly {
    since: DateTime<Utc>,
    /// The server's message.
    error: String,
}

impl Health {
    pub(crate) fn new(lanes: usize) -> Health {
        Health(Arc::new(Inner {
            consuming: (0..lanes).map(|_| AtomicBool::new(false)).collect(),
            changed: Notify::new(),
            troubles: Mutex::default(),
            read_only: Mutex::default(),
            in_hand: InHand::new(lanes),
            message_clock: MessageClock::default(),
            held: (0..lanes).map(|_| AtomicUsize::new(0)).collect(),
        }))
    }

    /// A lane has a consumer, or has lost it.
    pub(crate) fn set_consuming(&self, lane: usize, consuming: bool) {
        if let Some(flag) = self.0.consuming.get(lane) {
            flag.store(consuming, Ordering::Relaxed);
            self.0.changed.notify_waiters();
        }
    }

    /// A lane holds so many messages. Returns how many all lanes hold.
    pub(crate) fn set_held(&self, lane: usize, held: usize) -> usize {
        if let Some(count) = self.0.held.get(lane) {
            count.store(held, Ordering::Relaxed);
        }
        self.held()
    }

    /// The messages that lanes have taken and not acknowledged.
    pub(crate) fn in_hand(&self) -> &InHand {
        &self.0.in_hand
    }

    /// The times in messages.
    pub(crate) fn message_clock(&self) -> &MessageClock {
        &self.0.message_clock
    }

    /// How many messages the broker keeps all lanes from finishing.
    pub(crate) fn held(&self) -> usize {
        self.0.held.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// The latest call of this user succeeded. One lane's success clears the trouble of all lanes: they run the same
    /// statements, and another lane may have worked on the messages that one had to give back.
    pub(crate) fn database_works(&self, user: User) {
        self.troubles(|troubles| {
            troubles.retain(|other, _| match (user, other) {
                (User::Lane(_), User::Lane(_)) => false,
                (user, other) => user != *other,
            });
        });
        if let User::Lane(_) = user {
            self.read_only(Option::take);
        }
    }

    /// The heartbeat was written: the database takes writes again.
    pub(crate) fn database_writes(&self) {
        self.database_works(User::Heartbeat);
        self.read_only(Option::take);
    }

    /// The latest call of this user failed, and not because of the data. Returns whether that is new: no user had this
    /// trouble before.
    pub(crate) fn database_fails(&self, user: User, error: &StoreError) -> bool {
        if error.is_read_only() {
            let error = error.to_string();
            self.read_only(|known| {
                known.get_or_insert(ReadOnly { since: Utc::now(), error }).since
            });
        }
        let trouble = describe(error);
        self.troubles(|troubles| {
            let is_news = !troubles.values().any(|known| *known == trouble);
            troubles.insert(user, trouble);
            is_news
        })
    }

    fn troubles<T>(&self, change: impl FnOnce(&mut BTreeMap<User, String>) -> T) -> T {
        change(&mut self.0.troubles.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read_only<T>(&self, change: impl FnOnce(&mut Option<ReadOnly>) -> T) -> T {
        change(&mut self.0.read_only.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every lane has a consumer.
    pub(crate) fn is_consuming(&self) -> bool {
        self.0.consuming.iter().all(|flag| flag.load(Ordering::Relaxed))
    }

    /// What is wrong with the database, as far as the latest calls show, or with the queues for retries and dead
    /// letters.
    pub(crate) fn trouble(&self) -> Option<String> {
        // Meanwhile connections are dropped, and calls fail in consequence: the cause is what is reported.
        let read_only = self.read_only(|known| known.as_ref().map(ReadOnly::text));
        if read_only.is_some() {
            return read_only;
        }
        let database = self.troubles(|troubles| troubles.values().next().cloned());
        let held = self.held();
        let broker = (held > 0).then(|| {
            format!("the broker takes no retries or dead letters: {held} messages wait here, a queue is full")
        });
        database.or(broker)
    }

    /// Resolves when every lane consumes.
    pub(crate) async fn all_consuming(&self) {
        loop {
            let changed = self.0.changed.notified();
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
    match error.fault() {
        Fault::Statement => {
            let statement = error.statement().unwrap_or("a statement");
            format!("the database refuses a statement of this version: {error} ({statement})")
        }
        Fault::Infrastructure => format!("the database does not answer: {error}"),
        Fault::Data | Fault::Unknown => format!("the database refuses: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use store::StoreError;

    use super::{Health, User};

    #[test]
    fn a_working_user_does_not_hide_a_failing_one() {
        let health = Health::new(2);
        assert_eq!(health.trouble(), None);
        health.database_fails(User::Lane(0), &StoreError::Pool("no".to_owned()));
        health.database_works(User::Restock);
        let trouble = health.trouble().unwrap();
        assert!(trouble.contains("does not answer"), "{trouble}");
        health.database_works(User::Lane(1));
        assert_eq!(health.trouble(), None);
    }
}
