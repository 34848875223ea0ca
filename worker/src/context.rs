//! What lanes and sweepers share, and how they call the database.

use std::sync::Arc;
use std::time::Duration;

use config::Config;
use queue::topology::Layout;
use queue::{Cluster, Publisher};
use store::Pool;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::health::WorkerHealth;
use crate::lane::dead_queue::DeadQueueProbe;
use crate::lane::redelivery::RedeliveryCounts;
use crate::pauses::KnownPauses;

/// What every lane and every sweeper works with.
#[derive(Clone)]
pub(crate) struct WorkerContext {
    /// The configuration at the start.
    pub(crate) config: Arc<Config>,
    /// The same with the current merchants.
    pub(crate) current: watch::Receiver<Arc<Config>>,
    pub(crate) pool: Pool,
    pub(crate) cluster: Cluster,
    pub(crate) publisher: Publisher,
    pub(crate) health: WorkerHealth,
    pub(crate) cancel: CancellationToken,
    pub(crate) redeliveries: RedeliveryCounts,
    pub(crate) dead_queue: DeadQueueProbe,
    /// What operators let wait.
    pub(crate) pauses: KnownPauses,
    /// Wakes the query sweeper when goods may wait for an answer of the gateway.
    pub(crate) wake_queries: Arc<Notify>,
}

/// How long a worker that stops waits for a call to the database.
const STOP_LIMIT: Duration = Duration::from_secs(7);

/// The lane stopped, lost its connection to the broker, or cannot go on, before the batch came to
/// its end. Its messages are not acknowledged and come again.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl WorkerContext {
    /// What of the broker's topology depends on the configuration.
    pub(crate) fn layout(&self) -> Layout {
        Layout::configured(&self.config)
    }

    /// Runs `call` on a thread that may block, and waits for its end. It ends: each statement does
    /// within `worker.database_timeout`. Only a worker that stops does not wait that long; what the
    /// call commits after that is not acknowledged, and is repeated without effect.
    pub(crate) async fn on_database<T: Send + 'static>(
        &self,
        what: &'static str,
        call: impl FnOnce(&WorkerContext) -> T + Send + 'static,
    ) -> Result<T, Interrupted> {
        let this = self.clone();
        let mut task = tokio::task::spawn_blocking(move || call(&this));
        let stop = async {
            self.cancel.cancelled().await;
            tokio::time::sleep(STOP_LIMIT).await;
        };
        tokio::select! {
            biased;
            ended = &mut task => ended.map_err(|panic| {
                error!(error = %panic, what, "panicked; it is done again");
                Interrupted
            }),
            () = stop => Err(Interrupted),
        }
    }
}
