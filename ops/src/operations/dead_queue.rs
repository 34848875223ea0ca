//! Walks through the dead letters without losing any.
//!
//! Messages are taken on a channel of our own and not acknowledged. When the channel ends (closed, the
//! program killed, the connection lost) the broker puts back what was taken. The queue has a delivery
//! limit of 2,000,000,000, so looking does not use letters up.
//!
//! Letters that one program holds are invisible to all others, so only one operator at a time reads them: an
//! exclusive queue is the lock, which the broker frees with the connection, also after a `kill -9`.
//! The next one waits and sees everything, instead of seeing a part and taking it for the whole.

use std::time::Duration;

use futures_util::StreamExt as _;
use indicatif::ProgressBar;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicQosOptions,
    QueueDeclareOptions,
};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer, ErrorKind};
use queue::topology::DEAD_QUEUE;
use queue::{Cluster, Connection, ConnectionError, ConnectionSettings, Depth, ReceivedMessage};
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use crate::failure::Failure;

/// The exclusive queue whose owner may read the dead letters.
pub(crate) const LOCK_QUEUE: &str = "alipay.dead.lock";

/// Letters that one consumer is given; a prefetch is at most 65,535.
const PAGE: u32 = 5_000;

/// How long to wait for another operator, and how often to ask.
const OPERATOR_WAIT: Duration = Duration::from_secs(30);
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// A letter that was counted and does not come within this time is held by another program.
const SILENCE: Duration = Duration::from_secs(2);

/// How long the broker may do nothing while it should put letters back: of very many it takes some seconds.
const PUT_BACK: Duration = Duration::from_secs(2);

/// How many letters were looked at, of how many that were ready at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looked {
    pub(crate) at: u32,
    pub(crate) of: u32,
    /// Others who had letters then: a quorum queue counts who has got one as a consumer.
    pub(crate) strangers: u32,
}

impl Looked {
    /// Whether all letters were seen.
    pub(crate) fn is_whole(self) -> bool {
        self.at >= self.of && self.strangers == 0
    }
}

/// The tag of the consumer of one page.
fn consumer_tag(number: usize) -> String {
    format!("ops-{number}")
}

/// Gives the letters that are there, at most `limit`, to `each`. All stay where they are.
pub(crate) async fn look_at_letters(
    cluster: &Cluster,
    limit: u32,
    each: impl FnMut(ReceivedMessage),
) -> Result<Looked, Failure> {
    DeadQueue::open(cluster).await?.look_and_close(limit, each).await
}

/// The dead letters, opened for a walk.
pub(crate) struct DeadQueue {
    connection: Connection,
    channel: Channel,
    ready: u32,
    strangers: u32,
    removed: u32,
    /// A bar on stderr, when that is a terminal.
    progress: ProgressBar,
}

impl DeadQueue {
    /// Connects, waits until no other operator reads the letters, and counts.
    pub(crate) async fn open(cluster: &Cluster) -> Result<DeadQueue, Failure> {
        let settings = ConnectionSettings::new(cluster, "ops dead letters");
        let connection = Connection::open(&settings).await?;
        lock(&connection).await?;
        let channel = connection.create_channel().await?;
        let Depth { ready, consumers: strangers } = depth(&connection, &channel).await?;
        if strangers > 0 {
            warn!(
                strangers,
                "another program holds letters of {DEAD_QUEUE}, so they are not shown: \
                 `rabbitmqctl list_channels connection messages_unacknowledged` says who"
            );
        }
        let progress = ProgressBar::new(u64::from(ready));
        Ok(DeadQueue { connection, channel, ready, strangers, removed: 0, progress })
    }

    /// Looks at the letters, and closes.
    pub(crate) async fn look_and_close(
        mut self,
        limit: u32,
        each: impl FnMut(ReceivedMessage),
    ) -> Result<Looked, Failure> {
        let looked = self.look(limit, each).await;
        self.close().await?;
        looked
    }

    /// Letters that no consumer held at the start.
    pub(crate) fn ready(&self) -> u32 {
        self.ready
    }

    /// Gives the letters that were there at the start, at most `limit`, to `each`, streamed: tens of
    /// thousands a second. All stay where they are. Only a page of them is in memory at one time.
    async fn look(
        &mut self,
        limit: u32,
        mut each: impl FnMut(ReceivedMessage),
    ) -> Result<Looked, Failure> {
        let wanted = self.ready.min(limit);
        let mut looked = Looked { at: 0, of: self.ready, strangers: self.strangers };
        // A consumer keeps what it was given until the channel ends, so each page has one of its own.
        let mut pages = Vec::new();
        while looked.at < wanted {
            let page = PAGE.min(wanted - looked.at);
            let mut consumer = self.consume(pages.len(), page).await?;
            let mut came = 0;
            while came < page {
                match timeout(SILENCE, consumer.next()).await {
                    Ok(Some(delivery)) => {
                        each(ReceivedMessage::new(delivery.map_err(ConnectionError::Amqp)?));
                        self.progress.inc(1);
                        came += 1;
                    }
                    Ok(None) => {
                        let lost = "broker: it ended the reading of dead letters";
                        return Err(Failure::BrokerAway(lost.to_owned()));
                    }
                    Err(_) => break,
                }
            }
            pages.push(consumer);
            looked.at += came;
            if came < page {
                let (at, of) = (looked.at, looked.of);
                warn!(
                    "read {at} of {of} dead letters: another program holds or has removed the others"
                );
                break;
            }
        }
        // Dropped, a consumer would be cancelled at some later time: while the channel closes, perhaps.
        for number in 0..pages.len() {
            let tag = consumer_tag(number);
            let cancel = self.channel.basic_cancel(tag.into(), BasicCancelOptions::default());
            self.connection.bounded("ending the reading of dead letters", cancel).await?;
        }
        Ok(looked)
    }

    /// A consumer that is given this many letters and no more.
    async fn consume(&self, number: usize, page: u32) -> Result<Consumer, Failure> {
        // 0 would be no bound: of a quorum queue RabbitMQ gives 2,000 then, and no more.
        let prefetch = u16::try_from(page).unwrap_or(u16::MAX);
        let qos = self.channel.basic_qos(prefetch, BasicQosOptions::default());
        self.connection.bounded("setting the prefetch", qos).await?;
        let consume = self.channel.basic_consume(
            DEAD_QUEUE.into(),
            consumer_tag(number).into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        self.connection.bounded("starting to read dead letters", consume).await.map_err(failure)
    }

    /// The next letter; `None` at the end of the queue.
    pub(crate) async fn next(&mut self) -> Result<Option<ReceivedMessage>, Failure> {
        let get = self.channel.basic_get(DEAD_QUEUE.into(), BasicGetOptions { no_ack: false });
        let got = self.connection.bounded("taking a dead letter", get).await.map_err(failure)?;
        self.progress.inc(1);
        Ok(got.map(|message| ReceivedMessage::new(message.delivery)))
    }

    /// Removes a letter that was published again, or whose discarding was written down.
    pub(crate) async fn remove(&mut self, received: &ReceivedMessage) -> Result<(), Failure> {
        let ack = received.acker.ack(BasicAckOptions::default());
        if self.connection.bounded("acknowledging a dead letter", ack).await? {
            self.removed += 1;
            return Ok(());
        }
        let what = "the channel ended before an acknowledgement: the letter is still there, and a \
                    replayed one is in both queues now";
        Err(Failure::BrokerAway(format!("broker: {what}, which is harmless")))
    }

    /// Gives everything back that was taken and not removed, and lets the next operator continue once it is
    /// back in the queue.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.progress.finish_and_clear();
        self.connection.close_channel(&self.channel).await?;
        let expected = self.ready.saturating_sub(self.removed);
        let channel = self.connection.create_channel().await?;
        let (mut ready, mut since) = (0, Instant::now());
        while ready < expected && since.elapsed() < PUT_BACK {
            let now = depth(&self.connection, &channel).await?.ready;
            if now != ready {
                (ready, since) = (now, Instant::now());
            }
            sleep(Duration::from_millis(5)).await;
        }
        self.connection.close().await;
        Ok(())
    }
}

/// Waits until no other operator reads the letters.
async fn lock(connection: &Connection) -> Result<(), Failure> {
    let began = Instant::now();
    let mut is_logged = false;
    loop {
        // A refusal ends the channel.
        let channel = connection.create_channel().await?;
        let options =
            QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        let declare = channel.queue_declare(LOCK_QUEUE.into(), options, FieldTable::default());
        match connection.bounded("waiting for other operators", declare).await {
            Ok(_) => return Ok(()),
            Err(error) if refusal(&error) == Some(AMQPSoftError::RESOURCELOCKED) => {}
            Err(error) if refusal(&error) == Some(AMQPSoftError::ACCESSREFUSED) => {
                warn!(
                    "no permission to declare {LOCK_QUEUE}: letters that another operator is reading are not shown"
                );
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        if began.elapsed() > OPERATOR_WAIT {
            return Err(Failure::CouldNotAsk(
                "another operator is working on the dead letters: try again later".to_owned(),
            ));
        }
        if !is_logged && began.elapsed() > Duration::from_secs(1) {
            info!("another operator is working on the dead letters: waiting");
            is_logged = true;
        }
        sleep(ASK_AGAIN).await;
    }
}

/// Messages in the queue that no consumer holds, and consumers.
async fn depth(connection: &Connection, channel: &Channel) -> Result<Depth, Failure> {
    Depth::of(connection, channel, DEAD_QUEUE).await.map_err(failure)
}

fn failure(error: ConnectionError) -> Failure {
    if is_missing(&error) {
        return Failure::BrokerAway(format!(
            "there is no queue {DEAD_QUEUE} on the broker: run `ops topology apply`"
        ));
    }
    error.into()
}

/// Whether the broker says that there is no such queue.
pub(crate) fn is_missing(error: &ConnectionError) -> bool {
    refusal(error) == Some(AMQPSoftError::NOTFOUND)
}

/// Why the broker refused, when it did.
fn refusal(error: &ConnectionError) -> Option<AMQPSoftError> {
    let ConnectionError::Amqp(error) = error else { return None };
    let ErrorKind::ProtocolError(refusal) = error.kind() else { return None };
    match refusal.kind() {
        AMQPErrorKind::Soft(soft) => Some(soft.clone()),
        AMQPErrorKind::Hard(_) => None,
    }
}
