//! What a batch does with its dead letters apart from publishing them.

use std::collections::BTreeSet;

use store::{MysqlConnection, StoreError, notification};

use super::inbox::{DeadLetterToWrite, InboxRecord};
use super::{Outcome, distinct, retry_copies};
use crate::message::InboundMessage;
use crate::message::receipt::text;

/// Merchant, kind, message id, reason, and what the form says but for its `notify_time`.
type LetterContent = (String, String, String, String, Option<Vec<u8>>);

/// The same rejected message makes no second dead letter while the first one is in the queue: otherwise an
/// attacker could fill the queue with one message. Messages are the same if their content is the same: a letter must not replace one with a changed content.
pub(super) fn keep_one_each(
    connection: &mut MysqlConnection,
    records: &mut [InboxRecord<'_>],
) -> Result<(), StoreError> {
    let keys = distinct(records.iter().filter_map(|record| Some(record.dead_letter()?.key)));
    let mut dead_lettered: BTreeSet<LetterContent> =
        notification::dead_lettered(connection, &keys)?
            .into_iter()
            .map(|it| (it.merchant, it.kind, it.message_id, it.reason, text(&it.form)))
            .collect();
    for record in records {
        let Some(DeadLetterToWrite { key, reason, form }) = record.dead_letter() else { continue };
        let [merchant, kind, id] = [key.merchant, key.kind, key.message_id].map(str::to_owned);
        if !dead_lettered.insert((merchant, kind, id, reason.to_owned(), text(form))) {
            record.is_rejected_before();
        }
    }
    Ok(())
}

/// The broker has not taken the retries and dead letters of these messages: their queue is full. No row may say that
/// they are in the queue; the messages stay with the lane, and the others of the batch are done.
pub(super) fn hold(
    connection: &mut MysqlConnection,
    batch: &[InboundMessage],
    outcomes: &mut [Outcome],
    refused: &[usize],
) -> Result<(), StoreError> {
    let held: Vec<&InboundMessage> = refused.iter().filter_map(|at| batch.get(*at)).collect();
    notification::clear_dead_since(
        connection,
        &distinct(held.iter().map(|message| message.key())),
    )?;
    retry_copies::remove(connection, &held)?;
    for at in refused {
        if let Some(outcome) = outcomes.get_mut(*at) {
            *outcome = Outcome::Held;
        }
    }
    Ok(())
}
