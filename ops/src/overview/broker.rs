//! What the broker says.

use std::collections::BTreeMap;
use std::time::Duration;

use queue::topology::{self, RetryTier};
use queue::{Cluster, Connection, ConnectionSettings, Depth};
use serde::Serialize;
use tracing::warn;

use crate::dead_queue::{DeadQueue, is_missing};
use crate::failure::Failure;
use crate::management::Management;

/// Dead letters of which the reasons are counted.
const COUNTED: u32 = 50_000;

/// How long to wait for another operator who is at the letters.
const PATIENCE: Duration = Duration::from_secs(1);

/// Queues, and why letters died.
pub(crate) struct BrokerLook {
    pub(crate) queues: Vec<QueueDepth>,
    /// Whether the queues' messages are all that are in them, and not only those that are ready.
    pub(crate) totals: bool,
    pub(crate) dead_letters: Option<u32>,
    pub(crate) by_reason: Option<BTreeMap<String, usize>>,
}

/// One queue; without messages when it is not there.
#[derive(Debug, Serialize)]
pub(crate) struct QueueDepth {
    pub(crate) name: String,
    /// All that are in it, where the management API tells; else those that are ready.
    pub(crate) messages: Option<u32>,
    /// Those that a consumer could be given now.
    pub(crate) ready: Option<u32>,
    pub(crate) consumers: Option<u32>,
}

impl BrokerLook {
    /// Asks. `before` is the number of dead letters of the look before with their reasons: while the
    /// number is the same they are not read again.
    pub(crate) async fn take(
        cluster: &Cluster,
        management: Option<&Management>,
        events: bool,
        before: Option<(u32, &BTreeMap<String, usize>)>,
    ) -> Result<BrokerLook, Failure> {
        let mut queues = depths(cluster, events).await?;
        let totals = match management {
            Some(management) => count_all(&mut queues, management).await,
            None => false,
        };
        let dead = queues.iter().find(|queue| queue.name == topology::DEAD_QUEUE);
        let dead_letters = dead.and_then(|queue| queue.messages);
        let by_reason = match (dead_letters, before) {
            (None, _) => None,
            (Some(0), _) => Some(BTreeMap::new()),
            (Some(now), Some((then, reasons))) if now == then => Some(reasons.clone()),
            // Another operator may be at the letters for a while: then their number has to do.
            (Some(_), _) => reasons(cluster).await.ok(),
        };
        Ok(BrokerLook { queues, totals, dead_letters, by_reason })
    }
}

/// Takes the totals of the management API; `false` when it does not answer, and the reason is logged.
async fn count_all(queues: &mut [QueueDepth], management: &Management) -> bool {
    let told = match management.queues().await {
        Ok(told) => told,
        Err(failure) => {
            warn!("{failure}: messages that are ready are counted, and no others");
            return false;
        }
    };
    for queue in queues.iter_mut() {
        let total = told.iter().find(|told| told.name == queue.name).and_then(|it| it.messages);
        // Its count is some seconds old.
        let total = total.and_then(|total| u32::try_from(total).ok());
        queue.messages = queue.messages.map(|ready| ready.max(total.unwrap_or(0)));
    }
    true
}

async fn reasons(cluster: &Cluster) -> Result<BTreeMap<String, usize>, Failure> {
    let mut queue = DeadQueue::open_within(cluster, PATIENCE).await?;
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let looked = queue
        .look(COUNTED, |letter| {
            let reason = letter.headers.reason.unwrap_or_else(|| "no reason".to_owned());
            *reasons.entry(reason).or_default() += 1;
        })
        .await;
    queue.close().await?;
    looked?;
    Ok(reasons)
}

/// Messages that are ready in each queue. Each is asked for on a channel of its own: a queue that is
/// missing ends the channel.
async fn depths(cluster: &Cluster, events: bool) -> Result<Vec<QueueDepth>, Failure> {
    let connection = Connection::open(&ConnectionSettings::new(cluster, "ops status")).await?;
    let mut names = vec![topology::work_queue(0)];
    names.extend(RetryTier::ALL.map(|tier| tier.name().to_owned()));
    names.push(topology::DEAD_QUEUE.to_owned());
    if events {
        names.push(topology::EVENTS_QUEUE.to_owned());
    }
    let mut depths = Vec::with_capacity(names.len());
    for name in names {
        let channel = connection.create_channel().await?;
        let (ready, consumers) = match Depth::of(&connection, &channel, &name).await {
            Ok(depth) => (Some(depth.ready), Some(depth.consumers)),
            Err(error) if is_missing(&error) => (None, None),
            Err(error) => return Err(error.into()),
        };
        depths.push(QueueDepth { name, messages: ready, ready, consumers });
    }
    connection.close().await;
    Ok(depths)
}
