//! A lane: one channel, a consumer for each shard, one batch in flight.

mod acknowledge;
mod attempt;
mod consumers;
mod dead_lettering;
pub(crate) mod dead_queue;
mod deferral;
mod recorded;
pub(crate) mod redelivery;
pub(crate) mod spans;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{counter, gauge, histogram};
use queue::{Connection, ConnectionError, ReceivedMessage};
use service::backoff::Backoff;
use service::{metric, trace};
use tokio::sync::watch;
use tracing::{debug, info, warn};

use crate::batch::Outcome;
use crate::context::WorkerContext;
use crate::shards::ConsumedShards;
use attempt::Unprocessed;
use consumers::Consumers;
use spans::BatchSpans;

/// A batch stops growing at this many bytes of bodies, so that its statements stay well below
/// `max_allowed_packet` (16 MiB by default on MariaDB).
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// The shortest time between the starts of two batches that are not full. What arrives meanwhile shares a
/// transaction; a message that arrives after a longer silence does not wait.
const PACE: Duration = Duration::from_millis(10);

/// How long a lane waits before it looks again at messages whose orders another transaction has locked,
/// when nothing else arrives.
const LOCKED_PAUSE: Duration = Duration::from_millis(50);

/// How long a lane waits before it publishes again what the broker did not accept.
const HELD_PAUSE: Duration = Duration::from_secs(2);

/// The longest pause before a consumer that ended is set up again.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The pause before a lane consumes again after the database has refused a statement as such: only a
/// person can change that, by a migration, a grant or another version.
const REFUSED_PAUSE: Duration = Duration::from_secs(10);

/// When a channel ends with its connection, the connection reports its loss within a second; twice that is waited.
const END_KNOWN: Duration = Duration::from_secs(2);

/// Why a consumer ended.
enum Ended {
    /// Its channel or connection cannot be used any more.
    Connection(ConnectionError),
    /// The database refuses a statement whatever the data; another version of the worker may succeed.
    StatementRefused,
    /// Everything is paused.
    Paused,
}

impl Ended {
    fn lost(reason: impl Into<String>) -> Ended {
        Ended::Connection(ConnectionError::Lost { reason: reason.into() })
    }
}

impl From<ConnectionError> for Ended {
    fn from(error: ConnectionError) -> Ended {
        Ended::Connection(error)
    }
}

impl From<lapin::Error> for Ended {
    fn from(error: lapin::Error) -> Ended {
        Ended::Connection(error.into())
    }
}

/// What stays with the lane after a batch, not acknowledged.
#[derive(Default)]
struct Staying {
    /// Orders that another transaction has locked.
    locked: Vec<ReceivedMessage>,
    /// The broker does not accept their retries or dead letters.
    held: Vec<ReceivedMessage>,
}

/// One lane of the worker.
pub(crate) struct Lane {
    pub(crate) number: usize,
    /// A batch that has so many messages is full.
    pub(crate) batch: usize,
    /// The shards to consume.
    pub(crate) shards: Arc<ConsumedShards>,
    pub(crate) context: WorkerContext,
}

impl Lane {
    /// Consumes on this connection until it is lost or the worker stops. A consumer that ends alone
    /// (queue deleted, channel closed by the broker) is set up again with the others of the lane, and its queue declared before.
    pub(crate) async fn run(&self, connection: &Connection) {
        let mut backoff = Backoff::new(LOCKED_PAUSE, LONGEST_PAUSE);
        while self.may_consume(connection).await {
            let began = Instant::now();
            let ended = self.consume(connection).await;
            let mut refused = Duration::ZERO;
            // A lane that is paused needs no consumer.
            let is_paused = matches!(ended, Err(Ended::Paused));
            self.context.health.set_consuming(self.number, is_paused);
            match ended {
                Ok(()) | Err(Ended::Paused) => {}
                Err(Ended::StatementRefused) => refused = REFUSED_PAUSE,
                // The channel can notice the end of the connection first.
                Err(Ended::Connection(error)) if error.is_outage() => {
                    debug!(lane = self.number, %error, "the lane's connection ended");
                    let _ = tokio::time::timeout(END_KNOWN, connection.lost()).await;
                }
                Err(Ended::Connection(error)) if !connection.is_lost() => {
                    warn!(lane = self.number, %error, "the lane's consumer ended and is set up again");
                    self.context.declare().await;
                }
                Err(Ended::Connection(_)) => return,
            }
            if began.elapsed() > LONGEST_PAUSE {
                backoff.start_over();
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next_pause().max(refused)) => {}
                () = self.context.cancel.cancelled() => return,
                _ = connection.lost() => return,
            }
        }
    }

    /// Waits while everything is paused, or while it is not known yet whether it is; the messages stay in the queue, and the
    /// lane counts as one that consumes. Returns `false` when the lane ends.
    async fn may_consume(&self, connection: &Connection) -> bool {
        if self.context.cancel.is_cancelled() || connection.is_lost() {
            return false;
        }
        let pauses = &self.context.pauses;
        if pauses.for_sweep().is_some() {
            return true;
        }
        let is_paused = pauses.is_everything();
        if is_paused {
            info!(lane = self.number, "everything is paused: the lane takes nothing");
        }
        self.context.health.set_consuming(self.number, true);
        let goes_on = tokio::select! {
            () = self.context.cancel.cancelled() => false,
            _ = connection.lost() => false,
            () = pauses.not_everything_waits() => true,
        };
        if !goes_on {
            self.context.health.set_consuming(self.number, false);
            return false;
        }
        if is_paused {
            info!(lane = self.number, "the lane takes messages again");
        }
        true
    }

    /// The consumers from their beginning to their end.
    async fn consume(&self, connection: &Connection) -> Result<(), Ended> {
        let configured = self.context.layout().shards;
        let mut consumers =
            Consumers::open(connection, self.number, self.batch, configured).await?;
        let mut shards = self.shards.watch();
        self.consume_new(&mut consumers, &mut shards).await?;
        self.context.health.set_consuming(self.number, true);

        let ended = self.serve(connection, &mut consumers, &mut shards).await;
        // What was held comes again with the others.
        self.hold(0);
        self.context.health.set_unfinished(self.number, 0);
        if !connection.is_lost() {
            consumers.close().await;
        }
        ended
    }

    async fn consume_new(
        &self,
        consumers: &mut Consumers<'_>,
        shards: &mut watch::Receiver<BTreeSet<u32>>,
    ) -> Result<(), Ended> {
        let there = shards.borrow_and_update().clone();
        let added = consumers.add(&there).await;
        if added.is_err() {
            self.shards.forget_old();
        }
        added
    }

    /// Takes batches until a consumer or the worker ends.
    async fn serve(
        &self,
        connection: &Connection,
        consumers: &mut Consumers<'_>,
        shards: &mut watch::Receiver<BTreeSet<u32>>,
    ) -> Result<(), Ended> {
        let cancel = &self.context.cancel;
        let mut locked: Vec<ReceivedMessage> = Vec::new();
        // Tried again from time to time alone: they must not slow down the others.
        let mut held: Vec<ReceivedMessage> = Vec::new();
        let mut held_until = Instant::now();
        let mut next_batch = Instant::now();
        loop {
            let first = tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(()),
                reason = connection.lost() => return Err(Ended::lost(reason)),
                () = self.context.pauses.everything_waits() => return Err(Ended::Paused),
                Ok(()) = shards.changed() => {
                    self.consume_new(consumers, shards).await?;
                    continue;
                }
                next = consumers.next() => next?,
                () = tokio::time::sleep(LOCKED_PAUSE), if !locked.is_empty() => Vec::new(),
                () = tokio::time::sleep_until(held_until.into()), if !held.is_empty() => Vec::new(),
            };
            let mut batch = std::mem::take(&mut locked);
            batch.extend(first);
            if held_until <= Instant::now() {
                batch.append(&mut held);
                held_until = Instant::now() + HELD_PAUSE;
            }
            let mut bytes: usize = batch.iter().map(|message| message.body.len()).sum();
            while batch.len() < self.batch && bytes < BATCH_BYTES {
                let next = tokio::select! {
                    biased;
                    next = consumers.next() => Some(next?),
                    () = tokio::time::sleep_until(next_batch.into()) => None,
                    () = cancel.cancelled() => None,
                };
                let Some(messages) = next else { break };
                bytes += messages.iter().map(|message| message.body.len()).sum::<usize>();
                batch.extend(messages);
            }
            next_batch = Instant::now() + PACE;
            let stays = self.work(connection, batch, &held).await?;
            locked = stays.locked;
            held.extend(stays.held);
            self.hold(held.len());
            self.context.health.set_unfinished(self.number, locked.len() + held.len());
        }
    }

    /// Reports how many messages this lane cannot finish because the broker does not take their copies.
    fn hold(&self, messages: usize) {
        let all = self.context.health.set_held(self.number, messages);
        gauge!(metric::WORKER_HELD_MESSAGES).set(f64::from(u32::try_from(all).unwrap_or(u32::MAX)));
    }

    /// One batch: outcomes, then acknowledgements. Returns what stays with the lane; `held` stays in any case.
    async fn work(
        &self,
        connection: &Connection,
        batch: Vec<ReceivedMessage>,
        held: &[ReceivedMessage],
    ) -> Result<Staying, Ended> {
        service::crash_point!("worker.after_receive");
        let started = Instant::now();
        self.context.health.set_unfinished(self.number, batch.len() + held.len());
        let size = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        let spans = BatchSpans::begin(&batch);
        let traces = spans.traces();
        let ended = match self.context.process(self.number, connection, batch, traces).await {
            Ok(ended) => ended,
            Err(Unprocessed::Interrupted) => return Err(Ended::lost("interrupted")),
            Err(Unprocessed::StatementRefused) => return Err(Ended::StatementRefused),
            Err(Unprocessed::Paused) => return Err(Ended::Paused),
        };
        service::crash_point!("worker.before_ack");
        histogram!(metric::WORKER_BATCH_SECONDS).record(started.elapsed());
        histogram!(metric::WORKER_BATCH_MESSAGES).record(f64::from(size));
        let (mut stays, mut done) = (Staying::default(), Vec::new());
        for ((message, outcome), span) in ended.into_iter().zip(spans.into_messages()) {
            trace::within(span.context().cloned(), || report(&message, &outcome));
            spans::end(span, &outcome);
            match outcome {
                Outcome::Locked => stays.locked.push(message),
                Outcome::Held => stays.held.push(message),
                _ => done.push(message),
            }
        }
        let open = stays.locked.iter().chain(&stays.held).chain(held);
        let open: BTreeSet<u64> = open.map(|message| message.tag).collect();
        let done: Vec<&ReceivedMessage> = done.iter().collect();
        if !connection.bounded("acknowledging", acknowledge::acknowledge(&done, &open)).await? {
            return Err(Ended::lost("the channel is gone, acknowledgements did not count"));
        }
        service::crash_point!("worker.after_ack");
        Ok(stays)
    }
}

/// Counts how a message has ended, and logs a bad end.
fn report(message: &ReceivedMessage, outcome: &Outcome) {
    let message_id = &message.message_id;
    match outcome {
        // It has not ended.
        Outcome::Locked | Outcome::Held => return,
        Outcome::DatabaseRefuses(rejection) => warn!(
            message_id,
            error = rejection.error,
            "the database refuses this message and takes others: it is tried again later"
        ),
        Outcome::Rejected(rejection) => {
            let (reason, error) = (rejection.reason, &rejection.error);
            warn!(message_id, reason, error, "dead-lettered");
            counter!(metric::WORKER_DEAD_LETTERS, "reason" => reason).increment(1);
        }
        Outcome::Done | Outcome::Paused | Outcome::RetryLater | Outcome::RejectedBefore(_) => {}
    }
    counter!(metric::WORKER_MESSAGES, "outcome" => outcome.word()).increment(1);
}
