//! Sends dead letters back to work.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use queue::{Cluster, Message, ReceivedMessage};

use super::rounds::walk;
use crate::failure::Failure;
use crate::operations::dead_queue::DeadQueue;
use crate::operations::publish::ConfirmedPublisher;

/// A step of a replay that is reported to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplayStep {
    /// These are about to be published.
    Before,
    /// The broker has confirmed these, and they are not removed yet.
    Confirmed,
}

/// Walks through all letters and replays the `wanted`. `told` is called twice for each round.
pub(crate) async fn replay(
    cluster: &Cluster,
    limit: usize,
    wanted: impl FnMut(&ReceivedMessage) -> bool,
    told: &mut impl FnMut(ReplayStep, &[&ReceivedMessage]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut queue = DeadQueue::open(cluster).await?;
    let outcome = async {
        let publisher = ConfirmedPublisher::open(cluster, "ops replay").await?;
        let walked = walk(&mut queue, limit, wanted, async |queue: &mut DeadQueue, round| {
            replay_round(queue, &publisher, round, told).await
        })
        .await;
        publisher.close().await;
        walked
    }
    .await;
    let closed = queue.close().await;
    outcome.and(closed)
}

async fn replay_round(
    queue: &mut DeadQueue,
    publisher: &ConfirmedPublisher,
    mut round: Vec<ReceivedMessage>,
    told: &mut impl FnMut(ReplayStep, &[&ReceivedMessage]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    round.sort_by_key(|received| received.headers.first_seen);
    told(ReplayStep::Before, &round.iter().collect::<Vec<_>>())?;
    let messages = round.iter().map(Message::replay).collect();
    let results = publisher.publish_all(messages).await;
    let mut refused = None;
    let mut confirmed = Vec::new();
    for (received, result) in round.iter().zip(results) {
        match result {
            Ok(()) => confirmed.push(received),
            Err(error) => refused = Some(error),
        }
    }
    told(ReplayStep::Confirmed, &confirmed)?;
    for received in confirmed {
        queue.remove(received).await?;
    }
    refused.map_or(Ok(()), |error| Err(error.into()))
}

/// Why these messages are dead letters that died since, by message id.
pub(crate) async fn dead_since(
    cluster: &Cluster,
    since: DateTime<Utc>,
    ids: &BTreeSet<String>,
) -> Result<HashMap<String, String>, Failure> {
    let mut queue = DeadQueue::open(cluster).await?;
    let mut dead = HashMap::new();
    let looked = queue
        .look(u32::MAX, |received| {
            let fresh = received.headers.died_at.is_some_and(|died| died >= since);
            if fresh && ids.contains(&received.message_id) {
                let reason = received.headers.reason.unwrap_or_else(|| "no reason".to_owned());
                dead.insert(received.message_id, reason);
            }
        })
        .await;
    queue.close().await?;
    looked?;
    Ok(dead)
}
