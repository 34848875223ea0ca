//! What the worker would make of messages: its own code, in a transaction that is rolled back.

use std::collections::BTreeMap;

use config::Config;
use diesel::Connection as _;
use lapin::message::Delivery;
use lapin::types::ShortString;
use order::MessageOutcome;
use queue::{Message, Received};
use serde::Serialize;
use store::{Fault, MysqlConnection, notification};
use worker::batch::{self, BatchError, Rules};
use worker::incoming::Incoming;
use worker::verdict::{Never, Verdict};

use crate::failure::Failure;
use crate::operations::await_worker::outcome_of;
use crate::operations::order::change::{OrderChanged, changes_in, steps};
use crate::operations::order::fact_list::FactList;

/// Messages in one transaction. It holds the locks of their orders, and workers leave locked orders for
/// a later batch, so it must be short.
const TOGETHER: usize = 200;

/// What would become of one message.
#[derive(Debug, Serialize)]
pub(crate) struct Foreseen {
    pub(crate) id: String,
    pub(crate) order: Option<String>,
    pub(crate) merchant: Option<String>,
    pub(crate) outcome: ForeseenOutcome,
    pub(crate) reason: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) facts_added: FactList,
    pub(crate) changes: Vec<OrderChanged>,
}

/// How a message would end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ForeseenOutcome {
    /// It says something new.
    Applied,
    /// Everything that it says is known.
    Unchanged,
    /// A trade status that this version does not know.
    Unknown,
    /// It would be a dead letter.
    Rejected,
    /// It would wait for its order.
    NoOrderYet,
    /// Somebody has its order locked now.
    Locked,
}

impl ForeseenOutcome {
    /// How many of the messages would end so.
    pub(crate) fn count(self, foreseen: &[Foreseen]) -> usize {
        foreseen.iter().filter(|one| one.outcome == self).count()
    }
}

impl From<MessageOutcome> for ForeseenOutcome {
    fn from(outcome: MessageOutcome) -> ForeseenOutcome {
        match outcome {
            MessageOutcome::Applied => ForeseenOutcome::Applied,
            MessageOutcome::Unchanged => ForeseenOutcome::Unchanged,
            MessageOutcome::Unknown => ForeseenOutcome::Unknown,
            MessageOutcome::Rejected => ForeseenOutcome::Rejected,
        }
    }
}

/// A message that nobody published yet, as a worker would receive it.
pub(crate) fn as_received(message: &Message) -> Received {
    let (exchange, key) = (message.exchange.as_str(), message.routing_key.as_str());
    let mut delivery = Delivery::mock(0, exchange.into(), key.into(), false, message.body.clone());
    let id = ShortString::from(message.message_id.as_str());
    delivery.properties = delivery.properties.with_message_id(id);
    let mut received = Received::new(delivery);
    received.headers = message.headers.clone();
    received
}

/// Ends every transaction here: one way or the other it is rolled back.
enum Stop {
    Foreseen(Vec<Foreseen>),
    Batch(BatchError),
}

impl From<diesel::result::Error> for Stop {
    fn from(error: diesel::result::Error) -> Stop {
        Stop::Batch(error.into())
    }
}

/// Where messages come from whose effect is foreseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A queue: an answer of the gateway counts where it has been written down.
    Queue,
    /// This program has just got these answers.
    Gateway,
}

/// Foresees what messages would do if they were replayed in this order. Messages of one order are told
/// together; copies of one message count once.
pub(crate) fn foresee(
    connection: &mut MysqlConnection,
    config: &Config,
    letters: Vec<Received>,
    source: Source,
) -> Result<Vec<Foreseen>, Failure> {
    let mut foreseen = Vec::new();
    let mut by_order: BTreeMap<String, Vec<Incoming>> = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for mut letter in letters {
        if !seen.insert(letter.message_id.clone()) {
            continue;
        }
        letter.headers.attempt = 0;
        match Incoming::read(&letter, config) {
            Ok(mut incoming) => {
                incoming.prove_receipt(connection, &letter, config)?;
                if source == Source::Gateway {
                    incoming.answer_digest = None;
                }
                // What an operator names.
                incoming.message_id.clone_from(&letter.message_id);
                let order = incoming.order_id().unwrap_or_default();
                by_order.entry(order).or_default().push(incoming);
            }
            Err(never) => foreseen.push(Foreseen {
                merchant: letter.headers.merchant.clone(),
                ..dies_again(letter.message_id, letter.headers.order, &never)
            }),
        }
    }
    let mut batch = Vec::new();
    for (_, messages) in by_order {
        batch.extend(messages);
        if batch.len() >= TOGETHER {
            foreseen.extend(run(connection, config, &batch)?);
            batch.clear();
        }
    }
    foreseen.extend(run(connection, config, &batch)?);
    Ok(foreseen)
}

/// Runs one batch and rolls it back; halves it when it fails on its data, as a worker would.
fn run(
    connection: &mut MysqlConnection,
    config: &Config,
    batch: &[Incoming],
) -> Result<Vec<Foreseen>, Failure> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let stop: Result<(), Stop> = connection.transaction(|connection| {
        let verdicts = batch::run(connection, batch, Rules::of(config), |_| Ok(Vec::new()))
            .map_err(Stop::Batch)?;
        let mut told = Vec::with_capacity(batch.len());
        for (incoming, verdict) in batch.iter().zip(&verdicts) {
            told.push(
                tell(connection, incoming, verdict).map_err(|error| Stop::Batch(error.into()))?,
            );
        }
        Err(Stop::Foreseen(told))
    });
    match stop {
        Ok(()) => Ok(Vec::new()),
        Err(Stop::Foreseen(told)) => Ok(told),
        Err(Stop::Batch(error)) if error.may_be_one_messages() => match batch {
            [alone] => {
                let reason = if error.fault() == Fault::Unknown {
                    "database_refuses"
                } else {
                    "unusable_data"
                };
                let never = Never::new(reason, error);
                Ok(vec![Foreseen {
                    merchant: Some(alone.identity.merchant.clone()),
                    ..dies_again(alone.message_id.clone(), alone.order_id(), &never)
                }])
            }
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                let mut told = run(connection, config, first)?;
                told.extend(run(connection, config, second)?);
                Ok(told)
            }
        },
        Err(Stop::Batch(BatchError::Store(error))) => Err(error.into()),
        Err(Stop::Batch(error)) => Err(Failure::CouldNotAsk(error.to_string())),
    }
}

/// What one message did, while its transaction lives.
fn tell(
    connection: &mut MysqlConnection,
    incoming: &Incoming,
    verdict: &Verdict,
) -> Result<Foreseen, store::StoreError> {
    let mut foreseen = Foreseen {
        id: incoming.message_id.clone(),
        order: incoming.order_id(),
        merchant: Some(incoming.identity.merchant.clone()),
        outcome: ForeseenOutcome::Unchanged,
        reason: None,
        error: None,
        facts_added: FactList::default(),
        changes: Vec::new(),
    };
    match verdict {
        Verdict::Locked | Verdict::Held => foreseen.outcome = ForeseenOutcome::Locked,
        Verdict::NotYet => foreseen.outcome = ForeseenOutcome::NoOrderYet,
        Verdict::Never(never) | Verdict::Refused(never) | Verdict::LiesAlready(never) => {
            foreseen.outcome = ForeseenOutcome::Rejected;
            foreseen.reason = Some(never.reason.to_owned());
            foreseen.error = Some(never.error.clone());
        }
        Verdict::Done => {
            let merchant = &incoming.identity.merchant;
            let line = notification::find(
                connection,
                merchant,
                incoming.kind.as_str(),
                &incoming.message_id,
            )?;
            let Some(line) = line else { return Ok(foreseen) };
            // What an earlier run of the same message applied stays in its line.
            foreseen.outcome = ForeseenOutcome::from(outcome_of(&line.outcome));
            if foreseen.outcome == ForeseenOutcome::Applied {
                foreseen.facts_added = FactList::from_column(&line.facts_added);
                foreseen.changes = changes_in(line.changes.as_deref().unwrap_or_default());
            }
        }
    }
    Ok(foreseen)
}

fn dies_again(id: String, order: Option<String>, never: &Never) -> Foreseen {
    Foreseen {
        id,
        order,
        merchant: None,
        outcome: ForeseenOutcome::Rejected,
        reason: Some(never.reason.to_owned()),
        error: Some(never.error.clone()),
        facts_added: FactList::default(),
        changes: Vec::new(),
    }
}

/// The change, or the reason.
pub(crate) fn because(one: &Foreseen) -> String {
    if let Some(reason) = &one.reason {
        return format!("{reason}: {}", one.error.as_deref().unwrap_or_default());
    }
    let mut parts = Vec::new();
    if one.facts_added != FactList::default() {
        parts.push(one.facts_added.to_string());
    }
    for changed in &one.changes {
        let steps = steps(&changed.change);
        if !steps.is_empty() {
            parts.push(format!("order {}: {}", changed.order, steps.join(", ")));
        }
    }
    parts.join("; ")
}
