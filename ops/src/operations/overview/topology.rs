//! Whether the broker has the exchanges, queues and bindings that it should have.

use queue::Cluster;
use queue::topology::{self, Layout, TopologyError, TopologyObject};

use crate::failure::Failure;
use crate::operations::management::Management;
use crate::operations::topology_findings::{BrokerObjects, TopologyFinding};

/// What is missing, differs, or should not be there.
#[derive(Debug, Clone, Default)]
pub(crate) struct TopologyState {
    pub(crate) missing: Vec<TopologyObject>,
    /// What is there and has other arguments.
    pub(crate) conflicts: Vec<String>,
    /// Known with the management API alone.
    pub(crate) odd: Vec<TopologyFinding>,
}

impl TopologyState {
    /// Compares. `probe`: without the management API bindings are found out by messages that come back where one is
    /// missing, and that workers ignore.
    pub(crate) async fn compare(
        cluster: &Cluster,
        management: Option<&Management>,
        layout: Layout,
        probe: bool,
    ) -> Result<TopologyState, Failure> {
        let compared = match (management, probe) {
            (None, true) => topology::plan_without_tiers(cluster, layout).await,
            _ => topology::compare(cluster, layout).await,
        };
        let mut found = TopologyState::default();
        match compared {
            Ok(missing) => found.missing = missing,
            Err(TopologyError::Conflicts(conflicts)) => {
                found.conflicts = conflicts.iter().map(ToString::to_string).collect();
            }
            // The account may not configure: what is missing can be seen anyway.
            Err(TopologyError::Refused { .. }) => {
                found.missing = topology::missing_objects(cluster, layout).await?;
            }
            Err(error) => return Err(error.into()),
        }
        if let Some(management) = management {
            let seen = BrokerObjects::ask(management).await?;
            let unbound = seen.missing_bindings(layout);
            found.missing.extend(
                unbound.into_iter().filter(|it| !found.missing.contains(it)).collect::<Vec<_>>(),
            );
            found.odd = seen.findings(layout.shards);
        }
        Ok(found)
    }
}
