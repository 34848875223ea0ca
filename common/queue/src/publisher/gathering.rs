//! One gathering: messages that are published together and answered together.

use std::borrow::Cow;
use std::collections::HashMap;

use futures_util::TryStreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation};

use crate::{Message, PublishError, bundle, message};

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

/// What one message of the broker carries: a message of ours, or a bundle of several.
struct Dispatch<'a> {
    first: &'a Publication,
    /// The places of all of them.
    places: Vec<usize>,
    body: Cow<'a, [u8]>,
}

impl<'a> Dispatch<'a> {
    /// All messages, at most `most` in a bundle; those for one queue keep their order.
    fn all(publications: &[&'a Publication], most: usize) -> Vec<Dispatch<'a>> {
        let messages: Vec<&Message> = publications.iter().map(|it| &it.message).collect();
        let mut dispatches = Vec::with_capacity(publications.len().div_ceil(most));
        for places in bundle::groups(most, &messages) {
            let parts = || places.iter().map(|place| messages[*place]);
            let first = publications[places[0]];
            match (places.len() > 1).then(|| bundle::pack(parts())).flatten() {
                Some(body) => dispatches.push(Dispatch { first, places, body: Cow::Owned(body) }),
                None => dispatches.extend(places.into_iter().map(|place| {
                    let first = publications[place];
                    let body = Cow::Borrowed(&*first.message.body);
                    Dispatch { first, places: vec![place], body }
                })),
            }
        }
        dispatches
    }

    /// A bundle has the id of its first part, by which its return is found.
    fn id(&self) -> &'a str {
        self.first.message_id.as_str()
    }

    fn properties(&self, user_id: Option<&str>) -> BasicProperties {
        let id = self.first.message_id.clone();
        if self.places.len() == 1 {
            self.first.message.properties(id, user_id)
        } else {
            message::properties(id, user_id)
        }
    }
}

/// Publishes all and waits for the confirm of each; up to `bundle` messages travel as one. An error of one is an
/// error of all: the confirms that came before it prove nothing, since a return can still be paired with a message
/// that was not returned. The answers are in the order of `publications`.
///
/// Dropping the future does not un-publish; the channel must be thrown away then, as after an
/// error.
pub(super) async fn gather(
    channel: &Channel,
    user_id: Option<&str>,
    bundle: usize,
    publications: &[&Publication],
) -> Result<Vec<Result<(), PublishError>>, lapin::Error> {
    let dispatches = Dispatch::all(publications, bundle);
    // One task owns the channel, and the first poll of `basic_publish` both takes the delivery
    // tag and queues the frames: tags and frames have one order.
    #[expect(clippy::disallowed_methods, reason = "the one place that publishes")]
    let confirms: FuturesUnordered<_> = dispatches
        .iter()
        .enumerate()
        .map(async |(index, dispatch)| {
            let Publication { exchange, routing_key, .. } = dispatch.first;
            let written = channel
                .basic_publish(
                    exchange.clone(),
                    routing_key.clone(),
                    BasicPublishOptions { mandatory: true, ..Default::default() },
                    &dispatch.body,
                    dispatch.properties(user_id),
                )
                .await?;
            Ok::<_, lapin::Error>((index, MessageConfirm::from(written.await?)))
        })
        .collect();
    let mut confirms: Vec<(usize, MessageConfirm)> = confirms.try_collect().await?;
    confirms.sort_unstable_by_key(|(index, _)| *index);
    let confirms = confirms.into_iter().map(|(_, confirm)| confirm).collect();
    let answers = pair_returns(dispatches.iter().map(Dispatch::id), confirms);
    // Every place is in one dispatch; without an answer it would not count as confirmed.
    let mut of_each = vec![Err(PublishError::Nacked); publications.len()];
    for (dispatch, answer) in dispatches.iter().zip(answers) {
        for place in &dispatch.places {
            of_each[*place].clone_from(&answer);
        }
    }
    Ok(of_each)
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
