//! Puts discarded letters into the queue again.

use std::collections::BTreeSet;

use diesel::Connection as _;
use order::LetterAction;
use queue::{Cluster, Message};
use serde::Serialize;
use store::Connection;
use store::dead_letter::history::{HistoryEntry, insert};
use store::dead_letter::{self, StoredLetter};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::DeadLetter;
use super::message::LetterMessage;
use crate::failure::Failure;
use crate::operations::publish::ConfirmedPublisher;

/// Letters that were put back.
#[derive(Debug, Serialize)]
pub(crate) struct RestoreResult {
    pub(crate) restored: usize,
    /// Whether all that were named are in the queue again.
    #[serde(skip)]
    pub(crate) ended: Result<(), Failure>,
}

/// Puts the discarded letters with these ids into the queue again.
pub(crate) async fn restore(
    cluster: &Cluster,
    database: &mut Connection,
    ids: &BTreeSet<String>,
    by: &str,
    note: Option<&str>,
) -> Result<RestoreResult, Failure> {
    let (mut letters, mut refused) = (Vec::new(), Vec::new());
    for id in ids {
        match block_in_place(|| dead_letter::discarded(database, id))? {
            None => refused.push(format!("there is no discarded letter {id}")),
            Some(letter) if letter.body.is_none() => {
                refused.push(format!("{id} cannot be put back: its body is too long to be kept"));
            }
            Some(letter) => letters.push(letter),
        }
    }
    let mut restored = 0;
    if !letters.is_empty() {
        let publisher = ConfirmedPublisher::open(cluster, "ops restore").await?;
        let result = block_in_place(|| -> Result<(), Failure> {
            for letter in letters {
                let id = letter.row.message_id.clone();
                match put_back(database, &publisher, letter, by, note)? {
                    true => restored += 1,
                    false => refused.push(format!("{id} was moved by somebody else meanwhile")),
                }
            }
            Ok(())
        });
        publisher.close().await;
        result?;
    }
    let ended = if refused.is_empty() { Ok(()) } else { Err(Failure::Refused(refused.join("\n"))) };
    Ok(RestoreResult { restored, ended })
}

/// Publishes the letter before the commit: after a crash in between it is in the queue, and its row says that it is discarded,
/// which `ops dlq sync` corrects. Returns whether the letter was still discarded.
fn put_back(
    database: &mut Connection,
    publisher: &ConfirmedPublisher,
    letter: StoredLetter,
    by: &str,
    note: Option<&str>,
) -> Result<bool, Failure> {
    let shown = DeadLetter::from(&letter.row);
    let Some(message) = LetterMessage::stored(letter) else { return Ok(false) };
    let entry = HistoryEntry {
        action: LetterAction::Restored,
        message_id: &shown.id,
        order_id: shown.order.as_deref(),
        done_by: by,
        note,
        headers: serde_json::to_string(&shown).unwrap_or_default(),
        body: None,
    };
    database.transaction(|database| {
        if !dead_letter::restored(database, &shown.id)? {
            return Ok(false);
        }
        insert(database, &[entry])?;
        let LetterMessage { message_id, headers, body } = message;
        let letter = Message::to_dead_queue(message_id, headers, body);
        Handle::current().block_on(publisher.publish(letter))?;
        service::crash_point!("ops.restore_published");
        Ok(true)
    })
}
