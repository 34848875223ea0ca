//! What `/readyz` knows of the worker.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use metrics::gauge;
use store::Pool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Shared by all lanes and sweepers.
#[derive(Clone)]
pub(crate) struct Health(Arc<Inner>);

struct Inner {
    consuming: Vec<AtomicBool>,
    database: AtomicBool,
    changed: Notify,
    /// Calls to the database that were left to themselves and have not ended.
    stuck: AtomicUsize,
    answered: Mutex<Instant>,
    limits: StuckLimits,
    pool: Pool,
    hopeless: CancellationToken,
}

/// When stuck calls are a reason to start all over in a new process.
pub(crate) struct StuckLimits {
    /// So many at one time: each keeps a connection of the pool.
    pub(crate) calls: usize,
    /// Any, or a connection that is being made, while no call to the database has worked for so
    /// long.
    pub(crate) silence: Duration,
}

/// One stuck call; dropped when it has ended after all.
pub(crate) struct StuckCall(Health);

impl Drop for StuckCall {
    fn drop(&mut self) {
        let left = self.0.0.stuck.fetch_sub(1, Ordering::Relaxed) - 1;
        gauge!("worker_stuck_database_calls").set(u32::try_from(left).unwrap_or(u32::MAX));
    }
}

impl Health {
    pub(crate) fn new(lanes: usize, limits: StuckLimits, pool: Pool) -> Health {
        Health(Arc::new(Inner {
            consuming: (0..lanes).map(|_| AtomicBool::new(false)).collect(),
            database: AtomicBool::new(true),
            changed: Notify::new(),
            stuck: AtomicUsize::new(0),
            answered: Mutex::new(Instant::now()),
            limits,
            pool,
            hopeless: CancellationToken::new(),
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
        let mut answered = self.0.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if answers {
            *answered = Instant::now();
        } else if answered.elapsed() > self.0.limits.silence
            && (self.has_stuck_calls() || self.is_stuck_connecting())
        {
            self.0.hopeless.cancel();
        }
    }

    /// Counts a call that is stuck, until what is returned is dropped.
    pub(crate) fn stuck(&self) -> StuckCall {
        let stuck = self.0.stuck.fetch_add(1, Ordering::Relaxed) + 1;
        gauge!("worker_stuck_database_calls").set(u32::try_from(stuck).unwrap_or(u32::MAX));
        let call = StuckCall(self.clone());
        self.set_database(false);
        if stuck >= self.0.limits.calls {
            self.0.hopeless.cancel();
        }
        call
    }

    /// A call to the database is stuck.
    pub(crate) fn has_stuck_calls(&self) -> bool {
        self.0.stuck.load(Ordering::Relaxed) > 0
    }

    /// A connection that is being made gets no answer. The pool has threads for three: when all are
    /// stuck, a database that answers again is not noticed.
    fn is_stuck_connecting(&self) -> bool {
        self.0.pool.connecting() > Some(self.0.limits.silence)
    }

    /// Resolves when only another process can help.
    pub(crate) async fn hopeless(&self) {
        self.0.hopeless.cancelled().await;
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
