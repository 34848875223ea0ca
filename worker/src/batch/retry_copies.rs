//! The rows of messages that wait in the retry tiers (table `retry_copy`).
//!
//! A tier whose target accepts nothing keeps its messages, and AMQP does not show them: they are not
//! ready. So a batch writes a row for each copy that it sends into a tier, and removes the row when the copy is back, in the transaction that decides about it. [`retry_watch`](crate::sweepers) reports what does not come
//! back.

use queue::ReceivedMessage;
use store::retry_copy::{self, CopyKey, NewCopy};
use store::{MysqlConnection, StoreError};

use super::Outcome;
use crate::message::InboundMessage;

/// Writes the rows of a batch: removes those of copies that came back from a tier, and adds those of copies that go into one.
pub(crate) fn write<'a>(
    connection: &mut MysqlConnection,
    batch: impl Iterator<Item = (&'a InboundMessage, &'a Outcome)>,
) -> Result<(), StoreError> {
    let (mut back, mut away) = (Vec::new(), Vec::new());
    for (message, outcome) in batch {
        if matches!(outcome, Outcome::Locked | Outcome::Held) {
            continue;
        }
        if message.attempt > 0 {
            back.push(CopyKey { message_id: &message.message_id, attempt: message.attempt });
        }
        if let Some(tier) = outcome.retry_tier(message.attempt) {
            away.push(NewCopy {
                key: sent(message),
                tier: tier.name(),
                seconds: tier.delay().as_secs(),
                merchant: &message.account.merchant,
                order_id: message.order_id(),
                first_seen: Some(message.received_at),
            });
        }
    }
    back.sort();
    back.dedup();
    away.sort_by_key(|copy| copy.key);
    away.dedup_by_key(|copy| copy.key);
    retry_copy::delete(connection, &back)?;
    retry_copy::insert(connection, &away)
}

/// The copy of a message that goes into a tier.
fn sent(message: &InboundMessage) -> CopyKey<'_> {
    CopyKey { message_id: &message.message_id, attempt: message.attempt.saturating_add(1) }
}

/// Removes the rows of copies that the broker did not accept.
pub(crate) fn remove(
    connection: &mut MysqlConnection,
    held: &[&InboundMessage],
) -> Result<(), StoreError> {
    let mut keys: Vec<CopyKey<'_>> = held.iter().map(|message| sent(message)).collect();
    keys.sort();
    keys.dedup();
    retry_copy::delete(connection, &keys)
}

/// Removes the row of a message that came back and cannot be read.
pub(crate) fn remove_unreadable(
    connection: &mut MysqlConnection,
    received: &ReceivedMessage,
) -> Result<(), StoreError> {
    let attempt = received.headers.attempt;
    if attempt == 0 {
        return Ok(());
    }
    let key = CopyKey { message_id: &received.message_id, attempt };
    retry_copy::delete(connection, &[key])
}
