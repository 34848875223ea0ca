//! Calls to the database with a limit of time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tracing::{error, info};

use crate::processing::Processing;

/// How long a worker that stops waits for a call to the database.
const STOP_LIMIT: Duration = Duration::from_secs(7);

/// The sign that a call to the database goes on: it beats between transactions.
#[derive(Clone, Default)]
pub(crate) struct Pulse(Arc<Notify>);

impl Pulse {
    pub(crate) fn beat(&self) {
        self.0.notify_one();
    }

    /// Resolves when it has beaten since the last time.
    pub(crate) async fn felt(&self) {
        self.0.notified().await;
    }
}

/// The lane stopped, lost its connection, or left a stuck call to itself, before the batch came to
/// its end. Its messages are not acknowledged and come again.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl Processing {
    /// Runs `call` on a thread that may block, and waits as long as its pulse goes on: at most
    /// `worker.database_timeout` from beat to beat. Nothing can end a call that is stuck on a silent
    /// line, since neither diesel nor its client library has a time limit. It is left to itself and
    /// counted; should it end later, it has committed something that may be committed twice, and
    /// acknowledges nothing.
    pub(crate) async fn bounded<T: Send + 'static>(
        &self,
        what: &'static str,
        call: impl FnOnce(&Processing, &Pulse) -> T + Send + 'static,
    ) -> Result<T, Interrupted> {
        let began = Instant::now();
        let limit = self.config.worker.database_timeout;
        let pulse = Pulse::default();
        let (this, beating) = (self.clone(), pulse.clone());
        let mut task = tokio::task::spawn_blocking(move || call(&this, &beating));
        let stop = async {
            self.cancel.cancelled().await;
            tokio::time::sleep(STOP_LIMIT).await;
        };
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                ended = &mut task => return ended.map_err(|panic| {
                    error!(error = %panic, what, "panicked; it is done again");
                    Interrupted
                }),
                () = pulse.felt() => {}
                () = tokio::time::sleep(limit) => break,
                () = &mut stop => break,
            }
        }
        let stuck = self.health.stuck();
        error!(what, limit_ms = limit.as_millis(), "a database call is stuck and left to itself");
        tokio::spawn(async move {
            let _ = task.await;
            info!(what, seconds = began.elapsed().as_secs(), "a stuck database call has ended");
            drop(stuck);
        });
        Err(Interrupted)
    }
}
