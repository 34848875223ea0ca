//! The books of what waits in the retry tiers (table `retry_copy`).
//!
//! A tier whose target takes nothing keeps its messages, and over AMQP nobody sees them: they are not
//! ready. So a batch writes down each copy that it sends into a tier, and removes the line when the copy
//! is back, in the transaction that decides about it. [`retry_watch`](crate::sweepers) reports what does not come
//! back.

use queue::ReceivedMessage;
use queue::topology::RetryTier;
use store::retry_copy::{self, CopyKey, NewCopy};
use store::{MysqlConnection, Pool, StoreError};

use super::{BatchError, Outcome};
use crate::message::InboundMessage;

/// Books a batch: what came back from a tier, and what goes into one.
pub(crate) fn book<'a>(
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
        let waits = matches!(outcome, Outcome::RetryLater | Outcome::DatabaseRefuses(_));
        if let (true, Some(tier)) = (waits, RetryTier::after(message.attempt)) {
            away.push(NewCopy {
                key: CopyKey {
                    message_id: &message.message_id,
                    attempt: message.attempt.saturating_add(1),
                },
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

/// Of these messages no copy went into a tier: the broker took none.
pub(crate) fn unbook(
    connection: &mut MysqlConnection,
    held: &[&InboundMessage],
) -> Result<(), StoreError> {
    let mut keys: Vec<CopyKey<'_>> = held
        .iter()
        .map(|message| CopyKey {
            message_id: &message.message_id,
            attempt: message.attempt.saturating_add(1),
        })
        .collect();
    keys.sort();
    keys.dedup();
    retry_copy::delete(connection, &keys)
}

/// A message that came back, and of which nothing can be read.
pub(crate) fn came_back(pool: &Pool, received: &ReceivedMessage) -> Result<(), BatchError> {
    let attempt = received.headers.attempt;
    if attempt == 0 {
        return Ok(());
    }
    let mut connection = pool.get()?;
    let key = CopyKey { message_id: &received.message_id, attempt };
    Ok(retry_copy::delete(&mut connection, &[key])?)
}
