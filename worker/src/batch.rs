//! One batch, one transaction: load, decide, write, commit.
//!
//! This is the job of the worker; `work` is to be read from top to bottom. What it decides is decided by pure
//! functions of the crate `order`; what it reads and writes are statements of the crate `store`. Running it again
//! with the same messages changes nothing, so it does not matter whether a crash came before or after the commit.

mod batch_refunds;
mod contradiction;
mod dead_letters;
mod decisions;
mod deposit_backs;
mod expiries;
mod fulfillment;
mod inbox;
mod late_refunds;
mod load;
mod loaded_order;
mod outcome;
mod query_requests;
mod recorded_answers;
mod refund_requests;
mod rejected_payments;
pub(crate) mod retry_copies;
mod reviews;
mod working_set;
mod write;

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use config::Config;
use diesel::Connection as _;
use order::RejectionReason;
use queue::PublishError;
use queue::topology::RetryTier;
use store::{ErrorKind, MysqlConnection, StoreError};

use crate::message::{Content, InboundMessage, Rejection};
use fulfillment::{CodePriority, move_goods};
use inbox::InboxRecord;
pub use outcome::{Outcome, outcome_alone};
use working_set::WorkingSet;

/// Why a batch did not come to its end. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A retry or dead letter that the batch needs was not confirmed by the broker.
    #[error("publishing a retry or a dead letter: {0}")]
    Publish(#[from] PublishError),
}

impl From<diesel::result::Error> for BatchError {
    fn from(error: diesel::result::Error) -> BatchError {
        BatchError::Store(error.into())
    }
}

impl BatchError {
    /// Whether the batch may succeed without one of its messages.
    pub fn may_be_one_messages(&self) -> bool {
        matches!(self.kind(), ErrorKind::Data | ErrorKind::Unknown)
    }

    /// Database or broker are away, which their connections log once per outage.
    pub fn is_outage(&self) -> bool {
        match self {
            BatchError::Store(error) => error.is_outage(),
            BatchError::Publish(error) => error.is_outage(),
        }
    }

    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            BatchError::Store(error) => error.kind(),
            BatchError::Publish(_) => ErrorKind::Infrastructure,
        }
    }
}

/// What the configuration says about every batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether events are written for the shop.
    pub events: bool,
    /// How long smaller orders may pass one that waits for stock.
    pub overtake_limit: Duration,
}

impl Rules {
    /// Those of a configuration.
    pub fn of(config: &Config) -> Rules {
        Rules { events: config.events.enabled, overtake_limit: config.worker.stock_overtake_limit }
    }
}

/// Works on a batch of messages. Returns one outcome a message.
///
/// `confirm` publishes what the outcomes call for (retries, dead letters), writes the rows of the dead letters, and is
/// called before the commit: when it fails nothing is committed, when the commit fails the copies it made are
/// harmless repeats. It returns the places of those that the broker refused, whose outcome is then
/// [`Outcome::Held`].
///
/// # Errors
/// [`BatchError`]; the transaction is rolled back.
pub fn run(
    connection: &mut MysqlConnection,
    batch: &[InboundMessage],
    rules: Rules,
    confirm: impl FnOnce(&mut MysqlConnection, &[Outcome]) -> Result<Vec<usize>, BatchError>,
) -> Result<Vec<Outcome>, BatchError> {
    work(connection, batch, &[], rules, CodePriority::Batch(rules.overtake_limit), confirm)
}

/// Moves the goods of orders without a message, whose turn it is; called by the restock sweeper. `before_commit` is
/// called when everything is written.
///
/// # Errors
/// [`BatchError`]; the transaction is rolled back.
pub fn restock(
    connection: &mut MysqlConnection,
    orders: &[String],
    rules: Rules,
    before_commit: impl FnOnce(),
) -> Result<(), BatchError> {
    work(connection, &[], orders, rules, CodePriority::Restock, |_, _| {
        before_commit();
        Ok(Vec::new())
    })
    .map(|_| ())
}

/// Runs `places` together; where that fails on its data, or for a reason that is not known, halves them until the message
/// that causes the failure is alone, and passes it to `alone` with the failure.
///
/// # Errors
/// A failure that is not one message's, and those of `alone`. What was run before stays done.
pub fn run_halving<S, E: From<BatchError>>(
    state: &mut S,
    places: Range<usize>,
    run: &impl Fn(&mut S, Range<usize>) -> Result<(), BatchError>,
    alone: &impl Fn(&mut S, usize, BatchError) -> Result<(), E>,
) -> Result<(), E> {
    if places.is_empty() {
        return Ok(());
    }
    match run(state, places.clone()) {
        Ok(()) => Ok(()),
        Err(failure) if !failure.may_be_one_messages() => Err(failure.into()),
        Err(failure) if places.len() == 1 => alone(state, places.start, failure),
        Err(_) => {
            let middle = places.start + places.len() / 2;
            run_halving(state, places.start..middle, run, alone)?;
            run_halving(state, middle..places.end, run, alone)
        }
    }
}

/// Each item once, sorted: the keys of one statement.
fn distinct<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    items.into_iter().collect::<BTreeSet<T>>().into_iter().collect()
}

fn work(
    connection: &mut MysqlConnection,
    batch: &[InboundMessage],
    restock: &[String],
    rules: Rules,
    priority: CodePriority,
    confirm: impl FnOnce(&mut MysqlConnection, &[Outcome]) -> Result<Vec<usize>, BatchError>,
) -> Result<Vec<Outcome>, BatchError> {
    connection.transaction(|connection| {
        let mut set = load::load(connection, batch, restock)?;
        service::crash_point!("worker.after_lock");

        let mut records = apply(&mut set, batch);
        rejected_payments::explain(connection, batch, &mut records)?;

        let orders = &mut set.orders.loaded;
        move_goods(connection, orders, priority)?;
        service::crash_point!("worker.after_goods");
        set.decisions.write(connection)?;
        set.expiries.write(connection)?;
        let open_reviews = reviews::bring_up_to_date(connection, orders)?;
        write::write(connection, orders, &open_reviews, &mut records, rules.events)?;
        late_refunds::request(connection, orders, batch)?;
        set.query_requests.ask_about(orders);
        set.query_requests.write(connection)?;

        dead_letters::keep_one_each(connection, &mut records)?;
        inbox::write(connection, &records)?;
        let mut outcomes: Vec<Outcome> =
            records.into_iter().map(InboxRecord::into_outcome).collect();
        retry_copies::write(connection, batch.iter().zip(&outcomes))?;
        let refused = confirm(connection, &outcomes)?;
        dead_letters::hold(connection, batch, &mut outcomes, &refused)?;
        Ok(outcomes)
    })
}

/// Applies all messages to their orders, in memory.
fn apply<'a>(set: &mut WorkingSet, batch: &'a [InboundMessage]) -> Vec<InboxRecord<'a>> {
    let mut records = Vec::with_capacity(batch.len());
    for message in batch {
        service::crash_on_order!(message.order());
        let mut record = InboxRecord::new(message, set.apply(message));
        if *record.outcome() == Outcome::RetryLater
            && record.outcome().retry_tier(message.attempt).is_none()
        {
            record.reject(order_not_found(message));
        }
        if let (Ok(Content::Answer(answer)), Outcome::Rejected(_)) =
            (&message.content, record.outcome())
        {
            set.query_requests.end(&answer.out_trade_no);
        }
        records.push(record);
    }
    records
}

fn order_not_found(message: &InboundMessage) -> Rejection {
    let evidence = format!("no {} after {} retries", message.awaited(), RetryTier::ALL.len());
    Rejection::new(RejectionReason::OrderNotFound, evidence)
}
