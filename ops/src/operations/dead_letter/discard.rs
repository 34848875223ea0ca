//! Throws dead letters away.

use queue::{Cluster, ReceivedMessage};

use super::rounds::walk;
use crate::failure::Failure;
use crate::operations::dead_queue::DeadQueue;

/// Walks through all letters and removes the `wanted`. `done` puts each round on record before it is
/// removed, so it also records letters that stay when the broker fails then.
pub(crate) async fn discard(
    cluster: &Cluster,
    wanted: impl FnMut(&ReceivedMessage) -> bool,
    done: &mut impl FnMut(&[&ReceivedMessage]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut queue = DeadQueue::open(cluster).await?;
    let work = async |queue: &mut DeadQueue, round: Vec<ReceivedMessage>| {
        let letters: Vec<&ReceivedMessage> = round.iter().collect();
        done(&letters)?;
        for received in letters {
            queue.remove(received).await?;
        }
        Ok(())
    };
    let walked = walk(&mut queue, usize::MAX, wanted, work).await;
    walked.and(queue.close().await)
}
