//! From deliveries to outcomes: runs batches on a thread that may block, tries an infrastructure failure again, and
//! finds the message that causes it when a batch fails on its data.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::{counter, histogram};
use order::RejectionReason;
use queue::{Connection, Message, PublishError, ReceivedMessage, topology};
use service::backoff::Backoff;
use service::trace::{Span, SpanKind};
use service::{metric, trace};
use store::redelivery::RedeliveredMessage;
use store::{ErrorKind, MysqlConnection, redelivery};
use tokio::runtime::Handle;
use tracing::{error, warn};

use super::acknowledge::{dead, message_for};
use super::recorded::RowInInbox;
use super::spans::BatchTraces;
use crate::batch::{self, BatchError, Outcome, Rules, outcome_alone, retry_copies, run_halving};
use crate::context::{Interrupted, WorkerContext};
use crate::failure_log::FailureLog;
use crate::health::DatabaseUser;
use crate::message::{InboundMessage, Rejection};
use crate::run::report_undeclared;

/// A message that was redelivered this often has killed its worker each time: a poison message, which is dead-lettered.
const POISON_AFTER: i32 = 3;

/// Pauses between tries of a batch after an infrastructure failure.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Deliveries and the outcomes that they have so far. Kept from one try to the next, so that a finished message, whose
/// dead letter may be published already, is not worked on again because another one had to wait.
struct Work {
    received: Vec<ReceivedMessage>,
    outcomes: Vec<Option<Outcome>>,
    traces: BatchTraces,
}

/// Why deliveries have no outcomes. They are not acknowledged and come again.
#[derive(Debug)]
pub(crate) enum Unprocessed {
    /// The worker stops, or the connection to the broker is gone.
    Interrupted,
    /// The database refuses a statement, whatever the data.
    StatementRefused,
    /// Everything is paused.
    Paused,
}

/// How a try ended.
enum Attempted {
    /// Each message has an outcome.
    Ended,
    /// Everything is paused, so nothing was done.
    Paused,
}

impl From<Interrupted> for Unprocessed {
    fn from(_: Interrupted) -> Unprocessed {
        Unprocessed::Interrupted
    }
}

impl WorkerContext {
    /// Works on the deliveries of this lane until each has an outcome, however long the database is
    /// away.
    pub(crate) async fn process(
        &self,
        lane: usize,
        connection: &Connection,
        received: Vec<ReceivedMessage>,
        traces: BatchTraces,
    ) -> Result<Vec<(ReceivedMessage, Outcome)>, Unprocessed> {
        let outcomes = vec![None; received.len()];
        let mut work = Work { received, outcomes, traces };
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut trouble = FailureLog::default();
        loop {
            let result;
            (work, result) = self
                .on_database("a batch", move |this| {
                    let batch = work.traces.batch.clone();
                    let result = trace::within(batch, || attempt(this, &mut work));
                    (work, result)
                })
                .await?;
            let failure = match result {
                Ok(Attempted::Ended) => {
                    self.health.database_works(DatabaseUser::Lane(lane));
                    trouble.batch_worked(lane);
                    let outcomes = work.outcomes.into_iter().flatten();
                    return Ok(work.received.into_iter().zip(outcomes).collect());
                }
                Ok(Attempted::Paused) => return Err(Unprocessed::Paused),
                Err(failure) => failure,
            };
            counter!(metric::WORKER_BATCH_FAILURES).increment(1);
            if let BatchError::Store(error) = &failure {
                let is_news = self.health.database_fails(DatabaseUser::Lane(lane), error);
                if error.kind() == ErrorKind::Statement {
                    if is_news {
                        error!(%error, number = error.number(), statement = error.statement(),
                            "the database refuses a statement of this version, whatever the data: \
                             run `ops migrate`, or see docs/databases.md; \
                             nothing is consumed until it is taken");
                    }
                    return Err(Unprocessed::StatementRefused);
                }
            }
            if let BatchError::Publish(PublishError::Returned { .. }) = &failure {
                // A retry tier or the dead-letter queue is gone, and no batch can finish without it.
                self.declare().await;
            }
            trouble.batch_failed(lane, work.received.len(), &failure);
            tokio::select! {
                () = tokio::time::sleep(backoff.next_pause()) => {}
                () = self.cancel.cancelled() => return Err(Unprocessed::Interrupted),
                _ = connection.lost() => return Err(Unprocessed::Interrupted),
            }
        }
    }

    /// Declares what is missing at the broker.
    pub(crate) async fn declare(&self) {
        let declared = topology::apply(&self.cluster, self.layout()).await;
        if let Err(error) = declared {
            report_undeclared(&error);
        }
    }

    /// Publishes, and returns the places of those that the broker refused: their queue is full.
    pub(crate) fn publish(&self, messages: Vec<Message>) -> Result<Vec<usize>, PublishError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        service::crash_point!("worker.before_confirm");
        let results = Handle::current().block_on(self.publisher.publish_all(messages));
        service::crash_point!("worker.after_confirm");
        let mut refused = Vec::new();
        for (at, result) in results.into_iter().enumerate() {
            match result {
                Ok(()) => {}
                Err(PublishError::Nacked) => refused.push(at),
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }
}

/// One try for everything without an outcome, on a thread that may block. Ends with an outcome for
/// each message, or with an infrastructure failure.
fn attempt(context: &WorkerContext, work: &mut Work) -> Result<Attempted, BatchError> {
    let Work { received, outcomes, traces } = work;
    let config = Arc::clone(&context.current.borrow());
    let (mut readable, mut refused) = (Vec::new(), Vec::new());
    for (at, delivery) in received.iter().enumerate() {
        if outcomes[at].is_some() {
            continue;
        }
        if delivery.is_probe {
            outcomes[at] = Some(Outcome::Done);
            continue;
        }
        let message = match InboundMessage::receive(delivery, &config) {
            Ok(message) => message,
            Err(rejection) => {
                refused.push((at, rejection));
                continue;
            }
        };
        let message = message.in_trace(traces.messages.get(at).cloned().flatten());
        context.health.message_clock().compare(&message, Utc::now());
        readable.push((at, message));
    }
    if readable.is_empty() && refused.is_empty() {
        return Ok(Attempted::Ended);
    }
    let mut connection = context.pool.get()?;
    let pauses = context.pauses.or_read(&mut connection)?;
    if pauses.is_everything() {
        return Ok(Attempted::Paused);
    }
    for (at, message) in &mut readable {
        let delivery = &received[*at];
        message.prove_receipt(&mut connection, &delivery.headers, &delivery.body, &config)?;
    }
    let mut attempt = BatchAttempt { context, connection: &mut connection, received, outcomes };
    for (at, rejection) in refused {
        if !attempt.put_aside_unread(&pauses, at, &rejection)? {
            attempt.refuse(at, rejection)?;
        }
    }
    let (redelivered, fresh): (Vec<_>, Vec<_>) = attempt
        .put_aside(&pauses, readable)?
        .into_iter()
        .partition(|(at, _)| received[*at].redelivered);
    let (places, fresh): (Vec<usize>, Vec<InboundMessage>) = fresh.into_iter().unzip();
    attempt.run(&places, &fresh)?;
    for (at, message) in &redelivered {
        let _alone = context.redeliveries.alone();
        trace::within(message.trace.clone(), || attempt.run_alone(*at, message))?;
    }
    Ok(Attempted::Ended)
}

/// The batches of one try.
pub(super) struct BatchAttempt<'a> {
    pub(super) context: &'a WorkerContext,
    pub(super) connection: &'a mut MysqlConnection,
    received: &'a [ReceivedMessage],
    outcomes: &'a mut [Option<Outcome>],
}

/// How long the notifications of a batch that has been committed were on their way.
fn report_times(batch: &[InboundMessage], outcomes: &[Outcome]) {
    let now = Utc::now();
    let seconds = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).to_std().unwrap_or_default();
    // Looked up once, not for each message.
    let to_commit = histogram!(metric::WORKER_SUCCESS_TO_COMMIT);
    let lag = histogram!(metric::WORKER_NOTIFY_LAG);
    for (message, outcome) in batch.iter().zip(outcomes) {
        if !message.kind.is_notification() || *outcome != Outcome::Done {
            continue;
        }
        to_commit.record(seconds(message.received_at, now));
        if let Some(sent_at) = message.trade().and_then(|trade| trade.notify_time) {
            lag.record(seconds(sent_at, message.received_at));
        }
    }
}

impl<'a> BatchAttempt<'a> {
    /// A message that cannot be read becomes a dead letter, without a row in the inbox.
    fn refuse(&mut self, at: usize, rejection: Rejection) -> Result<(), BatchError> {
        let (context, delivery) = (self.context, &self.received[at]);
        retry_copies::remove_unreadable(self.connection, delivery)?;
        let letter = dead(delivery, &rejection, None);
        let outcome = trace::within(delivery.headers.trace(), || {
            context.publish_dead(self.connection, letter, rejection)
        })?;
        self.outcomes[at] = Some(outcome);
        Ok(())
    }

    /// The deliveries of this try.
    pub(super) fn received(&self) -> &'a [ReceivedMessage] {
        self.received
    }

    /// The message at this place among those received has ended.
    pub(super) fn set_outcome(&mut self, at: usize, outcome: Outcome) {
        self.outcomes[at] = Some(outcome);
    }

    /// Works on `batch`, whose messages are at `places` among those received; when it fails on its data, or for a
    /// reason that is not known, halves it until the message that causes it is alone.
    pub(super) fn run(
        &mut self,
        places: &[usize],
        batch: &[InboundMessage],
    ) -> Result<(), BatchError> {
        run_halving(
            self,
            0..batch.len(),
            &|attempt: &mut Self, part: Range<usize>| {
                attempt.run_together(&places[part.clone()], &batch[part])
            },
            &|attempt: &mut Self, at, failure| {
                let message = &batch[at];
                trace::within(message.trace.clone(), || {
                    attempt.failed_alone(places[at], message, failure)
                })
            },
        )
    }

    /// Decides about a message that is the cause of a failure.
    pub(super) fn failed_alone(
        &mut self,
        place: usize,
        message: &InboundMessage,
        failure: BatchError,
    ) -> Result<(), BatchError> {
        let all = self.received;
        let outcome = match outcome_alone(self.connection, failure)? {
            Outcome::Rejected(rejection) => {
                error!(
                    message_id = message.message_id,
                    error = %rejection.error,
                    "a message that the database refuses"
                );
                self.dead_letter(&all[place], message, rejection)?
            }
            Outcome::DatabaseRefuses(rejection) => {
                self.set_aside(&all[place], message, rejection)?
            }
            other => other,
        };
        self.outcomes[place] = Some(outcome);
        Ok(())
    }

    /// One transaction.
    fn run_together(
        &mut self,
        places: &[usize],
        batch: &[InboundMessage],
    ) -> Result<(), BatchError> {
        let BatchAttempt { context, received, .. } = *self;
        let publish = |connection: &mut MysqlConnection, outcomes: &[Outcome]| {
            let (of_batch, messages): (Vec<usize>, Vec<_>) = places
                .iter()
                .zip(batch)
                .zip(outcomes)
                .enumerate()
                .filter_map(|(of_batch, ((at, message), outcome))| {
                    Some((of_batch, message_for(&received[*at], message, outcome)?))
                })
                .unzip();
            let refused = context.publish_recorded(connection, messages, RowInInbox::Written)?;
            Ok(refused.into_iter().filter_map(|at| of_batch.get(at).copied()).collect())
        };
        let mut span = Span::begin(SpanKind::Internal, || "transaction".into(), trace::current());
        let outcomes = batch::run(self.connection, batch, Rules::of(&context.config), publish)
            .inspect_err(|failure| {
                span.fail(failure.kind().word());
                if batch.len() > 1 && failure.may_be_one_messages() {
                    counter!(metric::WORKER_BATCH_SPLITS).increment(1);
                    warn!(error = %failure, messages = batch.len(), "the batch failed on its data and is halved");
                }
            })?;
        drop(span);
        service::crash_point!("worker.after_commit");
        report_times(batch, &outcomes);
        let waits =
            |it: &InboundMessage| it.account.confirms_above.is_some() && it.trade().is_some();
        if batch.iter().any(waits) {
            context.wake_queries.notify_one();
        }
        let is_there = |outcome: &Outcome| matches!(outcome, Outcome::RejectedBefore(_));
        let is_emptied = outcomes.iter().any(is_there)
            && Handle::current().block_on(context.dead_queue.is_empty(&context.cluster));
        for ((at, message), outcome) in places.iter().zip(batch).zip(outcomes) {
            if is_emptied && is_there(&outcome) {
                self.dead_letter_again(*at, message)?;
            } else {
                self.outcomes[*at] = Some(outcome);
            }
        }
        Ok(())
    }

    /// A redelivered message may have killed the last worker: it is counted, in a transaction of its own that survives
    /// a death of this process, and then worked on alone (the caller keeps [`RedeliveryCounts::alone`](crate::lane::redelivery::RedeliveryCounts::alone)).
    fn run_alone(&mut self, at: usize, message: &InboundMessage) -> Result<(), BatchError> {
        let id = &message.message_id;
        let order = message.order_id();
        let redelivered = RedeliveredMessage {
            message_id: id,
            merchant: Some(&message.account.merchant),
            order_id: order.as_deref(),
        };
        let (context, all) = (self.context, self.received);
        let count = context
            .redeliveries
            .count(id, || redelivery::count_up(self.connection, &redelivered))?;
        service::crash_point!("worker.after_count_up");
        if count >= POISON_AFTER {
            let evidence = format!("redelivered {count} times, each time without an answer");
            let rejection = Rejection::new(RejectionReason::KillsWorkers, evidence);
            error!(message_id = id, "a message that kills workers");
            let received = &all[at];
            self.outcomes[at] = Some(if count == POISON_AFTER {
                self.dead_letter(received, message, rejection)?
            } else {
                // Even its dead-lettering killed a worker: publish it without a batch.
                let dead = dead(received, &rejection, Some(message));
                context.publish_dead(self.connection, dead, rejection)?
            });
            return self.forget(id);
        }
        let result = self.run(&[at], std::slice::from_ref(message));
        // Whatever the result, the message did not kill this process.
        self.forget(id)?;
        result
    }

    fn forget(&mut self, message_id: &str) -> Result<(), BatchError> {
        redelivery::forget(self.connection, message_id)?;
        self.context.redeliveries.remove(message_id);
        Ok(())
    }
}
