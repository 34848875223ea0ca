//! One letter that was replayed.

use std::collections::BTreeSet;

use config::Config;
use order::MessageOutcome;
use queue::{Envelope, ReceivedMessage};
use serde::Serialize;
use store::BeijingTime;
use store::dead_letter::Death;
use store::notification::InboxState;
use store::retry_copy::WaitingCopy;
use worker::message::content_id;

/// The outcome of one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReplayOutcome {
    /// It is a dead letter again.
    DeadAgain,
    /// It waits in a retry tier: its order is not there yet, or the database refuses it.
    Retrying,
    /// No worker has handled it yet, as far as is known.
    Waiting,
    /// A trade status that the workers do not know: it has no effect.
    Unknown,
    /// It said something new.
    Applied,
    /// All that it says was known.
    Unchanged,
}

impl ReplayOutcome {
    /// In words, for a table.
    pub(crate) fn words(self) -> &'static str {
        match self {
            ReplayOutcome::DeadAgain => "dead again",
            ReplayOutcome::Retrying => "in a retry tier",
            ReplayOutcome::Waiting => "no worker has come to it yet",
            ReplayOutcome::Unknown => "a trade status that workers do not know",
            ReplayOutcome::Applied => "applied",
            ReplayOutcome::Unchanged => "changed nothing",
        }
    }
}

/// A letter that was replayed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Replayed {
    pub(crate) id: String,
    pub(crate) order: Option<String>,
    pub(crate) outcome: ReplayOutcome,
    /// Why it is dead again.
    pub(crate) reason: Option<String>,
    pub(crate) error: Option<String>,
    /// Where it waits, and until when.
    pub(crate) tier: Option<String>,
    pub(crate) due_at: Option<BeijingTime>,
    /// How many letters with this id were replayed.
    pub(crate) copies: usize,
    /// The id under which workers know it: the publisher may have set another one.
    #[serde(skip)]
    pub(super) known_as: String,
    /// Merchant and kind, where it can be read: the key of a worker's line.
    #[serde(skip)]
    pub(super) key: Option<(String, &'static str)>,
    /// How often workers had seen it before.
    #[serde(skip)]
    pub(super) seen_before: i32,
    /// How often its letter had died before.
    #[serde(skip)]
    pub(super) deaths_before: i32,
    #[serde(skip)]
    pub(super) waited_before: BTreeSet<(i32, BeijingTime)>,
}

impl Replayed {
    pub(super) fn of(received: &ReceivedMessage, config: &Config) -> Replayed {
        let envelope = Envelope::read(&received.body).ok();
        Replayed {
            id: received.message_id.clone(),
            known_as: content_id(&received.body, config)
                .unwrap_or_else(|| received.message_id.clone()),
            order: received.headers.order.clone(),
            outcome: ReplayOutcome::Waiting,
            reason: None,
            error: None,
            tier: None,
            due_at: None,
            copies: 0,
            key: envelope.map(|envelope| (envelope.merchant, envelope.kind.as_str())),
            seen_before: 0,
            deaths_before: 0,
            waited_before: BTreeSet::new(),
        }
    }

    /// Why it is not finished, in words.
    pub(crate) fn why(&self) -> String {
        match (&self.reason, &self.tier, self.due_at) {
            (Some(reason), ..) => match &self.error {
                Some(error) => format!("{reason}: {error}"),
                None => reason.clone(),
            },
            (None, Some(tier), Some(due)) => {
                format!(
                    "{tier} until {due}: its order is not there yet, or the database refuses it"
                )
            }
            _ => String::new(),
        }
    }

    /// Its letter was rejected once more.
    pub(super) fn died(&mut self, row: Death) {
        if row.deaths > self.deaths_before {
            self.outcome = ReplayOutcome::DeadAgain;
            (self.reason, self.error) = (row.reason, row.error);
        }
    }

    pub(super) fn hear(&mut self, state: InboxState) {
        if state.seen <= self.seen_before {
            return;
        }
        self.outcome = match state.outcome {
            MessageOutcome::Rejected => ReplayOutcome::DeadAgain,
            MessageOutcome::Applied => ReplayOutcome::Applied,
            MessageOutcome::Unknown => ReplayOutcome::Unknown,
            MessageOutcome::Unchanged => ReplayOutcome::Unchanged,
        };
        if self.outcome == ReplayOutcome::DeadAgain {
            (self.reason, self.error) = (state.reason, state.error);
        }
    }

    pub(super) fn is_put_back(&mut self, copy: WaitingCopy) {
        let is_new = !self.waited_before.contains(&(copy.attempt, copy.due_at));
        if is_new && self.outcome == ReplayOutcome::Waiting {
            self.outcome = ReplayOutcome::Retrying;
            (self.tier, self.due_at) = (Some(copy.tier), Some(copy.due_at));
        }
    }
}
