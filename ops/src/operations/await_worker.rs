//! The result of a message that an operator sent to the workers.

use std::time::{Duration, Instant};

use order::MessageOutcome;
use queue::topology::ShardCount;
use queue::{Envelope, Message};
use serde::Serialize;
use store::{MysqlConnection, StoreError, notification};
use worker::QueryAnswerMessage;

use crate::failure::Failure;
use crate::operations::dead_letter::NO_REASON;
use crate::operations::effect::Effect;
use crate::operations::order::fact_list::FactList;

/// How long to wait for a worker, and how often to look.
const WORKER_TIMEOUT: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A message of ours, before and after it is published.
pub(crate) struct PreparedMessage {
    pub(crate) message: Message,
    merchant: String,
    kind: &'static str,
    /// The answer of the gateway that it is.
    answer: Option<QueryAnswerMessage>,
    /// How often workers had seen this message before.
    seen_before: i32,
}

/// The worker's result.
pub(crate) type Applied = Effect<AppliedOutcome>;

/// A worker's result of a message, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AppliedOutcome {
    /// No worker has handled it in time.
    Waiting,
    /// A worker has handled it.
    #[serde(untagged)]
    Ended(MessageOutcome),
}

impl PreparedMessage {
    /// Prepares an envelope of ours for the work queue.
    pub(crate) fn new(envelope: &Envelope, shards: ShardCount) -> Result<PreparedMessage, Failure> {
        let message = envelope
            .message(shards)
            .map_err(|error| Failure::Refused(format!("the message cannot be written: {error}")))?;
        Ok(PreparedMessage {
            message,
            merchant: envelope.merchant.clone(),
            kind: envelope.kind.as_str(),
            answer: None,
            seen_before: 0,
        })
    }

    /// Prepares an answer of the gateway.
    pub(crate) fn answer(
        answer: QueryAnswerMessage,
        shards: ShardCount,
    ) -> Result<PreparedMessage, Failure> {
        let prepared = PreparedMessage::new(&answer.envelope, shards)?;
        Ok(PreparedMessage { answer: Some(answer), ..prepared })
    }

    /// Writes down that the gateway gave this answer, without which no worker accepts it; to be called before it is
    /// published.
    pub(crate) fn write_down(&self, connection: &mut MysqlConnection) -> Result<(), StoreError> {
        self.answer.as_ref().map_or(Ok(()), |answer| answer.write_down(connection))
    }

    /// To be called before it is published: the same decision twice has the same message id.
    pub(crate) fn look_before(&mut self, connection: &mut MysqlConnection) -> Result<(), Failure> {
        let line =
            notification::find(connection, &self.merchant, self.kind, &self.message.message_id)?;
        self.seen_before = line.map_or(0, |line| line.seen);
        Ok(())
    }

    /// Waits for a worker's row about it.
    pub(crate) fn wait(&self, connection: &mut MysqlConnection) -> Result<Applied, StoreError> {
        let began = Instant::now();
        loop {
            let line = notification::find(
                connection,
                &self.merchant,
                self.kind,
                &self.message.message_id,
            )?;
            if let Some(line) = line.filter(|line| line.seen > self.seen_before) {
                let ended = AppliedOutcome::Ended(line.outcome);
                let effect = match line.outcome {
                    MessageOutcome::Applied => {
                        Effect::applied(ended, &line.facts_added, line.changes.as_deref())
                    }
                    _ => Effect::new(ended),
                };
                return Ok(Applied { reason: line.reason, error: line.error, ..effect });
            }
            if began.elapsed() >= WORKER_TIMEOUT {
                return Ok(Effect::new(AppliedOutcome::Waiting));
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

impl Effect<AppliedOutcome> {
    /// In a sentence or two.
    pub(crate) fn text(&self) -> String {
        match self.outcome {
            AppliedOutcome::Ended(MessageOutcome::Applied) => {
                let mut lines = vec!["A worker has applied it.".to_owned()];
                if self.facts_added != FactList::default() {
                    lines.push(format!("facts added: {}", self.facts_added));
                }
                lines.extend(self.changes_in_words());
                lines.join("\n")
            }
            AppliedOutcome::Ended(MessageOutcome::Unchanged) => {
                "A worker has seen it; it changed nothing about the order.".to_owned()
            }
            AppliedOutcome::Ended(MessageOutcome::Rejected) => format!(
                "A worker has refused it: {}: {}",
                self.reason.as_deref().unwrap_or(NO_REASON),
                self.error.as_deref().unwrap_or_default()
            ),
            AppliedOutcome::Waiting => {
                "No worker has processed it yet: it takes effect once one runs.".to_owned()
            }
            AppliedOutcome::Ended(MessageOutcome::Unknown) => {
                "A worker has seen it: unknown.".to_owned()
            }
        }
    }

    /// Whether a worker refused it.
    pub(crate) fn is_rejected(&self) -> bool {
        self.outcome == AppliedOutcome::Ended(MessageOutcome::Rejected)
    }

    /// An error when a worker refused it.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.is_rejected() { Err(Failure::Refused(self.text())) } else { Ok(()) }
    }
}
