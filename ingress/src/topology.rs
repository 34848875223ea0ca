//! Declaring exchanges and queues, at the start and when they are found missing.

use std::sync::Arc;
use std::time::Duration;

use queue::Cluster;
use queue::topology::{Layout, TopologyError};
use service::backoff::Backoff;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// Between two attempts.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Least time between two looks at a topology that seems to be there.
const REST: Duration = Duration::from_secs(1);

/// What is known about the work queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WorkQueueState {
    /// The broker could not be asked yet.
    Unknown,
    /// The last attempt failed, or a message found no queue.
    Missing,
    /// It exists, as far as is known.
    There,
}

/// What the ingress knows about the topology. Clones share it.
#[derive(Clone)]
pub(crate) struct TopologyKeeper {
    state: Arc<watch::Sender<WorkQueueState>>,
    look_again: Arc<Notify>,
}

impl TopologyKeeper {
    /// Nothing is known; [`TopologyKeeper::keep`] finds out.
    pub(crate) fn new() -> TopologyKeeper {
        TopologyKeeper {
            state: Arc::new(watch::Sender::new(WorkQueueState::Unknown)),
            look_again: Arc::default(),
        }
    }

    /// Whether the work queues are there, as far as we know.
    pub(crate) fn is_there(&self) -> bool {
        *self.state.borrow() == WorkQueueState::There
    }

    /// Waits for the end of the first attempt and says whether it succeeded.
    pub(crate) async fn first_attempt(&self) -> bool {
        let mut states = self.state.subscribe();
        let known = states.wait_for(|state| *state != WorkQueueState::Unknown).await;
        known.is_ok_and(|state| *state == WorkQueueState::There)
    }

    /// No queue took a message: what was declared has been deleted.
    pub(crate) fn look_again(&self) {
        self.look_again.notify_one();
    }

    /// Declares what is missing, again and again until it is there, and whenever
    /// [`TopologyKeeper::look_again`] asks for it. One that does not declare (`declares`), or may not, only
    /// looks whether the work queues are there.
    pub(crate) async fn keep(
        self,
        cluster: Cluster,
        declares: bool,
        layout: Layout,
        stop: CancellationToken,
    ) {
        let work = async {
            loop {
                self.find(&cluster, declares, layout).await;
                tokio::time::sleep(REST).await;
                self.look_again.notified().await;
                self.state.send_replace(WorkQueueState::Missing);
            }
        };
        stop.run_until_cancelled(work).await;
    }

    async fn find(&self, cluster: &Cluster, declares: bool, layout: Layout) {
        let mut backoff = Backoff::new(SHORTEST_PAUSE, LONGEST_PAUSE);
        let mut reported = None;
        loop {
            let error = match declare_or_look(cluster, declares, layout).await {
                Ok(()) => {
                    self.state.send_replace(WorkQueueState::There);
                    return;
                }
                Err(error) => error,
            };
            // The same text every ten seconds would hide other lines: each text is logged once.
            if let Unknown::Other(error) = error
                && reported.as_ref() != Some(&error)
            {
                tracing::warn!(error, "it is not known whether exchanges and queues exist");
                reported = Some(error);
            }
            self.state.send_replace(WorkQueueState::Missing);
            tokio::time::sleep(backoff.next_pause()).await;
        }
    }
}

/// An account that may only publish is recommended: then an operator or a worker declares. Whether a
/// binding is missing, the first message tells, which the broker returns.
async fn declare_or_look(cluster: &Cluster, declares: bool, layout: Layout) -> Result<(), Unknown> {
    if declares {
        match queue::topology::apply(cluster, layout).await {
            Ok(changes) => {
                if !changes.is_empty() {
                    tracing::info!(changes = changes.len(), "exchanges and queues declared");
                }
                return Ok(());
            }
            Err(error @ TopologyError::Refused { .. }) => {
                tracing::warn!(%error, "not allowed to declare: looking whether the work queue is there");
            }
            Err(error) => return Err(error.into()),
        }
    }
    match queue::topology::missing_work(cluster, layout.shards).await {
        Ok(missing) if missing.is_empty() => Ok(()),
        Ok(missing) => {
            let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
            Err(Unknown::Other(format!(
                "missing, and not declared by this program: {}; run `ops topology apply`, or start a worker",
                missing.join(", ")
            )))
        }
        // RabbitMQ 4 refuses a look to an account that may not declare. What no queue takes comes back, so nothing is lost.
        Err(error @ TopologyError::Refused { .. }) => {
            tracing::warn!(%error, "no permission to check either: assuming that the work queue exists");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Why it is not known that the queues are there.
enum Unknown {
    /// The broker cannot be reached, which its connections log.
    Outage,
    /// Anything else, in words.
    Other(String),
}

impl From<TopologyError> for Unknown {
    fn from(error: TopologyError) -> Unknown {
        if error.is_outage() { Unknown::Outage } else { Unknown::Other(error.to_string()) }
    }
}
