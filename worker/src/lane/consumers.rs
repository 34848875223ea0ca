//! The consumers of a lane: one for each shard, all on the lane's channel.

use std::collections::BTreeSet;

use futures_util::stream::{self, BoxStream, SelectAll, StreamExt};
use lapin::Channel;
use lapin::message::Delivery;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use queue::topology::{self, ShardCount};
use queue::{Connection, ReceivedMessage};
use tracing::info;

use super::Ended;

/// RabbitMQ's limit for a quorum queue's prefetch.
const MAX_PREFETCH: usize = 2000;

/// A delivery of a shard, or the end of its consumer.
type Arrival = (u32, Option<lapin::Result<Delivery>>);

/// What a lane consumes.
pub(super) struct Consumers<'a> {
    connection: &'a Connection,
    channel: Channel,
    lane: usize,
    batch: usize,
    /// A consumer of one of these that ends has to be set up again. Any other shard's may end with its queue.
    configured: ShardCount,
    consumed: BTreeSet<u32>,
    arrivals: SelectAll<BoxStream<'static, Arrival>>,
}

impl<'a> Consumers<'a> {
    /// On a channel of their own; none yet.
    pub(super) async fn open(
        connection: &'a Connection,
        lane: usize,
        batch: usize,
        configured: ShardCount,
    ) -> Result<Consumers<'a>, Ended> {
        Ok(Consumers {
            connection,
            channel: connection.create_channel().await?,
            lane,
            batch,
            configured,
            consumed: BTreeSet::new(),
            arrivals: SelectAll::new(),
        })
    }

    /// Consumes those of the shards that are not consumed yet.
    pub(super) async fn add(&mut self, shards: &BTreeSet<u32>) -> Result<(), Ended> {
        let new: Vec<u32> = shards.difference(&self.consumed).copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        let prefetch = prefetch(self.batch, self.consumed.len() + new.len());
        let qos = self.channel.basic_qos(prefetch, BasicQosOptions::default());
        self.connection.bounded("setting the prefetch", qos).await?;
        for shard in new {
            let (queue, tag) = (topology::work_queue(shard), self.tag(shard));
            let consume = self.channel.basic_consume(
                queue.as_str().into(),
                tag.as_str().into(),
                BasicConsumeOptions::default(),
                self.arguments(),
            );
            let consumer = self.connection.bounded("starting a consumer", consume).await?;
            let deliveries = consumer.map(move |delivery| (shard, Some(delivery)));
            let end = stream::iter([(shard, None)]);
            self.arrivals.push(deliveries.chain(end).boxed());
            self.consumed.insert(shard);
            info!(lane = self.lane, queue, prefetch, "consuming");
        }
        Ok(())
    }

    /// The next message of whichever shard, or the messages of a bundle. Dropped before it is ready, it has taken none.
    ///
    /// # Errors
    /// The channel is gone, or the broker has ended the consumer of a shard of the configuration.
    pub(super) async fn next(&mut self) -> Result<Vec<ReceivedMessage>, Ended> {
        loop {
            match self.arrivals.next().await {
                Some((shard, Some(delivery))) => {
                    return Ok(ReceivedMessage::unbundle(delivery?, shard));
                }
                Some((shard, None)) if !self.configured.shards().contains(&shard) => {
                    info!(lane = self.lane, shard, "the queue of an old shard is gone");
                    self.consumed.remove(&shard);
                }
                Some((_, None)) | None => {
                    return Err(Ended::lost("the broker ended the consumer"));
                }
            }
        }
    }

    /// Ends all. What was delivered and not acknowledged goes back to its queue with the channel.
    pub(super) async fn close(self) {
        for shard in &self.consumed {
            let tag = self.tag(*shard);
            let cancel =
                self.channel.basic_cancel(tag.as_str().into(), BasicCancelOptions::default());
            let _ = self.connection.bounded("ending a consumer", cancel).await;
        }
        let _ = self.connection.close_channel(&self.channel).await;
    }

    fn tag(&self, shard: u32) -> String {
        format!("worker-{}-{shard}", self.lane)
    }

    /// The broker gives messages to consumers of a lower priority only while those of a higher one have as many as
    /// they may. So few lanes work while there is little to do, and their batches are larger: a transaction costs the
    /// database about as much as the rows of twenty messages. The first lanes of all workers are equal.
    fn arguments(&self) -> FieldTable {
        let priority = i32::try_from(self.lane).unwrap_or(i32::MAX);
        let mut arguments = FieldTable::default();
        arguments.insert("x-priority".into(), AMQPValue::LongInt(-priority));
        arguments
    }
}

/// How many messages of one shard a lane may hold: two batches over all shards, one to work on and one that waits, so that
/// more shards neither keep messages from other lanes nor need more memory. Not less than an eighth of a batch,
/// for the case that all messages are in one of many shards.
fn prefetch(batch: usize, shards: usize) -> u16 {
    let share = (batch * 2).div_ceil(shards.max(1)).max(batch / 8);
    u16::try_from(share.min(MAX_PREFETCH)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::prefetch;

    #[test]
    fn two_batches_are_shared_by_the_shards() {
        let of = |batch| [1, 2, 4, 64].map(|shards| prefetch(batch, shards));
        assert_eq!(of(128), [256, 128, 64, 16]);
        assert_eq!(of(1), [2, 1, 1, 1]);
        assert_eq!(prefetch(4096, 1), 2000);
        assert_eq!(prefetch(128, 0), 256);
    }
}
