//! What an operator did with dead letters, written down.

use config::Config;
use queue::{Envelope, ReceivedMessage};
use store::MysqlConnection;
use store::dead_letter;
use store::dead_letter::history::{HistoryEntry, LetterAction, insert};
use store::notification::{MessageKey, removed};

use worker::message::content_id;

use super::DeadLetter;
use crate::failure::Failure;

/// Writes down what is done with these letters; of discarded ones also the body.
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
    insert(database, &entries)?;
    let ids: Vec<&str> = opened.iter().map(|(letter, _)| letter.id.as_str()).collect();
    dead_letter::remove(database, &ids)?;
    if action == LetterAction::Discarded {
        remove_marks(database, config, letters)?;
    }
    Ok(())
}

/// If one of the discarded messages is rejected again, it becomes a letter again. A replayed letter says
/// so itself, since a worker may have it before this is written.
fn remove_marks(
    database: &mut MysqlConnection,
    config: &Config,
    letters: &[&ReceivedMessage],
) -> Result<(), Failure> {
    let messages: Vec<(Envelope, String)> = letters
        .iter()
        .filter_map(|letter| {
            let id = content_id(letter, config).unwrap_or_else(|| letter.message_id.clone());
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
    Ok(removed(database, &keys)?)
}
