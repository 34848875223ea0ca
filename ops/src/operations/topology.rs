//! What of the broker's queues, exchanges and bindings is missing or odd.

use queue::topology::{self, ShardCount, TopologyObject};
use queue::{Cluster, Connection, ConnectionSettings};
use serde::Serialize;
use tracing::info;

use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::topology_findings::{BrokerObjects, TopologyFinding};

/// One thing about the broker.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum TopologyDifference {
    /// What should be there and is not.
    Missing(TopologyObject),
    /// What should not be there, or differs.
    Odd(TopologyFinding),
}

impl TopologyDifference {
    /// Whether `apply` declares it.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, TopologyDifference::Missing(_))
    }
}

/// Looks without changing anything; what is missing comes first.
pub(crate) async fn plan(access: &Access) -> Result<Vec<TopologyDifference>, Failure> {
    let (broker, layout) = (access.broker()?, access.layout());
    let Some(management) = access.management()? else {
        let missing = topology::plan(&broker, layout).await?;
        info!(
            "queues and exchanges that are not ours, and the bindings of the events, are not known: \
             set amqp.management_url"
        );
        let missing = missing.into_iter().map(TopologyDifference::Missing);
        let old =
            old_shards(&broker, layout.shards).await?.into_iter().map(TopologyDifference::Odd);
        return Ok(missing.chain(old).collect());
    };
    let mut missing = topology::compare(&broker, layout).await?;
    let seen = BrokerObjects::ask(&management).await?;
    let unbound: Vec<TopologyObject> =
        seen.missing_bindings(layout).into_iter().filter(|it| !missing.contains(it)).collect();
    missing.extend(unbound);
    let missing = missing.into_iter().map(TopologyDifference::Missing);
    Ok(missing
        .chain(seen.findings(layout.shards).into_iter().map(TopologyDifference::Odd))
        .collect())
}

/// Old shards, without a look into them: AMQP does not show what a tier holds, or a worker.
async fn old_shards(broker: &Cluster, shards: ShardCount) -> Result<Vec<TopologyFinding>, Failure> {
    let connection = Connection::open(&ConnectionSettings::new(broker, "topology")).await?;
    let old = topology::old_shards(&connection, shards).await?;
    connection.close().await;
    let finding = |shard| TopologyFinding::OldShard {
        name: topology::work_queue(shard),
        messages: None,
        in_tiers: None,
    };
    Ok(old.into_iter().map(finding).collect())
}
