//! Walks through the dead letters without losing any.
//!
//! Messages are taken with `basic.get` on a channel of our own and not acknowledged. When the channel
//! ends (closed, the program killed, the connection lost) the broker puts back what was taken. The
//! queue has a delivery limit of 2,000,000,000, so looking does not use letters up.

use std::time::Duration;

use indicatif::ProgressBar;
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::FieldTable;
use lapin::{Channel, ErrorKind};
use queue::topology::DEAD_QUEUE;
use queue::{Connection, ConnectionError, ConnectionSettings, Received};
use tokio::time::{Instant, sleep};
use tracing::warn;

use crate::failure::Failure;

/// How long the queue may take to show again what was given back.
const GIVE_BACK: Duration = Duration::from_secs(3);
const GIVE_BACK_LOOK: Duration = Duration::from_millis(10);

/// The dead letters, opened for a walk.
pub(crate) struct DeadQueue {
    connection: Connection,
    channel: Channel,
    /// Messages that were ready at the start. A walk goes no further: a letter that is replayed and
    /// dies again at once must not be met twice.
    left: u32,
    /// Taken and not acknowledged.
    held: u32,
    /// A bar on stderr, when that is a terminal: a quorum queue gives about 1,000 letters a second.
    progress: ProgressBar,
}

impl DeadQueue {
    /// Connects and counts.
    pub(crate) async fn open(url: &str) -> Result<DeadQueue, Failure> {
        let settings = ConnectionSettings::new(url, "ops dead letters");
        let connection = Connection::open(&settings).await?;
        let channel = connection.create_channel().await?;
        let left = ready(&connection, &channel).await?;
        let progress = ProgressBar::new(u64::from(left));
        Ok(DeadQueue { connection, channel, left, held: 0, progress })
    }

    /// Letters that the walk has not met yet.
    pub(crate) fn left(&self) -> u32 {
        self.left
    }

    /// The next letter; `None` at the end of the walk.
    pub(crate) async fn next(&mut self) -> Result<Option<Received>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        let get = self.channel.basic_get(DEAD_QUEUE.into(), BasicGetOptions { no_ack: false });
        match self.connection.bounded("taking a dead letter", get).await {
            Ok(Some(message)) => {
                self.left -= 1;
                self.held += 1;
                self.progress.inc(1);
                Ok(Some(Received::new(message.delivery)))
            }
            Ok(None) => {
                self.left = 0;
                Ok(None)
            }
            Err(error) => Err(failure(error)),
        }
    }

    /// Removes a letter that has a new home.
    pub(crate) async fn remove(&mut self, received: &Received) -> Result<(), Failure> {
        let ack = received.acker.ack(BasicAckOptions::default());
        if !self.connection.bounded("acknowledging a dead letter", ack).await? {
            let error =
                "the channel ended before an acknowledgement; the letter is there twice now";
            return Err(Failure::CouldNotAsk(format!("broker: {error}, which is harmless")));
        }
        self.held -= 1;
        Ok(())
    }

    /// Gives everything back that was taken and not removed, and waits until the queue has it, so
    /// that the next look sees all.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.progress.finish_and_clear();
        let channel = self.connection.create_channel().await?;
        let wanted = ready(&self.connection, &channel).await?.saturating_add(self.held);
        let goodbye = self.channel.close(200, "OK".into());
        self.connection.bounded("closing a channel", goodbye).await?;
        let deadline = Instant::now() + GIVE_BACK;
        while self.held > 0 && ready(&self.connection, &channel).await? < wanted {
            if Instant::now() > deadline {
                warn!("the broker is slow to give the letters back; none is lost");
                break;
            }
            sleep(GIVE_BACK_LOOK).await;
        }
        self.connection.close().await;
        Ok(())
    }
}

/// Messages in the queue that nobody holds.
async fn ready(connection: &Connection, channel: &Channel) -> Result<u32, Failure> {
    let options = QueueDeclareOptions { passive: true, ..Default::default() };
    let declare = channel.queue_declare(DEAD_QUEUE.into(), options, FieldTable::default());
    let queue = connection.bounded("looking at the dead letters", declare).await;
    queue.map(|queue| queue.message_count()).map_err(failure)
}

fn failure(error: ConnectionError) -> Failure {
    if is_missing(&error) {
        return Failure::CouldNotAsk(format!(
            "there is no queue {DEAD_QUEUE} on the broker: run `ops topology apply`"
        ));
    }
    error.into()
}

/// Whether the broker says that there is no such queue.
pub(crate) fn is_missing(error: &ConnectionError) -> bool {
    let ConnectionError::Amqp(error) = error else { return false };
    let ErrorKind::ProtocolError(refusal) = error.kind() else { return false };
    *refusal.kind() == AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)
}
