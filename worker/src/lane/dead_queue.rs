//! Whether dead letters are in `alipay.dead`. If the queue was emptied with another tool than `ops`, a message that
//! is rejected again must become a dead letter again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use queue::topology::DEAD_QUEUE;
use queue::{Cluster, Connection, ConnectionError, ConnectionSettings, Depth};
use tracing::warn;

/// How long the queue is assumed to hold letters after it did.
const NOT_EMPTY_FOR: Duration = Duration::from_secs(5);

/// The latest look that found letters; shared by all lanes.
#[derive(Clone, Default)]
pub(crate) struct DeadQueueProbe(Arc<Mutex<Option<Instant>>>);

impl DeadQueueProbe {
    /// Whether the queue is certainly empty. While a program reads it, its letters may be invisible, so it does not count
    /// as empty then, nor while the broker does not answer.
    pub(crate) async fn is_empty(&self, cluster: &Cluster) -> bool {
        let latest = *self.0.lock();
        if latest.is_some_and(|at| at.elapsed() < NOT_EMPTY_FOR) {
            return false;
        }
        let is_empty = match look(cluster).await {
            Ok(is_empty) => is_empty,
            Err(error) => {
                warn!(%error, queue = DEAD_QUEUE, "the queue could not be looked at");
                false
            }
        };
        if !is_empty {
            *self.0.lock() = Some(Instant::now());
        }
        is_empty
    }
}

async fn look(cluster: &Cluster) -> Result<bool, ConnectionError> {
    let connection = Connection::open(&ConnectionSettings::new(cluster, "worker look")).await?;
    let channel = connection.create_channel().await?;
    let found = Depth::of(&connection, &channel, DEAD_QUEUE).await;
    connection.close().await;
    Ok(found? == Depth { ready: 0, consumers: 0 })
}
