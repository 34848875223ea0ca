//! From deliveries to verdicts: runs batches on a thread that may block, tries again what is
//! nobody's fault, and finds the guilty message when a batch fails on its data.

mod burial;

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use config::Config;
use metrics::counter;
use order::RejectionReason;
use queue::topology;
use queue::{Cluster, Connection, PublishError, Publisher, Received};
use store::redelivery::{self, Suspect};
use store::{Fault, Pool};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::batch::{self, BatchError, Rules};
use crate::database_call::Interrupted;
use crate::dead_queue::DeadQueue;
use crate::health::{Health, User};
use crate::incoming::Incoming;
use crate::retry_copies;
use crate::settle::message_for;
use crate::suspects::Suspects;
use crate::trouble::Trouble;
use crate::unrecorded;
use crate::verdict::{Never, Verdict};

/// A message that was redelivered this often has killed its worker each time: a dead letter.
const DEADLY: i32 = 3;

/// Pauses between tries of a batch that failed for reasons that are nobody's fault.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What a batch needs from its surroundings.
#[derive(Clone)]
pub(crate) struct Processing {
    /// The configuration of the start.
    pub(crate) config: Arc<Config>,
    /// The same with the merchants of this moment.
    pub(crate) current: watch::Receiver<Arc<Config>>,
    pub(crate) pool: Pool,
    pub(crate) cluster: Cluster,
    pub(crate) publisher: Publisher,
    pub(crate) health: Health,
    pub(crate) cancel: CancellationToken,
    pub(crate) suspects: Suspects,
    pub(crate) dead_queue: DeadQueue,
    /// Wakes the query sweeper: goods may wait for an answer of the gateway.
    pub(crate) wake_queries: Arc<Notify>,
}

/// Deliveries and the verdicts that they have so far. Kept from one try to the next, so that what is
/// settled, its dead letter published, is not done again because a neighbour had to wait.
struct Work {
    received: Vec<Received>,
    verdicts: Vec<Option<Verdict>>,
}

/// Why deliveries have no verdicts. They are not acknowledged and come again.
#[derive(Debug)]
pub(crate) enum Unprocessed {
    /// The worker stops, or the connection to the broker is gone.
    Interrupted,
    /// The database refuses a statement, whatever the data.
    StatementRefused,
}

impl From<Interrupted> for Unprocessed {
    fn from(_: Interrupted) -> Unprocessed {
        Unprocessed::Interrupted
    }
}

impl Processing {
    /// Works on the deliveries of this lane until each has a verdict, however long the database is
    /// away.
    pub(crate) async fn process(
        &self,
        lane: usize,
        connection: &Connection,
        received: Vec<Received>,
    ) -> Result<Vec<(Received, Verdict)>, Unprocessed> {
        let verdicts = vec![None; received.len()];
        let mut work = Work { received, verdicts };
        let mut pause = FIRST_PAUSE;
        let mut trouble = Trouble::default();
        loop {
            let result;
            (work, result) = self
                .on_database("a batch", move |this| {
                    let result = this.attempt(&mut work);
                    (work, result)
                })
                .await?;
            let Err(failure) = result else {
                self.health.database_works(User::Lane(lane));
                trouble.batch_worked(lane);
                let verdicts = work.verdicts.into_iter().flatten();
                return Ok(work.received.into_iter().zip(verdicts).collect());
            };
            counter!("worker_batch_failures_total").increment(1);
            if let BatchError::Store(error) = &failure {
                let is_news = self.health.database_fails(User::Lane(lane), error);
                if error.fault() == Fault::Statement {
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
                // A retry tier or the queue of dead letters is gone: without it nothing goes on.
                self.declare().await;
            }
            trouble.batch_failed(lane, work.received.len(), &failure);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.cancel.cancelled() => return Err(Unprocessed::Interrupted),
                _ = connection.lost() => return Err(Unprocessed::Interrupted),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Declares what is missing at the broker.
    pub(crate) async fn declare(&self) {
        let events = self.config.events.enabled;
        match topology::apply(&self.cluster, events).await {
            Ok(_) => {}
            Err(error) if error.is_outage() => debug!(%error, "the queues could not be declared"),
            Err(error) => warn!(%error, "the queues could not be declared"),
        }
    }

    /// One try for everything without a verdict, on a thread that may block. Ends with a verdict for
    /// each message, or with a failure that is nobody's fault.
    fn attempt(&self, work: &mut Work) -> Result<(), BatchError> {
        let Work { received, verdicts } = work;
        let config = Arc::clone(&self.current.borrow());
        let (mut fresh_at, mut fresh) = (Vec::new(), Vec::new());
        let mut redelivered = Vec::new();
        for (at, message) in received.iter().enumerate() {
            if verdicts[at].is_some() {
                continue;
            }
            if message.is_probe {
                verdicts[at] = Some(Verdict::Done);
                continue;
            }
            let incoming = Incoming::read(message, &config);
            if let Ok(incoming) = &incoming {
                self.health.message_clock().tell(incoming, Utc::now());
            }
            match incoming {
                Ok(incoming) if message.redelivered => redelivered.push((at, incoming)),
                Ok(incoming) => {
                    fresh_at.push(at);
                    fresh.push(incoming);
                }
                Err(never) => {
                    retry_copies::came_back(self, message)?;
                    if unrecorded::named_order(message, None).is_some() {
                        unrecorded::write_down(&mut *self.pool.get()?, message, &never, None)?;
                    }
                    verdicts[at] = Some(self.publish_dead(message, never, None)?);
                }
            }
        }
        if fresh.is_empty() && redelivered.is_empty() {
            return Ok(());
        }
        let mut connection = self.pool.get()?;
        let read = fresh_at.iter().copied().zip(&mut fresh);
        for (at, incoming) in read.chain(redelivered.iter_mut().map(|(at, it)| (*at, it))) {
            incoming.prove_receipt(&mut connection, &received[at], &config)?;
        }
        self.run(&mut connection, received, &fresh_at, &fresh, verdicts)?;
        for (at, suspect) in &redelivered {
            let _alone = self.suspects.alone();
            self.run_suspect(&mut connection, received, *at, suspect, verdicts)?;
        }
        Ok(())
    }

    /// Runs one transaction for `batch`, whose messages are at `ats` among those received; when it
    /// fails on its data, or for a reason that is not known, halves it until the guilty message is
    /// alone.
    fn run(
        &self,
        connection: &mut store::MysqlConnection,
        received: &[Received],
        ats: &[usize],
        batch: &[Incoming],
        verdicts: &mut [Option<Verdict>],
    ) -> Result<(), BatchError> {
        if batch.is_empty() {
            return Ok(());
        }
        let publish = |found: &[Verdict]| {
            let (places, messages): (Vec<usize>, Vec<_>) = ats
                .iter()
                .zip(batch)
                .zip(found)
                .enumerate()
                .filter_map(|(place, ((at, incoming), verdict))| {
                    Some((place, message_for(&received[*at], incoming, verdict)?))
                })
                .unzip();
            let refused = self.publish(messages)?;
            Ok(refused.into_iter().filter_map(|at| places.get(at).copied()).collect())
        };
        match batch::run(connection, batch, Rules::of(&self.config), publish) {
            Ok(found) => {
                service::crash_point!("worker.after_commit");
                let waits =
                    |it: &Incoming| it.identity.confirms_above.is_some() && it.trade().is_some();
                if batch.iter().any(waits) {
                    self.wake_queries.notify_one();
                }
                let is_there = |verdict: &Verdict| matches!(verdict, Verdict::LiesAlready(_));
                let looks = found.iter().any(is_there);
                let emptied =
                    looks && Handle::current().block_on(self.dead_queue.is_empty(&self.cluster));
                for ((at, incoming), verdict) in ats.iter().zip(batch).zip(found) {
                    if emptied && is_there(&verdict) {
                        self.bury_again(connection, received, *at, incoming, verdicts)?;
                    } else {
                        verdicts[*at] = Some(verdict);
                    }
                }
                Ok(())
            }
            Err(failure) if !failure.may_be_one_messages() => Err(failure),
            Err(failure) if batch.len() > 1 => {
                counter!("worker_batch_splits_total").increment(1);
                warn!(error = %failure, messages = batch.len(), "the batch failed on its data and is halved");
                let half = batch.len() / 2;
                let (first, second) = batch.split_at(half);
                self.run(connection, received, &ats[..half], first, verdicts)?;
                self.run(connection, received, &ats[half..], second, verdicts)
            }
            Err(failure) if failure.fault() == Fault::Unknown => {
                verdicts[ats[0]] =
                    Some(self.set_aside(connection, &received[ats[0]], &batch[0], failure)?);
                Ok(())
            }
            Err(failure) => {
                let (message, incoming) = (&received[ats[0]], &batch[0]);
                error!(message_id = incoming.message_id, error = %failure, "a message that the database refuses");
                let never = Never::new(RejectionReason::UnusableData, failure);
                verdicts[ats[0]] = Some(self.bury(connection, message, incoming, never)?);
                Ok(())
            }
        }
    }

    /// A redelivered message may be what killed the last worker: it is counted, in a transaction of
    /// its own that outlives this process, and then worked on alone: the caller holds the turn.
    fn run_suspect(
        &self,
        connection: &mut store::MysqlConnection,
        received: &[Received],
        at: usize,
        incoming: &Incoming,
        verdicts: &mut [Option<Verdict>],
    ) -> Result<(), BatchError> {
        let id = &incoming.message_id;
        let order = incoming.order_id();
        let suspect = Suspect {
            message_id: id,
            merchant: Some(&incoming.identity.merchant),
            order_id: order.as_deref().filter(|order| order.len() <= unrecorded::LONGEST_ORDER),
        };
        let count = self.suspects.count(id, || redelivery::count_up(connection, &suspect))?;
        service::crash_point!("worker.after_count_up");
        if count >= DEADLY {
            let never = Never::new(
                RejectionReason::KillsWorkers,
                format!("redelivered {count} times, each time without an answer"),
            );
            error!(message_id = incoming.message_id, "a message that kills workers");
            verdicts[at] = Some(if count == DEADLY {
                self.bury(connection, &received[at], incoming, never)?
            } else {
                // Even that killed: to the dead letters without looking at it again.
                unrecorded::write_down(connection, &received[at], &never, Some(incoming))?;
                self.publish_dead(&received[at], never, Some(incoming))?
            });
            return self.forget(connection, &incoming.message_id);
        }
        let result =
            self.run(connection, received, &[at], std::slice::from_ref(incoming), verdicts);
        // Whatever came of it, this process lives.
        self.forget(connection, &incoming.message_id)?;
        result
    }

    fn forget(
        &self,
        connection: &mut store::MysqlConnection,
        message_id: &str,
    ) -> Result<(), BatchError> {
        redelivery::forget(connection, message_id)?;
        self.suspects.remove(message_id);
        Ok(())
    }

    /// Publishes, and returns the places of those that the broker refused: their queue is full.
    fn publish(&self, messages: Vec<queue::Message>) -> Result<Vec<usize>, PublishError> {
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
