//! Walks through the dead letters without losing any.
//!
//! Messages are taken with `basic.get` on a channel of our own and not acknowledged. When the channel
//! ends (closed, the program killed, the connection lost) the broker puts back what was taken. The
//! queue has a delivery limit of 2,000,000,000, so looking does not use letters up.

use indicatif::ProgressBar;
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::FieldTable;
use lapin::{Channel, ErrorKind};
use queue::topology::DEAD_QUEUE;
use queue::{Connection, ConnectionError, ConnectionSettings, Received};

use crate::failure::Failure;

/// The dead letters, opened for a walk.
pub(crate) struct DeadQueue {
    connection: Connection,
    channel: Channel,
    ready: u32,
    /// A bar on stderr, when that is a terminal: a quorum queue gives about 1,000 letters a second.
    progress: ProgressBar,
}

impl DeadQueue {
    /// Connects and counts.
    pub(crate) async fn open(url: &str) -> Result<DeadQueue, Failure> {
        let settings = ConnectionSettings::new(url, "ops dead letters");
        let connection = Connection::open(&settings).await?;
        let channel = connection.create_channel().await?;
        let ready = ready(&connection, &channel).await?;
        let progress = ProgressBar::new(u64::from(ready));
        Ok(DeadQueue { connection, channel, ready, progress })
    }

    /// Letters that nobody held at the start.
    pub(crate) fn ready(&self) -> u32 {
        self.ready
    }

    /// The next letter; `None` at the end of the queue.
    pub(crate) async fn next(&mut self) -> Result<Option<Received>, Failure> {
        let get = self.channel.basic_get(DEAD_QUEUE.into(), BasicGetOptions { no_ack: false });
        let got = self.connection.bounded("taking a dead letter", get).await.map_err(failure)?;
        self.progress.inc(1);
        Ok(got.map(|message| Received::new(message.delivery)))
    }

    /// Removes a letter that has a new home.
    pub(crate) async fn remove(&mut self, received: &Received) -> Result<(), Failure> {
        let ack = received.acker.ack(BasicAckOptions::default());
        if self.connection.bounded("acknowledging a dead letter", ack).await? {
            return Ok(());
        }
        let what = "the channel ended before an acknowledgement: the letter is in both queues now";
        Err(Failure::CouldNotAsk(format!("broker: {what}, which is harmless")))
    }

    /// Gives everything back that was taken and not removed.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.progress.finish_and_clear();
        let goodbye = self.channel.close(200, "OK".into());
        self.connection.bounded("closing a channel", goodbye).await?;
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
