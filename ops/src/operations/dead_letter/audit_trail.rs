//! What an operator did with dead letters, written down.

use std::collections::BTreeMap;

use config::Config;
use diesel::Connection as _;
use order::LetterAction;
use queue::{Envelope, ReceivedMessage};
use store::dead_letter::history::{HistoryEntry, insert};
use store::notification::{MessageKey, clear_dead_since};
use store::{MysqlConnection, StoreError, dead_letter};

use worker::message::content_id;

use super::DeadLetter;
use crate::failure::Failure;

/// Writes down what is done with these letters, of discarded ones also the body, and that they leave the queue: all of it or
/// nothing.
pub(crate) fn add_to_history(
    database: &mut MysqlConnection,
    config: &Config,
    action: LetterAction,
    letters: &[&ReceivedMessage],
    by: &str,
    note: Option<&str>,
) -> Result<(), Failure> {
    let opened: Vec<(DeadLetter, &ReceivedMessage)> =
        letters.iter().map(|received| (DeadLetter::from(*received), *received)).collect();
    let entries: Vec<HistoryEntry<'_>> = opened
        .iter()
        .map(|(letter, received)| HistoryEntry {
            action,
            message_id: &letter.id,
            order_id: letter.order.as_deref(),
            done_by: by,
            note,
            headers: serde_json::to_string(letter).unwrap_or_default(),
            body: (action == LetterAction::Discarded)
                .then(|| String::from_utf8_lossy(&received.body).into_owned()),
        })
        .collect();
    let mut copies: BTreeMap<&str, usize> = BTreeMap::new();
    for (letter, _) in &opened {
        *copies.entry(&letter.id).or_default() += 1;
    }
    database.transaction(|database| {
        // The inbox first, as a worker's batch locks it before the rows of its dead letters.
        if action == LetterAction::Discarded {
            remove_marks(database, config, letters)?;
        }
        insert(database, &entries)?;
        dead_letter::moved(database, action, copies)?;
        Ok::<(), StoreError>(())
    })?;
    Ok(())
}

/// If one of the discarded messages is rejected again, it becomes a letter again. A replayed letter says
/// so itself, since a worker may have it before this is written.
fn remove_marks(
    database: &mut MysqlConnection,
    config: &Config,
    letters: &[&ReceivedMessage],
) -> Result<(), StoreError> {
    let messages: Vec<(Envelope, String)> = letters
        .iter()
        .filter_map(|letter| {
            let id = content_id(&letter.body, config).unwrap_or_else(|| letter.message_id.clone());
            Some((Envelope::read(&letter.body).ok()?, id))
        })
        .collect();
    let keys: Vec<MessageKey<'_>> = messages
        .iter()
        .map(|(envelope, message_id)| MessageKey {
            merchant: &envelope.merchant,
            kind: envelope.kind.as_str(),
            message_id,
        })
        .collect();
    clear_dead_since(database, &keys)
}
