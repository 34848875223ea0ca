//! Answers of the gateway in one batch, and whether one of our programs received them.

use std::collections::BTreeSet;

use store::gateway_answer;
use store::{MysqlConnection, StoreError};

use super::distinct;
use crate::message::InboundMessage;

/// The answers that have a row in `gateway_answer`. Without this check anybody who can publish could forge an answer: a
/// signature covers a text, and at the legacy gateway the text of any message can be arranged as an answer.
#[derive(Default)]
pub(super) struct RecordedAnswers {
    known: BTreeSet<(String, String)>,
}

impl RecordedAnswers {
    /// Reads the rows; no statement for a batch without an answer.
    pub(super) fn load(
        connection: &mut MysqlConnection,
        batch: &[InboundMessage],
    ) -> Result<RecordedAnswers, StoreError> {
        let keys = distinct(batch.iter().filter_map(InboundMessage::answer));
        let known = gateway_answer::known(connection, &keys)?.into_iter().collect();
        Ok(RecordedAnswers { known })
    }

    /// Whether the message is not an answer, or an answer with a row.
    pub(super) fn has(&self, message: &InboundMessage) -> bool {
        message.answer().is_none_or(|key| {
            self.known.contains(&(key.order_id.to_owned(), key.digest.to_owned()))
        })
    }
}
