//! Finds out over AMQP which bindings are missing.
//!
//! AMQP cannot list bindings. A message that is published `mandatory` and that no queue takes comes
//! back, so a *probe* shows a missing binding without leaving anything behind. Where the binding is
//! there, the probe arrives in the work queue: a worker acknowledges it without a look at its body,
//! and where no worker is, its time to live removes it. A probe that comes through a tier has lost its
//! time to live, so tiers are probed only where a worker consumes.

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};

use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, PublisherConfirm};

use super::apply::{TopologyError, refusal};
use super::{RetryTier, TopologyObject, WORK_EXCHANGE, routing_key, work_queue};
use crate::{Connection, Depth};

/// The AMQP property `type` of a probe.
pub(crate) const PROBE: &str = "alipay.probe";

/// How long a probe may wait for a worker, in milliseconds.
const WORK_TIME: &str = "5000";

/// A probe leaves a tier at once and comes to the work queue.
const TIER_TIME: &str = "1";

/// Of these bindings those that are missing. Only those of the work exchange and of the tiers are
/// probed: the queue that the shop reads must get no probes. The tiers are left out while there is no consumer,
/// and while the binding is missing by which a probe would leave them.
pub(super) async fn missing_bindings(
    connection: &Connection,
    bindings: Vec<TopologyObject>,
) -> Result<Vec<TopologyObject>, TopologyError> {
    let mut missing = Vec::new();
    let mut home = is_consumed(connection).await?;
    for change in bindings {
        let TopologyObject::Binding { exchange, routing_key: key, .. } = &change else { continue };
        let is_work = exchange == WORK_EXCHANGE;
        let is_tier = RetryTier::ALL.iter().any(|tier| tier.name() == exchange);
        let bound = match (is_work, is_tier) {
            (true, _) => arrives(connection, &change, exchange, key, WORK_TIME).await?,
            (_, true) if home => {
                arrives(connection, &change, exchange, &routing_key(0), TIER_TIME).await?
            }
            _ => true,
        };
        if !bound {
            home &= !(is_work && *key == routing_key(0));
            missing.push(change);
        }
    }
    Ok(missing)
}

/// Whether the work queue has a consumer.
async fn is_consumed(connection: &Connection) -> Result<bool, TopologyError> {
    let channel = connection.create_channel().await?;
    // A queue that is missing has ended the channel, and has no consumer.
    let depth = Depth::of(connection, &channel, &work_queue(0)).await;
    let consumers = depth.map_or(0, |depth| depth.consumers);
    if consumers > 0 {
        connection.close_channel(&channel).await?;
    }
    Ok(consumers > 0)
}

/// Whether a queue takes a probe.
async fn arrives(
    connection: &Connection,
    change: &TopologyObject,
    exchange: &str,
    key: &str,
    time_to_live: &'static str,
) -> Result<bool, TopologyError> {
    // A channel of its own: a refusal ends it, and one message at a time is the one that comes back.
    let channel = connection.create_channel().await?;
    let publish = is_probe_taken(&channel, exchange, key, time_to_live);
    let taken = match connection.bounded("looking for a binding", publish).await {
        Ok(taken) => taken,
        Err(error) => return Err(refusal(error, change)),
    };
    connection.close_channel(&channel).await?;
    Ok(taken)
}

/// Whether a queue takes a probe, on a channel that has published nothing yet.
pub(crate) async fn is_probe_taken(
    channel: &Channel,
    exchange: &str,
    key: &str,
    time_to_live: &'static str,
) -> lapin::Result<bool> {
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let confirm = publish_probe(channel, exchange, key, time_to_live).await?;
    Ok(confirm.await?.take_message().is_none())
}

/// Publishes a probe, which comes back where no queue takes it. `time_to_live` is in milliseconds.
#[expect(
    clippy::disallowed_methods,
    reason = "a probe, on a channel of its own that is closed after it"
)]
pub(crate) async fn publish_probe(
    channel: &Channel,
    exchange: &str,
    key: &str,
    time_to_live: &'static str,
) -> lapin::Result<PublisherConfirm> {
    let properties = BasicProperties::default()
        .with_type(PROBE.into())
        .with_message_id(PROBE.into())
        .with_expiration(time_to_live.into());
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let (exchange, key) = (ShortString::from(exchange), ShortString::from(key));
    channel.basic_publish(exchange, key, options, &[], properties).await
}
