//! A bundle: several notifications in one message of the broker, whose work for a message then counts once for all of
//! them.
//!
//! Only first publishes to the work queue are bundled. Each part keeps its id, its time of receipt and its trace, and
//! has a verdict of its own: what is tried again or dead-lettered is published alone.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Headers, Message};

/// What the body of a bundle begins with, and no [`Envelope`](crate::Envelope). It is the mark of a bundle, since it
/// stays with a message on every way: an AMQP property is lost where another program publishes the body again.
const BEGINNING: &[u8] = br#"{"parts":["#;

/// A bundle stops growing at this many bytes of bodies, far below the broker's limit for a message (16 MiB on RabbitMQ 4).
const MAX_BYTES: usize = 256 * 1024;

/// The body of a bundle.
#[derive(Serialize, Deserialize)]
struct Bundle<'a> {
    #[serde(borrow)]
    parts: Vec<Part<'a>>,
}

/// What is a message of its own outside a bundle.
#[derive(Serialize, Deserialize)]
pub(crate) struct Part<'a> {
    #[serde(borrow)]
    pub(crate) message_id: Cow<'a, str>,
    pub(crate) first_seen: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tracestate: Option<String>,
    /// The body: an [`Envelope`](crate::Envelope).
    #[serde(borrow)]
    envelope: &'a RawValue,
}

impl<'a> Part<'a> {
    /// The message as a part; `None`: its headers or its body do not fit into one.
    fn of(message: &'a Message) -> Option<Part<'a>> {
        let Headers { first_seen, traceparent, tracestate, .. } = message.headers.clone();
        let first = Headers { tracestate, ..Headers::first(first_seen, traceparent) };
        let is_first = message.headers == first;
        let envelope = is_first.then(|| serde_json::from_slice(&message.body).ok()).flatten()?;
        Some(Part {
            message_id: message.message_id.as_str().into(),
            first_seen,
            traceparent: first.traceparent,
            tracestate: first.tracestate,
            envelope,
        })
    }

    pub(crate) fn body(&self) -> &'a [u8] {
        self.envelope.get().as_bytes()
    }
}

/// Which messages travel together, by their places: at most `most`, for one queue, in their order.
pub(crate) fn groups(most: usize, messages: &[&Message]) -> Vec<Vec<usize>> {
    let mut groups: Vec<(Vec<usize>, usize)> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        let size = message.body.len();
        // The latest group of its queue: an earlier one is full.
        let latest = groups.iter_mut().rfind(|(places, _)| {
            let other = messages[places[0]];
            other.exchange == message.exchange && other.routing_key == message.routing_key
        });
        match latest {
            Some((places, bytes)) if places.len() < most && *bytes + size <= MAX_BYTES => {
                places.push(place);
                *bytes += size;
            }
            _ => groups.push((vec![place], size)),
        }
    }
    groups.into_iter().map(|(places, _)| places).collect()
}

/// The body of a bundle of these messages; `None`: one of them cannot be a part.
pub(crate) fn pack<'a>(messages: impl Iterator<Item = &'a Message>) -> Option<Vec<u8>> {
    let parts: Vec<Part<'_>> = messages.map(Part::of).collect::<Option<_>>()?;
    serde_json::to_vec(&Bundle { parts }).ok()
}

/// The parts of a bundle; `None`: the body is none, or it is empty.
pub(crate) fn unpack(body: &[u8]) -> Option<Vec<Part<'_>>> {
    if !body.starts_with(BEGINNING) {
        return None;
    }
    let Bundle { parts } = serde_json::from_slice(body).ok()?;
    (!parts.is_empty()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, groups, pack, unpack};
    use crate::Message;

    fn message(id: &str, body: &str) -> Message {
        let now = "2026-11-23T03:41:00.25Z".parse().unwrap();
        let message = Message::event("0", id, now, body.as_bytes().to_vec());
        Message { exchange: "alipay.notify".into(), ..message }
    }

    /// Bundles outlive programs: this text may grow but never change.
    #[test]
    fn golden() {
        let mut messages = [message("A", r#"{"version":1}"#), message("B", r#"{ "form":"a=b" }"#)];
        messages[1].headers.traceparent = Some("00-trace".into());
        messages[1].headers.tracestate = Some("a=1".into());
        let golden = r#"{"parts":[{"message_id":"A","first_seen":"2026-11-23T03:41:00.250Z","envelope":{"version":1}},{"message_id":"B","first_seen":"2026-11-23T03:41:00.250Z","traceparent":"00-trace","tracestate":"a=1","envelope":{ "form":"a=b" }}]}"#;
        let packed = pack(messages.iter()).unwrap();
        assert_eq!(String::from_utf8(packed.clone()).unwrap(), golden);
        let parts = unpack(&packed).unwrap();
        for (part, message) in parts.iter().zip(&messages) {
            assert_eq!(part.message_id, message.message_id);
            assert_eq!(part.body(), message.body);
            assert_eq!(part.first_seen, message.headers.first_seen);
            assert_eq!(part.traceparent, message.headers.traceparent);
            assert_eq!(part.tracestate, message.headers.tracestate);
        }
    }

    #[test]
    fn only_first_publishes_with_a_json_body_are_parts() {
        let mut retried = message("A", "{}");
        retried.headers.attempt = 1;
        let mut replayed = message("A", "{}");
        replayed.headers.replayed = true;
        for other in [retried, replayed, message("A", "a=b"), message("A", "")] {
            assert!(pack([&message("B", "{}"), &other].into_iter()).is_none(), "{other:?}");
        }
    }

    #[test]
    fn a_bundle_ends_at_its_size_and_has_one_queue() {
        let groups =
            |most, messages: &[Message]| groups(most, &messages.iter().collect::<Vec<_>>());
        let small: Vec<Message> = (0..5).map(|id| message(&id.to_string(), "{}")).collect();
        assert_eq!(groups(16, &small), [vec![0, 1, 2, 3, 4]]);
        assert_eq!(groups(3, &small), [vec![0, 1, 2], vec![3, 4]]);
        assert_eq!(groups(1, &small[..2]), [vec![0], vec![1]]);
        assert!(groups(16, &[]).is_empty());
        let mut mixed = small.clone();
        mixed[1].routing_key = "1".into();
        mixed[3].routing_key = "1".into();
        mixed[4].exchange = "alipay.events".into();
        assert_eq!(groups(16, &mixed), [vec![0, 2], vec![1, 3], vec![4]]);
        let half = "1".repeat(MAX_BYTES / 2);
        let large: Vec<Message> = (0..4).map(|id| message(&id.to_string(), &half)).collect();
        assert_eq!(groups(16, &large), [vec![0, 1], vec![2, 3]]);
        assert_eq!(groups(16, &[message("A", &"1".repeat(MAX_BYTES + 1))]), [vec![0]]);
    }
}
