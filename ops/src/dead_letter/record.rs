//! What an operator did with dead letters, written down.

use queue::Received;
use store::Connection;
use store::dead_letter_audit::{Action, Entry, insert};

use super::DeadLetter;
use crate::failure::Failure;

/// Puts on record what is done with these letters; of discarded ones the body too.
pub(crate) fn record(
    database: &mut Connection,
    action: Action,
    letters: &[&Received],
    by: &str,
    note: Option<&str>,
) -> Result<(), Failure> {
    let told: Vec<(DeadLetter, &Received)> =
        letters.iter().map(|received| (DeadLetter::from(*received), *received)).collect();
    let entries: Vec<Entry<'_>> = told
        .iter()
        .map(|(letter, received)| Entry {
            action,
            message_id: &letter.id,
            order_id: letter.order.as_deref(),
            done_by: by,
            note,
            headers: serde_json::to_string(letter).unwrap_or_default(),
            body: (action == Action::Discarded)
                .then(|| String::from_utf8_lossy(&received.body).into_owned()),
        })
        .collect();
    Ok(insert(database, &entries)?)
}
