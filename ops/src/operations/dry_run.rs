//! What the worker would make of messages: its own code, in a transaction that is rolled back.

use std::collections::BTreeMap;

use config::Config;
use order::MessageOutcome;
use queue::Message;
use serde::Serialize;
use store::{MysqlConnection, StoreError, notification};
use worker::batch::{self, BatchError, Outcome, Rules, outcome_alone, run_halving};
use worker::message::{InboundMessage, Rejection};

use crate::failure::Failure;
use crate::operations::dead_letter::message::LetterMessage;
use crate::operations::effect::Effect;
use crate::operations::rolled_back;

/// Messages in one transaction. It holds the locks of their orders, and workers leave locked orders for
/// a later batch, so it must be short.
const MESSAGES_PER_TRANSACTION: usize = 200;

/// What would become of one message.
#[derive(Debug, Serialize)]
pub(crate) struct DryRunResult {
    pub(crate) id: String,
    pub(crate) order: Option<String>,
    pub(crate) merchant: Option<String>,
    #[serde(flatten)]
    pub(crate) effect: Effect<DryRunOutcome>,
}

/// How a message would end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DryRunOutcome {
    /// It contains something new.
    Applied,
    /// Everything in it is known.
    Unchanged,
    /// A trade status that this version does not know.
    Unknown,
    /// It would be a dead letter.
    Rejected,
    /// The database refuses it alone: it would be tried again, and be a dead letter after the last retry.
    DatabaseRefuses,
    /// It would wait for its order.
    NoOrderYet,
    /// Another transaction has its order locked now.
    Locked,
}

impl DryRunOutcome {
    /// How many of the messages would end so.
    pub(crate) fn count(self, results: &[DryRunResult]) -> usize {
        results.iter().filter(|one| one.effect.outcome == self).count()
    }
}

impl From<MessageOutcome> for DryRunOutcome {
    fn from(outcome: MessageOutcome) -> DryRunOutcome {
        match outcome {
            MessageOutcome::Applied => DryRunOutcome::Applied,
            MessageOutcome::Unchanged => DryRunOutcome::Unchanged,
            MessageOutcome::Unknown => DryRunOutcome::Unknown,
            MessageOutcome::Rejected => DryRunOutcome::Rejected,
        }
    }
}

/// What letters would do if they were replayed in this order.
pub(crate) fn dry_run_letters(
    connection: &mut MysqlConnection,
    config: &Config,
    letters: Vec<LetterMessage>,
) -> Result<Vec<DryRunResult>, Failure> {
    let mut results = Vec::new();
    let mut messages = Vec::new();
    for LetterMessage { message_id, mut headers, body } in letters {
        headers.attempt = 0;
        match InboundMessage::read(&message_id, &headers, &body, config) {
            Ok(mut message) => {
                message.prove_receipt(connection, &headers, &body, config)?;
                // What an operator names.
                message.message_id = message_id;
                messages.push(message);
            }
            Err(rejection) => results.push(DryRunResult {
                merchant: headers.merchant.clone(),
                ..dies_again(message_id, headers.order, &rejection)
            }),
        }
    }
    results.extend(dry_run(connection, config, messages)?);
    Ok(results)
}

/// What answers of the gateway that this program has just got would do: they need not be written down.
pub(crate) fn dry_run_answers<'a>(
    connection: &mut MysqlConnection,
    config: &Config,
    answers: impl Iterator<Item = &'a Message>,
) -> Result<Vec<DryRunResult>, Failure> {
    let mut results = Vec::new();
    let mut messages = Vec::new();
    for answer in answers {
        let id = &answer.message_id;
        match InboundMessage::read(id, &answer.headers, &answer.body, config) {
            Ok(mut message) => {
                message.answer_digest = None;
                message.message_id.clone_from(id);
                messages.push(message);
            }
            Err(rejection) => results.push(dies_again(id.clone(), None, &rejection)),
        }
    }
    results.extend(dry_run(connection, config, messages)?);
    Ok(results)
}

/// Messages of one order are worked on together.
fn dry_run(
    connection: &mut MysqlConnection,
    config: &Config,
    messages: Vec<InboundMessage>,
) -> Result<Vec<DryRunResult>, Failure> {
    let mut by_order: BTreeMap<String, Vec<InboundMessage>> = BTreeMap::new();
    for message in messages {
        by_order.entry(message.order_id().unwrap_or_default()).or_default().push(message);
    }
    let mut results = Vec::new();
    let mut batch = Vec::new();
    for (_, messages) in by_order {
        batch.extend(messages);
        if batch.len() >= MESSAGES_PER_TRANSACTION {
            results.extend(run(connection, config, &batch)?);
            batch.clear();
        }
    }
    results.extend(run(connection, config, &batch)?);
    Ok(results)
}

/// Runs a batch and rolls it back; halves it when it fails on its data, as a worker would.
fn run(
    connection: &mut MysqlConnection,
    config: &Config,
    batch: &[InboundMessage],
) -> Result<Vec<DryRunResult>, Failure> {
    let mut state = (connection, Vec::with_capacity(batch.len()));
    let done: Result<(), BatchError> = run_halving(
        &mut state,
        0..batch.len(),
        &|(connection, results), part| {
            results.extend(run_together(connection, config, &batch[part])?);
            Ok(())
        },
        &|(connection, results), at, failure| {
            let result = rolled_back(connection, |connection| {
                let outcome = outcome_alone(connection, failure)?;
                Ok::<_, BatchError>(result_of(connection, &batch[at], &outcome)?)
            });
            results.push(result?);
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
) -> Result<Vec<DryRunResult>, BatchError> {
    rolled_back(connection, |connection| {
        let outcomes = batch::run(connection, batch, Rules::of(config), |_, _| Ok(Vec::new()))?;
        let effects = batch.iter().zip(&outcomes);
        Ok(effects
            .map(|(message, outcome)| result_of(connection, message, outcome))
            .collect::<Result<_, StoreError>>()?)
    })
}

/// What one message did, while its transaction is open.
fn result_of(
    connection: &mut MysqlConnection,
    message: &InboundMessage,
    outcome: &Outcome,
) -> Result<DryRunResult, StoreError> {
    let merchant = &message.account.merchant;
    let effect = match outcome {
        // No batch is given what is paused: a dry run says what happens when it is not.
        Outcome::Locked | Outcome::Held | Outcome::Paused => Effect::new(DryRunOutcome::Locked),
        Outcome::RetryLater => Effect::new(DryRunOutcome::NoOrderYet),
        Outcome::DatabaseRefuses(rejection) => {
            Effect::rejected(DryRunOutcome::DatabaseRefuses, rejection)
        }
        Outcome::Rejected(rejection) | Outcome::RejectedBefore(rejection) => {
            Effect::rejected(DryRunOutcome::Rejected, rejection)
        }
        Outcome::Done => {
            let kind = message.kind.as_str();
            let line = notification::find(connection, merchant, kind, &message.message_id)?;
            // What an earlier run of the same message applied stays in its line.
            match line.map(|line| (DryRunOutcome::from(line.outcome), line)) {
                None => Effect::new(DryRunOutcome::Unchanged),
                Some((applied @ DryRunOutcome::Applied, line)) => {
                    Effect::applied(applied, &line.facts_added, line.changes.as_deref())
                }
                Some((outcome, _)) => Effect::new(outcome),
            }
        }
    };
    Ok(DryRunResult {
        id: message.message_id.clone(),
        order: message.order_id(),
        merchant: Some(merchant.clone()),
        effect,
    })
}

fn dies_again(id: String, order: Option<String>, rejection: &Rejection) -> DryRunResult {
    let effect = Effect::rejected(DryRunOutcome::Rejected, rejection);
    DryRunResult { id, order, merchant: None, effect }
}

/// The change, or the reason.
pub(crate) fn because(one: &DryRunResult) -> String {
    let effect = &one.effect;
    if let Some(reason) = &effect.reason {
        return format!("{reason}: {}", effect.error.as_deref().unwrap_or_default());
    }
    let facts = Some(effect.facts_added.to_string()).filter(|facts| !facts.is_empty());
    facts.into_iter().chain(effect.changes_in_words()).collect::<Vec<_>>().join("; ")
}
