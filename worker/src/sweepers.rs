//! Sweepers: what a worker does without a message, beside its lanes. Each sweeps and pauses until the worker stops.

pub(crate) mod gauges;
pub(crate) mod heartbeat;
pub(crate) mod merchant_watch;
pub(crate) mod open_rows;
pub(crate) mod outbox_relay;
pub(crate) mod pauses;
pub(crate) mod queries;
pub(crate) mod refunds;
pub(crate) mod restock;
pub(crate) mod retention;
pub(crate) mod retry_watch;
pub(crate) mod stock_watch;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use config::{Config, Merchant};
use gateway::Gateway;
use tokio::sync::Notify;
use tracing::{debug, info, warn};

use crate::batch::BatchError;
use crate::context::{Interrupted, WorkerContext};
use crate::failure_log::FailureLog;

pub use queries::UNCONFIRMED_AFTER;

/// The pause between two sweeps.
pub(crate) const INTERVAL: Duration = Duration::from_secs(1);

/// Why a sweep did not come to its end.
#[derive(Debug)]
pub(crate) enum Unswept {
    /// The worker stops, or the sweep panicked: logged where it happened.
    Interrupted,
    /// The database or the broker did not do its part.
    Failed(BatchError),
}

impl From<Interrupted> for Unswept {
    fn from(_: Interrupted) -> Unswept {
        Unswept::Interrupted
    }
}

impl From<BatchError> for Unswept {
    fn from(error: BatchError) -> Unswept {
        Unswept::Failed(error)
    }
}

/// The sweeps of one sweeper, and the pauses between them.
///
/// ```text
/// while sweeper.wait().await {
///     let swept = ...;
///     sweeper.ended(swept);
/// }
/// ```
pub(crate) struct Sweeper<'a> {
    name: &'static str,
    context: &'a WorkerContext,
    pause: Duration,
    failing: bool,
    trouble: FailureLog,
}

impl<'a> Sweeper<'a> {
    /// `name` is what the log calls it.
    pub(crate) fn new(name: &'static str, context: &'a WorkerContext) -> Sweeper<'a> {
        Sweeper { name, context, pause: INTERVAL, failing: false, trouble: FailureLog::default() }
    }

    /// Waits for the next sweep; `false` when the worker stops.
    pub(crate) async fn wait(&self) -> bool {
        tokio::select! {
            () = tokio::time::sleep(self.pause) => true,
            () = self.context.cancel.cancelled() => false,
        }
    }

    /// The same, and the sweep comes at once when `wake` is notified. A sweeper that cannot work keeps
    /// its pause.
    pub(crate) async fn wait_or_woken(&self, wake: &Notify) -> bool {
        if self.failing {
            return self.wait().await;
        }
        tokio::select! {
            more = self.wait() => more,
            () = wake.notified() => true,
        }
    }

    /// A sweep that is one call to the database. A worker that stops waits for it.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        sweep: impl FnOnce(&WorkerContext) -> Result<T, BatchError> + Send + 'static,
    ) -> Result<T, Unswept> {
        Ok(self.context.on_database(self.name, sweep).await??)
    }

    /// Takes the end of a sweep, with the pause that follows it. That the sweeper cannot work is logged
    /// once, then once a minute, and when it works again; an outage of database or broker is logged by their connections.
    pub(crate) fn ended(&mut self, swept: Result<Duration, Unswept>) {
        self.pause = *swept.as_ref().unwrap_or(&INTERVAL);
        match swept {
            Ok(_) => {
                self.failing = false;
                if let Some(lasted) = self.trouble.worked(Instant::now()) {
                    info!(seconds = lasted.as_secs(), "{} works again", self.name);
                }
            }
            Err(Unswept::Interrupted) => {}
            Err(Unswept::Failed(error)) => {
                self.failing = true;
                if self.trouble.failed(&error, Instant::now()) {
                    warn!(%error, "{} cannot work; it goes on trying", self.name);
                } else {
                    debug!(%error, "{} cannot work", self.name);
                }
            }
        }
    }
}

/// How long rows are leased for calls of the gateway. Rows are called about in `rounds`, each row needs up to `calls` calls of at
/// most `timeout`, and the last row must still be under its lease when its answer is published and recorded.
fn lease(timeout: Duration, rounds: usize, calls: u32) -> Duration {
    const MARGIN: Duration = Duration::from_secs(10);
    let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
    timeout.saturating_mul(rounds.saturating_mul(calls)).saturating_add(MARGIN)
}

/// A pause as long as what waits is old, so that pauses double; not below `first` nor above `longest`.
fn doubling_pause(age: TimeDelta, first: TimeDelta, longest: TimeDelta) -> TimeDelta {
    age.clamp(first, longest)
}

/// The merchants whose gateway can be asked.
fn askable(config: &Config) -> impl Iterator<Item = Arc<Merchant>> {
    let merchants = config.merchants.values().filter(|it| Gateway::can_ask(it).is_ok());
    merchants.map(|merchant| Arc::new(merchant.clone()))
}

/// A number for a gauge.
fn as_metric(number: i64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::lease;

    #[test]
    fn a_lease_outlasts_every_call_of_every_round() {
        let timeout = Duration::from_secs(8);
        for (rounds, calls) in [(1, 1), (4, 2), (16, 3)] {
            let all = timeout * u32::try_from(rounds).unwrap() * calls;
            assert!(lease(timeout, rounds, calls) > all, "{rounds} {calls}");
        }
        assert!(lease(Duration::MAX, usize::MAX, 2) == Duration::MAX);
    }
}
