//! Which shards the lanes consume: those of the configuration, and all others whose queues are there.
//!
//! The others are of a time when `queue.shards` was larger, or of an ingress whose configuration is ahead of this one. A list of
//! them in the configuration could be forgotten; what the broker has cannot.

use std::collections::BTreeSet;
use std::time::Duration;

use queue::topology::{self, ShardCount};
use queue::{Connection, ConnectionError};
use tokio::sync::watch;
use tracing::{debug, warn};

/// Between two looks. So long a message of an ingress that is ahead waits at most before it is taken.
const PAUSE: Duration = Duration::from_secs(10);

/// The shards to consume on one connection, as lanes watch them.
pub(crate) struct ConsumedShards {
    configured: ShardCount,
    there: watch::Sender<BTreeSet<u32>>,
}

impl ConsumedShards {
    /// Those of the configuration, and what the first look finds.
    pub(crate) async fn find(connection: &Connection, configured: ShardCount) -> ConsumedShards {
        let there = watch::Sender::new(configured.shards().collect());
        let consumed = ConsumedShards { configured, there };
        if let Err(error) = consumed.look(connection).await
            && !error.is_outage()
        {
            warn!(%error, "old shards cannot be looked for: those of the configuration are consumed");
        }
        consumed
    }

    /// For a lane. Each look is news.
    pub(crate) fn watch(&self) -> watch::Receiver<BTreeSet<u32>> {
        self.there.subscribe()
    }

    /// Leaves out the old shards until the next look: a consumer of one could not be started, so its queue may be gone.
    pub(crate) fn forget_old(&self) {
        self.there.send_replace(self.configured.shards().collect());
    }

    /// Looks again and again.
    pub(crate) async fn keep(&self, connection: &Connection) {
        loop {
            tokio::time::sleep(PAUSE).await;
            if let Err(error) = self.look(connection).await {
                debug!(%error, "old shards cannot be looked for");
            }
        }
    }

    async fn look(&self, connection: &Connection) -> Result<(), ConnectionError> {
        let old = topology::old_shards(connection, self.configured).await?;
        let all: BTreeSet<u32> = self.configured.shards().chain(old).collect();
        // Also where nothing has changed: a queue can have been deleted and declared again since the last look.
        self.there.send_replace(all);
        Ok(())
    }
}
