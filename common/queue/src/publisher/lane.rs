//! A lane: one task, one channel.

use std::future::Future;
use std::time::Duration;

use lapin::Channel;
use lapin::options::ConfirmSelectOptions;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::error::count;
use super::gathering::{Publication, gather};
use super::readiness::OpenLanes;
use crate::{BROKER_TIMEOUT, Connection, ConnectionError, ConnectionState, Message, PublishError};

/// The most messages in one gathering. More in flight does not make a quorum queue faster, and
/// more would fail together.
const GATHERING: usize = 256;

/// How long confirms may still come after the broker has blocked the connection: it has read what
/// made it block, and confirms that.
const BLOCKED_GRACE: Duration = Duration::from_millis(250);

/// A channel on which the broker refused a message is replaced when it is older than this. RabbitMQ 3.10
/// goes on refusing on it after the limit of a full quorum queue was taken away (measured on 3.10.8; not
/// so on 4.3).
const REFUSED_FOR: Duration = Duration::from_secs(1);

type Answer = Result<(), PublishError>;

/// A message and whom to answer.
pub(super) struct Request {
    publication: Publication,
    answer: oneshot::Sender<Answer>,
}

impl Request {
    pub(super) fn new(
        message: Message,
    ) -> Result<(Request, oneshot::Receiver<Answer>), PublishError> {
        let publication = Publication::new(message)?;
        let (answer, answered) = oneshot::channel();
        Ok((Request { publication, answer }, answered))
    }

    fn answer(self, answer: Answer) {
        count(answer.as_ref().copied());
        // The caller may not be waiting any more.
        let _ = self.answer.send(answer);
    }
}

pub(super) struct PublisherLane {
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) connections: watch::Receiver<Option<Connection>>,
    pub(super) readiness: OpenLanes,
    /// As in [`PublisherSettings::bundle`](crate::PublisherSettings::bundle).
    pub(super) bundle: usize,
    pub(super) confirm_timeout: Duration,
    pub(super) cancel: CancellationToken,
}

/// No more requests can come: the lane was cancelled, or every handle is gone.
struct Finished;

/// The connection is lost or blocked, or the channel was thrown away.
struct ChannelGone;

impl PublisherLane {
    pub(super) async fn run(mut self) {
        // Ends with `Finished` only.
        while let Ok(connection) = self.next_connection().await {
            let Ok(channel) = self.open(&connection).await else { continue };
            if let Ok(channel) = self.serve(&connection, channel).await {
                close(channel).await;
                return;
            }
        }
    }

    /// The next connection that can be published on. Requests that come meanwhile are refused.
    async fn next_connection(&mut self) -> Result<Connection, Finished> {
        loop {
            let connections = self.connections.clone();
            let connection = self.refuse(PublishError::NotConnected, usable(connections)).await?;
            let unblocked =
                connection.wait_for(|state| !matches!(state, ConnectionState::Blocked { .. }));
            match self.refuse(PublishError::Blocked, unblocked).await? {
                ConnectionState::Open => return Ok(connection),
                ConnectionState::Blocked { .. } | ConnectionState::Lost { .. } => {}
            }
        }
    }

    /// Answers every request with `error` until `until` resolves.
    async fn refuse<T>(
        &mut self,
        error: PublishError,
        until: impl Future<Output = T>,
    ) -> Result<T, Finished> {
        let mut until = std::pin::pin!(until);
        let mut refused = Vec::new();
        loop {
            tokio::select! {
                biased;
                value = &mut until => return Ok(value),
                received = receive(&mut self.requests, &self.cancel, &mut refused) => received?,
            }
            for request in refused.drain(..) {
                request.answer(Err(error.clone()));
            }
        }
    }

    /// Opens a channel in confirm mode. Requests that come meanwhile wait: this takes milliseconds on a
    /// connection that works, and a connection that does not work is given up.
    async fn open(&self, connection: &Connection) -> Result<Channel, ChannelGone> {
        let opening = async {
            let channel = connection.create_channel().await?;
            let confirms = channel.confirm_select(ConfirmSelectOptions::default());
            connection.bounded("asking for confirms", confirms).await?;
            Ok::<_, ConnectionError>(channel)
        };
        tokio::select! {
            biased;
            opened = timeout(self.confirm_timeout, opening) => {
                let failure = match opened {
                    Ok(Ok(channel)) => return Ok(channel),
                    Ok(Err(error)) => error.to_string(),
                    Err(_) => String::from("no answer in time"),
                };
                // Another attempt on the same connection would fail alike, without a pause.
                connection.give_up(format!("no channel could be opened: {failure}"));
                Err(ChannelGone)
            }
            _ = connection.wait_for(|state| *state != ConnectionState::Open) => Err(ChannelGone),
        }
    }

    /// Publishes requests until the channel is gone, or until no more requests can come: then the channel is
    /// returned.
    async fn serve(
        &mut self,
        connection: &Connection,
        mut channel: Channel,
    ) -> Result<Channel, ChannelGone> {
        let _open = self.readiness.open_lane();
        let mut opened = Instant::now();
        let mut requests = Vec::with_capacity(GATHERING);
        loop {
            tokio::select! {
                biased;
                _ = connection.wait_for(|state| *state != ConnectionState::Open) => {
                    return Err(ChannelGone);
                }
                received = receive(&mut self.requests, &self.cancel, &mut requests) => {
                    if let Err(Finished) = received {
                        return Ok(channel);
                    }
                }
            }
            let refused =
                publish(connection, &channel, self.bundle, self.confirm_timeout, &mut requests)
                    .await?;
            if refused && opened.elapsed() > REFUSED_FOR {
                close(std::mem::replace(&mut channel, self.open(connection).await?)).await;
                opened = Instant::now();
            }
        }
    }
}

/// Closes a channel that had no error; nothing is lost if the broker does not answer.
async fn close(channel: Channel) {
    let _ = timeout(BROKER_TIMEOUT, channel.close(200, "OK".into())).await;
}

/// Publishes the requests and answers each of them, also when it fails. Says whether the broker refused
/// one of them.
async fn publish(
    connection: &Connection,
    channel: &Channel,
    bundle: usize,
    confirm_timeout: Duration,
    requests: &mut Vec<Request>,
) -> Result<bool, ChannelGone> {
    let publications: Vec<&Publication> =
        requests.iter().map(|request| &request.publication).collect();
    let gathered = tokio::select! {
        biased;
        gathered = gather(channel, connection.user_id(), bundle, &publications) => {
            gathered.map_err(|error| PublishError::Channel(error.to_string()))
        }
        reason = connection.lost() => Err(PublishError::Channel(reason)),
        () = blocked(connection) => Err(PublishError::Blocked),
        () = sleep(confirm_timeout) => Err(PublishError::Timeout),
    };
    match gathered {
        Ok(answers) => {
            let refused = answers.contains(&Err(PublishError::Nacked));
            for (request, answer) in requests.drain(..).zip(answers) {
                request.answer(answer);
            }
            Ok(refused)
        }
        Err(error) => {
            warn!(%error, messages = requests.len(), "a gathering failed; its channel is thrown away");
            for request in requests.drain(..) {
                request.answer(Err(error.clone()));
            }
            Err(ChannelGone)
        }
    }
}

async fn blocked(connection: &Connection) {
    connection.wait_for(|state| matches!(state, ConnectionState::Blocked { .. })).await;
    sleep(BLOCKED_GRACE).await;
}

/// Takes what is waiting, at least one. Cancellation closes the lane to new requests; what is
/// waiting then still comes.
async fn receive(
    requests: &mut mpsc::Receiver<Request>,
    cancel: &CancellationToken,
    into: &mut Vec<Request>,
) -> Result<(), Finished> {
    tokio::select! {
        biased;
        () = cancel.cancelled(), if !requests.is_closed() => requests.close(),
        received = requests.recv_many(into, GATHERING) => {
            return if received == 0 { Err(Finished) } else { Ok(()) };
        }
    }
    if requests.recv_many(into, GATHERING).await == 0 { Err(Finished) } else { Ok(()) }
}

/// Waits for a connection that is not lost.
async fn usable(mut connections: watch::Receiver<Option<Connection>>) -> Connection {
    let found = connections
        .wait_for(|connection| connection.as_ref().is_some_and(|connection| !connection.is_lost()))
        .await
        .ok()
        .and_then(|connection| connection.clone());
    match found {
        Some(connection) => connection,
        // The supervisor has ended, which happens only after the lanes have finished.
        None => std::future::pending().await,
    }
}
