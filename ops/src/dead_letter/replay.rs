//! Sends dead letters back to work.

use queue::{Cluster, Message, Received};

use super::rounds::walk;
use crate::confirmed::Confirmed;
use crate::dead_queue::DeadQueue;
use crate::failure::Failure;

/// Walks through all letters and replays the `wanted`. `done` is told of each round when the broker has
/// confirmed it and before it is removed.
pub(crate) async fn replay(
    cluster: &Cluster,
    limit: usize,
    wanted: impl FnMut(&Received) -> bool,
    done: &mut impl FnMut(&[&Received]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut queue = DeadQueue::open(cluster).await?;
    let outcome = async {
        let publisher = Confirmed::open(cluster, "ops replay").await?;
        let walked = walk(&mut queue, limit, wanted, async |queue: &mut DeadQueue, round| {
            replay_round(queue, &publisher, round, done).await
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
    publisher: &Confirmed,
    mut round: Vec<Received>,
    done: &mut impl FnMut(&[&Received]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    round.sort_by_key(|received| received.headers.first_seen);
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
    done(&confirmed)?;
    for received in confirmed {
        queue.remove(received).await?;
    }
    refused.map_or(Ok(()), |error| Err(error.into()))
}
