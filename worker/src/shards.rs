//! Which shards the lanes consume: those of the configuration, and all others whose queues are there.
//!
//! The others are of a time when `queue.shards` was larger, or of an ingress whose configuration is ahead of this one. A list of
//! them in the configuration could be forgotten; what the broker has cannot.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use queue::topology::{self, ShardCount};
use queue::{Cluster, Connection, ConnectionError, ConnectionSettings, supervise};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// Between two looks. So long a message of an ingress that is ahead waits at most before it is taken.
const PAUSE: Duration = Duration::from_secs(10);

/// The shards to consume, as lanes watch them.
pub(crate) struct ConsumedShards {
    configured: ShardCount,
    there: watch::Sender<BTreeSet<u32>>,
}

impl ConsumedShards {
    /// Those of the configuration; [`ConsumedShards::keep`] finds the others.
    pub(crate) fn new(configured: ShardCount) -> Arc<ConsumedShards> {
        let there = watch::Sender::new(configured.shards().collect());
        Arc::new(ConsumedShards { configured, there })
    }

    /// For a lane. It changes with each look, also where nothing new was found.
    pub(crate) fn watch(&self) -> watch::Receiver<BTreeSet<u32>> {
        self.there.subscribe()
    }

    /// Leaves out the old shards until the next look: a consumer of one could not be started, so its queue may be gone.
    pub(crate) fn forget_old(&self) {
        self.there.send_replace(self.configured.shards().collect());
    }

    /// Looks again and again until `cancel`, on a connection of its own: a look publishes, and while the broker is short of memory
    /// or disk it reads nothing more from a connection that has published, not even acknowledgements.
    pub(crate) async fn keep(self: Arc<Self>, cluster: Cluster, cancel: CancellationToken) {
        let settings = ConnectionSettings::new(&cluster, "worker shards");
        let looking = supervise(settings, cancel.clone(), async |connection: Connection| {
            tokio::select! {
                () = self.look_often(&connection) => {}
                _ = connection.lost() => {}
                () = cancel.cancelled() => {}
            }
        });
        looking.await;
    }

    async fn look_often(&self, connection: &Connection) {
        let mut reported = false;
        loop {
            match self.look(connection).await {
                Ok(()) => reported = false,
                Err(error) if error.is_outage() || reported => {
                    debug!(%error, "old shards cannot be looked for");
                }
                Err(error) => {
                    warn!(%error, "old shards cannot be looked for: those that are known are consumed");
                    reported = true;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn look(&self, connection: &Connection) -> Result<(), ConnectionError> {
        let old = topology::old_shards(connection, self.configured).await?;
        // Also where nothing has changed: a queue can have been deleted and declared again since the last look.
        self.there.send_replace(self.configured.shards().chain(old).collect());
        Ok(())
    }
}
