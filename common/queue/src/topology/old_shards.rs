//! Finds out over AMQP which work queues there are beyond those of the configuration.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use lapin::Channel;
use lapin::options::ConfirmSelectOptions;

use super::probe::publish_probe;
use super::{ShardCount, work_queue};
use crate::{Connection, ConnectionError};

/// A probe leaves a queue that nobody consumes at once.
const PROBE_TIME: &str = "1";

/// The shards beyond these whose queues are there. They are of a time when there were more, or of a program that has more
/// already; in both cases messages can wait in them.
///
/// A probe is published to each by the name of its queue, and comes back where there is none: a passive declaration
/// would end a channel for each, and write a line to the broker's log.
///
/// # Errors
///
/// The account may not publish to the default exchange, or the broker cannot be asked.
pub async fn old_shards(
    connection: &Connection,
    shards: ShardCount,
) -> Result<Vec<u32>, ConnectionError> {
    let channel = connection.create_channel().await?;
    let returned = connection.bounded("looking for old shards", returned(&channel, shards)).await?;
    connection.close_channel(&channel).await?;
    Ok(shards.others().filter(|shard| !returned.contains(&work_queue(*shard))).collect())
}

/// The names under which a probe found no queue. A return can be paired with the confirm of any probe, so all are awaited.
async fn returned(channel: &Channel, shards: ShardCount) -> lapin::Result<BTreeSet<String>> {
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut confirms = Vec::new();
    for shard in shards.others() {
        confirms.push(publish_probe(channel, "", &work_queue(shard), PROBE_TIME).await?);
    }
    let confirms = try_join_all(confirms).await?;
    let returned = confirms.into_iter().filter_map(|confirm| confirm.take_message());
    Ok(returned.map(|message| message.delivery.routing_key.to_string()).collect())
}
