//! What the broker reports.

use std::time::{Duration, Instant};

use queue::topology::{self, Layout, RetryTier};
use queue::{Cluster, Connection, ConnectionSettings, Depth, alarm};
use serde::Serialize;

use super::topology::TopologyState;
use crate::failure::Failure;
use crate::operations::dead_queue::is_missing;
use crate::operations::management::{BrokerAlarm, Management};
use crate::operations::verdict::NotAsked;

/// How long a comparison of the topology counts, where looks follow each other.
const TOPOLOGY: Duration = Duration::from_secs(30);

/// Queues, and whether the broker works.
pub(crate) struct BrokerLook {
    pub(crate) queues: Vec<QueueDepth>,
    /// Whether the queues' messages are all that are in them, and not only those that are ready.
    pub(crate) totals: bool,
    pub(crate) dead_letters: Option<u32>,
    pub(crate) state: BrokerState,
    /// What could not be asked although it is configured.
    pub(crate) not_asked: Vec<NotAsked>,
}

/// Whether the broker accepts messages, and has all queues and bindings.
#[derive(Debug, Clone, Default)]
pub(crate) struct BrokerState {
    /// As the management API reports them.
    pub(crate) alarms: Vec<BrokerAlarm>,
    /// Why a connection that publishes is blocked.
    pub(crate) blocked: Option<String>,
    pub(crate) topology: Option<TopologyState>,
}

/// What a look need not find out again, since it was found out a short while ago.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownBroker {
    topology: Option<(Instant, TopologyState)>,
}

impl KnownBroker {
    /// Asks the broker, and remembers what the next look need not find out again.
    pub(crate) async fn look(
        &mut self,
        cluster: &Cluster,
        management: Option<&Management>,
        layout: Layout,
    ) -> Result<BrokerLook, Failure> {
        let known = self.topology.take().filter(|(at, _)| at.elapsed() < TOPOLOGY);
        let topology = known.as_ref().map(|(_, topology)| topology);
        let look = BrokerLook::take(cluster, management, layout, topology).await?;
        self.topology = known.or_else(|| Some((Instant::now(), look.state.topology.clone()?)));
        Ok(look)
    }
}

/// One queue; without messages when it is not there.
#[derive(Debug, Serialize)]
pub(crate) struct QueueDepth {
    pub(crate) name: String,
    /// All messages in it, where the management API is configured; otherwise those that are ready.
    pub(crate) messages: Option<u32>,
    /// Those that a consumer could be given now.
    pub(crate) ready: Option<u32>,
    pub(crate) consumers: Option<u32>,
}

impl BrokerLook {
    /// Asks; the topology is compared where it is not known.
    async fn take(
        cluster: &Cluster,
        management: Option<&Management>,
        layout: Layout,
        known: Option<&TopologyState>,
    ) -> Result<BrokerLook, Failure> {
        let (mut queues, blocked) = depths(cluster, layout).await?;
        let mut not_asked = Vec::new();
        let (totals, alarms) = match management {
            Some(management) => match ask_management(&mut queues, management).await {
                Ok(alarms) => (true, alarms),
                Err(failure) => {
                    not_asked.push(NotAsked::Management { why: failure.to_string() });
                    (false, Vec::new())
                }
            },
            None => (false, Vec::new()),
        };
        // A probe of a binding would wait where nobody consumes, behind what waits, and at a broker that takes no messages.
        let mut work = queues.iter().filter(|queue| topology::is_work_queue(&queue.name));
        let is_worked_on =
            work.all(|queue| queue.ready == Some(0) && queue.consumers.is_some_and(|it| it > 0));
        let probe = blocked.is_none() && is_worked_on;
        let topology = match known {
            Some(topology) => Some(topology.clone()),
            None => {
                let management = management.filter(|_| totals);
                match TopologyState::compare(cluster, management, layout, probe).await {
                    Ok(topology) => Some(topology),
                    Err(failure) => {
                        not_asked.push(NotAsked::Topology { why: failure.to_string() });
                        None
                    }
                }
            }
        };
        let dead = queues.iter().find(|queue| queue.name == topology::DEAD_QUEUE);
        let dead_letters = dead.and_then(|queue| queue.messages);
        let state = BrokerState { alarms, blocked, topology };
        Ok(BrokerLook { queues, totals, dead_letters, state, not_asked })
    }
}

/// Takes the totals of the management API, and returns the alarms that it reports.
async fn ask_management(
    queues: &mut [QueueDepth],
    management: &Management,
) -> Result<Vec<BrokerAlarm>, Failure> {
    let totals = management.queues().await?;
    for queue in queues.iter_mut() {
        let total = totals.iter().find(|total| total.name == queue.name).and_then(|it| it.messages);
        // Its count is some seconds old.
        let total = total.and_then(|total| u32::try_from(total).ok());
        queue.messages = queue.messages.map(|ready| ready.max(total.unwrap_or(0)));
    }
    management.alarms().await
}

/// Messages that are ready in each queue, and why the broker takes no messages. Old shards come last, and only where it does.
async fn depths(
    cluster: &Cluster,
    layout: Layout,
) -> Result<(Vec<QueueDepth>, Option<String>), Failure> {
    let connection = Connection::open(&ConnectionSettings::new(cluster, "ops status")).await?;
    let shards = layout.shards.shards();
    let mut names: Vec<String> = shards.map(topology::work_queue).collect();
    names.extend(RetryTier::ALL.map(|tier| tier.name().to_owned()));
    names.push(topology::DEAD_QUEUE.to_owned());
    if layout.events {
        names.push(topology::EVENTS_QUEUE.to_owned());
    }
    let mut depths = look(&connection, names).await?;
    // After the other looks, since a connection that is blocked is of no use any more.
    let blocked = alarm::blocked(&connection).await?;
    if blocked.is_none() {
        let old = topology::old_shards(&connection, layout.shards).await?;
        depths
            .extend(look(&connection, old.into_iter().map(topology::work_queue).collect()).await?);
    }
    alarm::leave(&connection).await;
    Ok((depths, blocked))
}

/// Each queue is asked for on a channel of its own: one that is missing ends the channel.
async fn look(connection: &Connection, names: Vec<String>) -> Result<Vec<QueueDepth>, Failure> {
    let mut depths = Vec::with_capacity(names.len());
    for name in names {
        let channel = connection.create_channel().await?;
        let (ready, consumers) = match Depth::of(connection, &channel, &name).await {
            Ok(depth) => (Some(depth.ready), Some(depth.consumers)),
            Err(error) if is_missing(&error) => (None, None),
            Err(error) => return Err(error.into()),
        };
        depths.push(QueueDepth { name, messages: ready, ready, consumers });
    }
    Ok(depths)
}
