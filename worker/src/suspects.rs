//! Redelivered messages, any of which may have killed the last worker.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Messages that this process has counted as suspects and not yet forgotten in the database. It
/// counts none twice: it lives, so what interrupted it, a lost connection or a stuck call, was not
/// the message.
#[derive(Clone, Default)]
pub(crate) struct Suspects(Arc<Inner>);

#[derive(Default)]
struct Inner {
    counted: Mutex<HashSet<String>>,
    one_at_a_time: Mutex<()>,
}

impl Suspects {
    /// Whether it was not there yet.
    pub(crate) fn insert(&self, message_id: &str) -> bool {
        self.0.counted.lock().unwrap_or_else(PoisonError::into_inner).insert(message_id.to_owned())
    }

    pub(crate) fn remove(&self, message_id: &str) {
        self.0.counted.lock().unwrap_or_else(PoisonError::into_inner).remove(message_id);
    }

    /// Held while a suspect is worked on, by one lane at a time: what is under way on another lane
    /// while this one kills the process would be counted with it, and buried without guilt.
    pub(crate) fn alone(&self) -> MutexGuard<'_, ()> {
        self.0.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
