//! After a batch: which messages to publish, which deliveries to acknowledge.

use std::collections::{BTreeMap, BTreeSet};

use lapin::Acker;
use lapin::options::BasicAckOptions;
use lapin::types::DeliveryTag;
use order::RejectionReason;
use queue::{Envelope, Message, ReceivedMessage};

use crate::batch::Outcome;
use crate::message::{InboundMessage, Rejection, order_in_form};

/// The copy of a message that its outcome calls for.
pub(super) fn message_for(
    received: &ReceivedMessage,
    message: &InboundMessage,
    outcome: &Outcome,
) -> Option<Message> {
    let tier = outcome.retry_tier(message.attempt);
    match outcome {
        Outcome::Done
        | Outcome::Locked
        | Outcome::Held
        | Outcome::Paused
        | Outcome::RejectedBefore(_) => None,
        Outcome::RetryLater => tier.map(|tier| {
            let error = format!("{} is not there yet", message.awaited());
            Message::retry(received, tier)
                .with_reason(RejectionReason::OrderNotFound.as_str(), error)
        }),
        Outcome::DatabaseRefuses(rejection) => tier.map(|tier| {
            Message::retry(received, tier).with_reason(rejection.reason, &rejection.error)
        }),
        Outcome::Rejected(rejection) => Some(dead(received, rejection, Some(message))),
    }
}

/// A dead letter with its reason.
pub(super) fn dead(
    received: &ReceivedMessage,
    rejection: &Rejection,
    message: Option<&InboundMessage>,
) -> Message {
    let order = named_order(received, message);
    let merchant = message.map(|message| message.account.merchant.as_str());
    Message::dead(received, rejection.reason, &rejection.error, order.as_deref(), merchant)
}

/// The order that a message names, also where its merchant is not configured here.
fn named_order(received: &ReceivedMessage, message: Option<&InboundMessage>) -> Option<String> {
    match message {
        Some(message) => message.order_id(),
        None => in_envelope(&received.body),
    }
}

fn in_envelope(body: &[u8]) -> Option<String> {
    let envelope = Envelope::read(body).ok()?;
    order_in_form(&envelope.form, envelope.charset)
}

/// Acknowledges the deliveries of which all messages are done, in as few frames as possible: one `multiple` for
/// everything before the oldest delivery that is still open, single ones after it.
///
/// Returns whether all of it was taken: `false` means that the channel is gone, and what was not
/// acknowledged comes again.
///
/// # Errors
/// The channel is gone.
pub(super) async fn acknowledge(
    done: &[&ReceivedMessage],
    open: &BTreeSet<DeliveryTag>,
) -> lapin::Result<bool> {
    let closed = done.iter().filter(|received| !open.contains(&received.tag));
    let mut before: BTreeMap<DeliveryTag, &Acker> =
        closed.map(|received| (received.tag, &received.acker)).collect();
    let after = open.first().map(|oldest| before.split_off(oldest)).unwrap_or_default();
    if let Some((_, last)) = before.last_key_value()
        && !last.ack(BasicAckOptions { multiple: true }).await?
    {
        return Ok(false);
    }
    for acker in after.values() {
        if !acker.ack(BasicAckOptions::default()).await? {
            return Ok(false);
        }
    }
    Ok(true)
}
