//! Publishing with confirms.

pub(crate) mod error;
mod gathering;
mod lane;
mod readiness;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::connection::supervise::supervise;
use crate::{Cluster, Connection, ConnectionSettings, Message, PublishError};
use error::count;
use lane::{PublisherLane, Request};
use readiness::OpenLanes;

/// How a [`Publisher`] works.
#[derive(Debug, Clone)]
pub struct PublisherSettings {
    /// The broker.
    pub cluster: Cluster,
    /// As in [`ConnectionSettings::name`].
    pub name: String,
    /// How many channels publish side by side, at least 1.
    pub lanes: usize,
    /// How many messages may wait for each lane, at least 1.
    pub lane_capacity: usize,
    /// How many messages that wait for one lane travel as one message of the broker (see [`ReceivedMessage::unbundle`]);
    /// 1: each alone.
    ///
    /// [`ReceivedMessage::unbundle`]: crate::ReceivedMessage::unbundle
    pub bundle: usize,
    /// How long the confirms of one gathering may take.
    pub confirm_timeout: Duration,
}

/// Publishes messages on a supervised connection of its own. Clones share it.
#[derive(Clone)]
pub struct Publisher {
    lanes: Arc<[mpsc::Sender<Request>]>,
    next: Arc<AtomicUsize>,
    readiness: OpenLanes,
}

impl Publisher {
    /// Starts the connection and the lanes, and returns at once: [`ready`](Publisher::ready)
    /// waits for the broker.
    ///
    /// After `cancel` nothing new is accepted, what is waiting is finished, and the handle
    /// resolves. It resolves before `cancel` only when a lane has panicked; the others are
    /// finished and the panic is passed on.
    pub fn start(
        settings: PublisherSettings,
        cancel: CancellationToken,
    ) -> (Publisher, JoinHandle<()>) {
        let lane_count = settings.lanes.max(1);
        let readiness = OpenLanes::new(lane_count);
        let (connections, connection) = watch::channel(None);
        let cancel_lanes = cancel.child_token();
        let mut lanes = JoinSet::new();
        let senders = (0..lane_count)
            .map(|_| {
                let (sender, requests) = mpsc::channel(settings.lane_capacity.max(1));
                let lane = PublisherLane {
                    requests,
                    connections: connection.clone(),
                    readiness: readiness.clone(),
                    bundle: settings.bundle.max(1),
                    confirm_timeout: settings.confirm_timeout,
                    cancel: cancel_lanes.clone(),
                };
                lanes.spawn(lane.run());
                sender
            })
            .collect();
        let handle = tokio::spawn(async move {
            let settings = ConnectionSettings::new(&settings.cluster, settings.name);
            // The connection outlives the lanes, which still publish after `cancel`.
            let finished = CancellationToken::new();
            let supervised =
                tokio::spawn(hand_out_connections(settings, finished.clone(), connections));
            let mut panic = None;
            while let Some(lane) = lanes.join_next().await {
                if let Err(failure) = lane {
                    error!("a publisher lane panicked; the publisher stops");
                    cancel_lanes.cancel();
                    panic = failure.try_into_panic().ok();
                }
            }
            finished.cancel();
            // Its task does not panic, and nothing aborts it.
            let _ = supervised.await;
            if let Some(panic) = panic {
                std::panic::resume_unwind(panic);
            }
        });
        (Publisher { lanes: senders, next: Arc::default(), readiness }, handle)
    }

    /// Publishes one message. `Ok` means: the broker has confirmed it and did not return it.
    ///
    /// Most errors leave open whether the message is in the queue; publishing it again is right.
    /// Dropping the future does not take the message back.
    ///
    /// Answers at once while there is no connection or it is blocked; else within one confirm
    /// timeout for each gathering ahead of it in the lane, for another channel where the lane
    /// needs one, and for its own gathering.
    ///
    /// # Errors
    ///
    /// See [`PublishError`]. [`PublishError::Busy`] when every lane is full.
    pub async fn publish(&self, message: Message) -> Result<(), PublishError> {
        let (mut request, answer) = Request::new(message).inspect_err(|error| count(Err(error)))?;
        let first = self.next_lane();
        let mut refused = PublishError::NotConnected;
        for nth in 0..self.lanes.len() {
            match self.lanes[(first + nth) % self.lanes.len()].try_send(request) {
                Ok(()) => return received(answer).await,
                Err(TrySendError::Full(back)) => (request, refused) = (back, PublishError::Busy),
                Err(TrySendError::Closed(back)) => request = back,
            }
        }
        count(Err(&refused));
        Err(refused)
    }

    /// Publishes all messages side by side and answers each, in the order given. Waits for room in
    /// the lanes instead of failing with [`PublishError::Busy`].
    pub async fn publish_all(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        let mut answers = Vec::with_capacity(messages.len());
        for message in messages {
            answers.push(match Request::new(message).inspect_err(|error| count(Err(error))) {
                Ok((request, answer)) => {
                    let lane = &self.lanes[self.next_lane() % self.lanes.len()];
                    // A closed lane drops the request and with it the sender of the answer.
                    let _ = lane.send(request).await;
                    Ok(answer)
                }
                Err(error) => Err(error),
            });
        }
        join_all(answers.into_iter().map(async |answer| received(answer?).await)).await
    }

    /// Whether every lane has a channel in confirm mode and the connection is not blocked.
    pub fn is_ready(&self) -> bool {
        self.readiness.is_ready()
    }

    /// Waits until [`is_ready`](Publisher::is_ready). A publisher that was cancelled is never
    /// ready again.
    pub async fn ready(&self) {
        self.readiness.ready().await;
    }

    fn next_lane(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("lanes", &self.lanes.len())
            .field("ready", &self.is_ready())
            .finish_non_exhaustive()
    }
}

async fn received(answer: oneshot::Receiver<Result<(), PublishError>>) -> Result<(), PublishError> {
    answer.await.unwrap_or_else(|_| {
        // The lane has finished and took the request with it.
        count(Err(&PublishError::NotConnected));
        Err(PublishError::NotConnected)
    })
}

/// Gives each new connection to the lanes, and takes it back when it is lost.
async fn hand_out_connections(
    settings: ConnectionSettings,
    finished: CancellationToken,
    connections: watch::Sender<Option<Connection>>,
) {
    supervise(settings, finished.clone(), async |connection: Connection| {
        connections.send_replace(Some(connection.clone()));
        tokio::select! {
            _ = connection.lost() => {}
            () = finished.cancelled() => {}
        }
        connections.send_replace(None);
    })
    .await;
}
