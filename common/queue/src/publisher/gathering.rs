//! One gathering: messages that are published together and answered together.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{Channel, Confirmation};

use crate::{Message, PublishError};

/// A message whose names fit into AMQP.
pub(super) struct Publication {
    exchange: ShortString,
    routing_key: ShortString,
    message_id: ShortString,
    message: Message,
}

impl Publication {
    pub(super) fn new(message: Message) -> Result<Publication, PublishError> {
        let [exchange, routing_key, message_id] = message.short_strings()?;
        Ok(Publication { exchange, routing_key, message_id, message })
    }
}

/// Publishes all and waits for the confirm of each. An error of one is an error of all: the
/// confirms that came before it prove nothing, since a return can still be paired with a message
/// that was not returned.
///
/// Dropping the future does not un-publish; the channel must be thrown away then, as after an
/// error.
pub(super) async fn gather<'a>(
    channel: &Channel,
    user_id: Option<&str>,
    publications: impl Iterator<Item = &'a Publication> + Clone,
) -> Result<Vec<Result<(), PublishError>>, lapin::Error> {
    // One task owns the channel, and the first poll of `basic_publish` both takes the delivery
    // tag and queues the frames: tags and frames have one order.
    #[expect(clippy::disallowed_methods, reason = "the one place that publishes")]
    let confirms: FuturesUnordered<_> = publications
        .clone()
        .enumerate()
        .map(async |(index, publication)| {
            let Publication { exchange, routing_key, message_id, message } = publication;
            let written = channel
                .basic_publish(
                    exchange.clone(),
                    routing_key.clone(),
                    BasicPublishOptions { mandatory: true, ..Default::default() },
                    &message.body,
                    message.properties(message_id.clone(), user_id),
                )
                .await?;
            Ok::<_, lapin::Error>((index, MessageConfirm::from(written.await?)))
        })
        .collect();
    let mut confirms: Vec<(usize, MessageConfirm)> = confirms.try_collect().await?;
    confirms.sort_unstable_by_key(|(index, _)| *index);
    let ids = publications.map(|publication| publication.message_id.as_str());
    Ok(pair_returns(ids, confirms.into_iter().map(|(_, confirm)| confirm).collect()))
}

/// What came for one message, before returns are paired.
struct MessageConfirm {
    acked: bool,
    /// A return of **some** message of the gathering.
    returned: Option<ReturnedMessage>,
}

struct ReturnedMessage {
    message_id: Option<String>,
    reason: String,
}

impl From<Confirmation> for MessageConfirm {
    fn from(confirmation: Confirmation) -> MessageConfirm {
        // `NotRequested` comes from a channel that is not in confirm mode, and confirms nothing.
        let acked = confirmation.is_ack();
        let returned = confirmation.take_message().map(|message| ReturnedMessage {
            message_id: message.properties.message_id().as_ref().map(ToString::to_string),
            reason: format!("{} {}", message.reply_code, message.reply_text),
        });
        MessageConfirm { acked, returned }
    }
}

/// Pairs returns by message id. A returned id fails every copy of that id, since nothing
/// identifies the copy that came back; a return without an id fails all.
fn pair_returns<'a>(
    ids: impl Iterator<Item = &'a str>,
    confirms: Vec<MessageConfirm>,
) -> Vec<Result<(), PublishError>> {
    let mut acked = Vec::with_capacity(confirms.len());
    let mut returned = HashMap::new();
    let mut any = None;
    for confirm in confirms {
        acked.push(confirm.acked);
        match confirm.returned {
            Some(ReturnedMessage { message_id: Some(id), reason }) => {
                returned.insert(id, reason);
            }
            Some(ReturnedMessage { message_id: None, reason }) => any = Some(reason),
            None => {}
        }
    }
    ids.zip(acked)
        .map(|(id, acked)| match returned.get(id).or(any.as_ref()) {
            Some(reason) => Err(PublishError::Returned { reason: reason.clone() }),
            None if acked => Ok(()),
            None => Err(PublishError::Nacked),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{MessageConfirm, ReturnedMessage, pair_returns};
    use crate::PublishError;

    fn acked(returned: Option<Option<&str>>) -> MessageConfirm {
        MessageConfirm {
            acked: true,
            returned: returned.map(|id| ReturnedMessage {
                message_id: id.map(str::to_owned),
                reason: "312 NO_ROUTE".into(),
            }),
        }
    }

    fn codes(ids: &[&str], confirms: Vec<MessageConfirm>) -> Vec<&'static str> {
        pair_returns(ids.iter().copied(), confirms)
            .iter()
            .map(|answer| answer.as_ref().map_or_else(PublishError::reason_code, |()| "confirmed"))
            .collect()
    }

    #[test]
    fn a_return_is_found_at_another_confirm() {
        let confirms = vec![acked(Some(Some("c"))), acked(None), acked(None)];
        assert_eq!(codes(&["a", "b", "c"], confirms), ["confirmed", "confirmed", "returned"]);
    }

    #[test]
    fn a_returned_id_fails_every_copy() {
        let confirms = vec![acked(None), acked(Some(Some("a"))), acked(None)];
        assert_eq!(codes(&["a", "b", "a"], confirms), ["returned", "confirmed", "returned"]);
    }

    #[test]
    fn a_return_without_id_fails_all() {
        let confirms = vec![acked(None), acked(Some(None))];
        assert_eq!(codes(&["a", "b"], confirms), ["returned", "returned"]);
    }

    #[test]
    fn a_nack_is_its_own() {
        let nacked = MessageConfirm { acked: false, returned: None };
        assert_eq!(codes(&["a", "b"], vec![nacked, acked(None)]), ["nacked", "confirmed"]);
    }
}
