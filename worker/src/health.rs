//! What `/readyz` knows of the worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Shared by all lanes and sweepers.
#[derive(Clone)]
pub(crate) struct Health(Arc<Inner>);

struct Inner {
    consuming: Vec<AtomicBool>,
    database: AtomicBool,
    changed: Notify,
}

impl Health {
    pub(crate) fn new(lanes: usize) -> Health {
        Health(Arc::new(Inner {
            consuming: (0..lanes).map(|_| AtomicBool::new(false)).collect(),
            database: AtomicBool::new(true),
            changed: Notify::new(),
        }))
    }

    /// A lane has a consumer, or has lost it.
    pub(crate) fn set_consuming(&self, lane: usize, consuming: bool) {
        if let Some(flag) = self.0.consuming.get(lane) {
            flag.store(consuming, Ordering::Relaxed);
            self.0.changed.notify_waiters();
        }
    }

    /// The last call to the database worked, or failed for a reason that is not the data's.
    pub(crate) fn set_database(&self, answers: bool) {
        self.0.database.store(answers, Ordering::Relaxed);
    }

    /// Every lane has a consumer.
    pub(crate) fn is_consuming(&self) -> bool {
        self.0.consuming.iter().all(|flag| flag.load(Ordering::Relaxed))
    }

    /// The last call to the database worked.
    pub(crate) fn database_answers(&self) -> bool {
        self.0.database.load(Ordering::Relaxed)
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
