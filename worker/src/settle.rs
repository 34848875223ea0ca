//! After a batch: which messages to publish, which deliveries to acknowledge.

use std::collections::BTreeSet;

use lapin::options::BasicAckOptions;
use lapin::types::DeliveryTag;
use order::RejectionReason;
use queue::topology::RetryTier;
use queue::{Message, Received};

use crate::incoming::Incoming;
use crate::unrecorded::named_order;
use crate::verdict::{Never, Verdict};

/// The copy of a message that its verdict calls for.
pub(crate) fn message_for(
    received: &Received,
    incoming: &Incoming,
    verdict: &Verdict,
) -> Option<Message> {
    match verdict {
        Verdict::Done | Verdict::Locked | Verdict::Held | Verdict::LiesAlready(_) => None,
        Verdict::NotYet => RetryTier::after(received.headers.attempt).map(|tier| {
            let error = format!("{} is not there yet", awaited(incoming));
            Message::retry(received, tier)
                .with_reason(RejectionReason::OrderNotFound.as_str(), error)
        }),
        Verdict::Refused(never) => RetryTier::after(received.headers.attempt)
            .map(|tier| Message::retry(received, tier).with_reason(never.reason, &never.error)),
        Verdict::Never(never) => Some(dead(received, never, Some(incoming))),
    }
}

/// What a message waits for.
pub(crate) fn awaited(incoming: &Incoming) -> String {
    match incoming.order_id() {
        Some(order) => format!("order {order}"),
        // A batch names trades.
        None => "order that knows a trade of the batch".to_owned(),
    }
}

/// A dead letter with its reason.
pub(crate) fn dead(received: &Received, never: &Never, incoming: Option<&Incoming>) -> Message {
    let order = named_order(received, incoming);
    let merchant = incoming.map(|incoming| incoming.identity.merchant.as_str());
    Message::dead(received, never.reason, &never.error, order.as_deref(), merchant)
}

/// Acknowledges the done, in as few frames as possible: one `multiple` for everything before the
/// oldest delivery that is still open, single ones after it.
///
/// Returns whether all of it was taken: `false` means that the channel is gone, and what was not
/// acknowledged comes again.
///
/// # Errors
/// The channel is gone, said in another way.
pub(crate) async fn acknowledge(
    done: &[&Received],
    open: &BTreeSet<DeliveryTag>,
) -> lapin::Result<bool> {
    let oldest_open = open.first().copied().unwrap_or(DeliveryTag::MAX);
    let (before, after): (Vec<&Received>, Vec<&Received>) =
        done.iter().partition(|received| received.tag < oldest_open);
    if let Some(last) = before.iter().max_by_key(|received| received.tag)
        && !last.acker.ack(BasicAckOptions { multiple: true }).await?
    {
        return Ok(false);
    }
    for received in after {
        if !received.acker.ack(BasicAckOptions::default()).await? {
            return Ok(false);
        }
    }
    Ok(true)
}
