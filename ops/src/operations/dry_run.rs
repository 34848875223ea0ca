//! What the worker would make of messages: its own code, in a transaction that is rolled back.

use std::collections::{BTreeMap, BTreeSet};

use config::Config;
use order::{MessageOutcome, RejectionReason};
use queue::{Message, ReceivedMessage};
use serde::Serialize;
use store::{Fault, MysqlConnection, StoreError, notification};
use worker::batch::{self, BatchError, Outcome, Rules, run_halving};
use worker::message::{InboundMessage, Rejection};

use crate::failure::Failure;
use crate::operations::effect::Effect;
use crate::operations::rolled_back;

/// Messages in one transaction. It holds the locks of their orders, and workers leave locked orders for
/// a later batch, so it must be short.
const TOGETHER: usize = 200;

/// What would become of one message.
#[derive(Debug, Serialize)]
pub(crate) struct Foreseen {
    pub(crate) id: String,
    pub(crate) order: Option<String>,
    pub(crate) merchant: Option<String>,
    #[serde(flatten)]
    pub(crate) effect: Effect<ForeseenOutcome>,
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
        foreseen.iter().filter(|one| one.effect.outcome == self).count()
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

/// Foresees what letters would do if they were replayed in this order.
pub(crate) fn foresee_letters(
    connection: &mut MysqlConnection,
    config: &Config,
    letters: Vec<ReceivedMessage>,
) -> Result<Vec<Foreseen>, Failure> {
    let mut seen = BTreeSet::new();
    let mut foreseen = Vec::new();
    let mut messages = Vec::new();
    for mut letter in letters {
        if !seen.insert(letter.message_id.clone()) {
            continue;
        }
        letter.headers.attempt = 0;
        match InboundMessage::receive(&letter, config) {
            Ok(mut message) => {
                message.prove_receipt(connection, &letter, config)?;
                // What an operator names.
                message.message_id = letter.message_id;
                messages.push(message);
            }
            Err(rejection) => foreseen.push(Foreseen {
                merchant: letter.headers.merchant.clone(),
                ..dies_again(letter.message_id, letter.headers.order, &rejection)
            }),
        }
    }
    foreseen.extend(foresee(connection, config, messages)?);
    Ok(foreseen)
}

/// Foresees what answers of the gateway would do which this program has just got: they need not be written down.
pub(crate) fn foresee_answers<'a>(
    connection: &mut MysqlConnection,
    config: &Config,
    answers: impl Iterator<Item = &'a Message>,
) -> Result<Vec<Foreseen>, Failure> {
    let mut foreseen = Vec::new();
    let mut messages = Vec::new();
    for answer in answers {
        let id = &answer.message_id;
        match InboundMessage::read(id, &answer.headers, &answer.body, config) {
            Ok(mut message) => {
                message.answer_digest = None;
                message.message_id.clone_from(id);
                messages.push(message);
            }
            Err(rejection) => foreseen.push(dies_again(id.clone(), None, &rejection)),
        }
    }
    foreseen.extend(foresee(connection, config, messages)?);
    Ok(foreseen)
}

/// Messages of one order are worked on together.
fn foresee(
    connection: &mut MysqlConnection,
    config: &Config,
    messages: Vec<InboundMessage>,
) -> Result<Vec<Foreseen>, Failure> {
    let mut by_order: BTreeMap<String, Vec<InboundMessage>> = BTreeMap::new();
    for message in messages {
        by_order.entry(message.order_id().unwrap_or_default()).or_default().push(message);
    }
    let mut foreseen = Vec::new();
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

/// Runs a batch and rolls it back; halves it when it fails on its data, as a worker would.
fn run(
    connection: &mut MysqlConnection,
    config: &Config,
    batch: &[InboundMessage],
) -> Result<Vec<Foreseen>, Failure> {
    let mut state = (connection, Vec::with_capacity(batch.len()));
    let done: Result<(), BatchError> = run_halving(
        &mut state,
        0..batch.len(),
        &|(connection, foreseen), part| {
            foreseen.extend(run_together(connection, config, &batch[part])?);
            Ok(())
        },
        &|(_, foreseen), at, error| {
            let unknown = error.fault() == Fault::Unknown;
            let reason = match unknown {
                true => RejectionReason::DatabaseRefuses,
                false => RejectionReason::UnusableData,
            };
            let (message, rejection) = (&batch[at], Rejection::new(reason, error));
            foreseen.push(Foreseen {
                merchant: Some(message.account.merchant.clone()),
                ..dies_again(message.message_id.clone(), message.order_id(), &rejection)
            });
            Ok(())
        },
    );
    match done {
        Ok(()) => Ok(state.1),
        Err(BatchError::Store(error)) => Err(error.into()),
        Err(error) => Err(Failure::CouldNotAsk(error.to_string())),
    }
}

/// One transaction, rolled back.
fn run_together(
    connection: &mut MysqlConnection,
    config: &Config,
    batch: &[InboundMessage],
) -> Result<Vec<Foreseen>, BatchError> {
    rolled_back(connection, |connection| {
        let outcomes = batch::run(connection, batch, Rules::of(config), |_| Ok(Vec::new()))?;
        let effects = batch.iter().zip(&outcomes);
        Ok(effects
            .map(|(message, outcome)| foreseen(connection, message, outcome))
            .collect::<Result<_, StoreError>>()?)
    })
}

/// What one message did, while its transaction lives.
fn foreseen(
    connection: &mut MysqlConnection,
    message: &InboundMessage,
    outcome: &Outcome,
) -> Result<Foreseen, StoreError> {
    let merchant = &message.account.merchant;
    let effect = match outcome {
        Outcome::Locked | Outcome::Held => Effect::new(ForeseenOutcome::Locked),
        Outcome::RetryLater => Effect::new(ForeseenOutcome::NoOrderYet),
        Outcome::Rejected(rejection)
        | Outcome::DatabaseRefuses(rejection)
        | Outcome::RejectedBefore(rejection) => {
            Effect::rejected(ForeseenOutcome::Rejected, rejection)
        }
        Outcome::Done => {
            let kind = message.kind.as_str();
            let line = notification::find(connection, merchant, kind, &message.message_id)?;
            // What an earlier run of the same message applied stays in its line.
            match line.map(|line| (ForeseenOutcome::from(line.outcome), line)) {
                None => Effect::new(ForeseenOutcome::Unchanged),
                Some((applied @ ForeseenOutcome::Applied, line)) => {
                    Effect::applied(applied, &line.facts_added, line.changes.as_deref())
                }
                Some((outcome, _)) => Effect::new(outcome),
            }
        }
    };
    Ok(Foreseen {
        id: message.message_id.clone(),
        order: message.order_id(),
        merchant: Some(merchant.clone()),
        effect,
    })
}

fn dies_again(id: String, order: Option<String>, rejection: &Rejection) -> Foreseen {
    let effect = Effect::rejected(ForeseenOutcome::Rejected, rejection);
    Foreseen { id, order, merchant: None, effect }
}

/// The change, or the reason.
pub(crate) fn because(one: &Foreseen) -> String {
    let effect = &one.effect;
    if let Some(reason) = &effect.reason {
        return format!("{reason}: {}", effect.error.as_deref().unwrap_or_default());
    }
    let facts = Some(effect.facts_added.to_string()).filter(|facts| !facts.is_empty());
    facts.into_iter().chain(effect.changes_in_words()).collect::<Vec<_>>().join("; ")
}
