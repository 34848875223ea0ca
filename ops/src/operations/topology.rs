//! What of the broker's queues, exchanges and bindings is missing or odd.

use queue::topology::{self, TopologyObject};
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

/// Looks without changing anything; what is missing comes first.
pub(crate) async fn plan(access: &Access) -> Result<Vec<TopologyDifference>, Failure> {
    let (broker, events) = (access.broker()?, access.config.events.enabled);
    let Some(management) = access.management()? else {
        let missing = topology::plan(&broker, events).await?;
        info!(
            "queues and exchanges that are not ours, and the bindings of the events, are not known: \
             set amqp.management_url"
        );
        return Ok(missing.into_iter().map(TopologyDifference::Missing).collect());
    };
    let mut missing = topology::compare(&broker, events).await?;
    let seen = BrokerObjects::ask(&management).await?;
    let unbound: Vec<TopologyObject> =
        seen.missing_bindings(events).into_iter().filter(|it| !missing.contains(it)).collect();
    missing.extend(unbound);
    let missing = missing.into_iter().map(TopologyDifference::Missing);
    Ok(missing.chain(seen.findings().into_iter().map(TopologyDifference::Odd)).collect())
}
