//! Messages that were received.

use std::fmt;

use chrono::Utc;
use lapin::Acker;
use lapin::message::Delivery;
use lapin::types::{DeliveryTag, FieldTable, ShortString};
use sha2::{Digest, Sha256};

use crate::Headers;
use crate::bundle::{self, Part};
use crate::topology::PROBE;

/// Bytes of a message id: those of a SHA-256 as hex.
const LONGEST_ID: usize = 64;

/// A message taken from a queue, not yet acknowledged.
///
/// The body is kept as it came: whether it is an [`Envelope`](crate::Envelope) is found out later,
/// and one that is not can still be dead-lettered.
pub struct ReceivedMessage {
    /// Delivery tag, valid on the channel that it came from.
    pub tag: DeliveryTag,
    /// The id given by its publisher, at most 64 bytes; of a longer one the SHA-256 as hex, and of the
    /// body where there is none.
    pub message_id: String,
    /// The headers that are ours.
    pub headers: Headers,
    /// Whether the broker has delivered it before. `false` proves nothing: a publisher that did not
    /// receive its confirm publishes again.
    pub redelivered: bool,
    /// The exchange that it was published to last.
    pub exchange: String,
    /// The routing key that it was published with.
    pub routing_key: String,
    /// The shard whose queue it was taken from; 0 where it came from a queue that is none of a shard.
    pub shard: u32,
    /// The account that published it, which the broker has checked; `None` where it did not say.
    pub user_id: Option<String>,
    /// A probe of a binding: to be acknowledged, and nothing else.
    pub is_probe: bool,
    /// The body.
    pub body: Vec<u8>,
    /// Acknowledges the message by its acker. `ack` can answer `Ok(false)`: then the message is
    /// **not** acknowledged (the channel is gone, or it was acknowledged before) and is delivered again.
    pub acker: Acker,
}

impl ReceivedMessage {
    /// Reads a delivery of a consumer or of a `basic.get`.
    pub fn new(delivery: Delivery) -> ReceivedMessage {
        let properties = &delivery.properties;
        let id = properties.message_id().as_ref().map_or("", ShortString::as_str);
        let message_id = bounded_id(id, &delivery.data);
        let none = FieldTable::default();
        let headers = Headers::read(properties.headers().as_ref().unwrap_or(&none), Utc::now());
        let user_id = properties.user_id().as_ref().map(ToString::to_string);
        let is_probe = properties.kind().as_ref().is_some_and(|kind| kind.as_str() == PROBE);
        ReceivedMessage {
            tag: delivery.delivery_tag,
            message_id,
            headers,
            redelivered: delivery.redelivered,
            exchange: delivery.exchange.into(),
            routing_key: delivery.routing_key.into(),
            shard: 0,
            user_id,
            is_probe,
            body: delivery.data,
            acker: delivery.acker,
        }
    }

    /// The messages that one delivery from the work queue of this shard carries: the parts of a bundle, or the one message. Parts of a
    /// bundle have one delivery tag: it can be acknowledged when all of them are done. A bundle that cannot be read is one
    /// message, which is no envelope.
    pub fn unbundle(delivery: Delivery, shard: u32) -> Vec<ReceivedMessage> {
        let whole = ReceivedMessage { shard, ..ReceivedMessage::new(delivery) };
        let Some(parts) = bundle::unpack(&whole.body) else { return vec![whole] };
        let part = |part: Part<'_>| ReceivedMessage {
            message_id: bounded_id(&part.message_id, part.body()),
            body: part.body().to_vec(),
            headers: Headers {
                replayed: whole.headers.replayed,
                tracestate: part.tracestate,
                ..Headers::first(part.first_seen, part.traceparent)
            },
            exchange: whole.exchange.clone(),
            routing_key: whole.routing_key.clone(),
            user_id: whole.user_id.clone(),
            acker: whole.acker.clone(),
            ..whole
        };
        parts.into_iter().map(part).collect()
    }
}

/// A message id as tables hold it: a stranger's can be longer than ours, or missing.
fn bounded_id(id: &str, body: &[u8]) -> String {
    match id {
        "" => base16ct::lower::encode_string(&Sha256::digest(body)),
        id if id.len() > LONGEST_ID => base16ct::lower::encode_string(&Sha256::digest(id)),
        id => id.to_owned(),
    }
}

/// Without the body: it holds buyer data, which no log may hold.
impl fmt::Debug for ReceivedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedMessage")
            .field("tag", &self.tag)
            .field("message_id", &self.message_id)
            .field("headers", &self.headers)
            .field("redelivered", &self.redelivered)
            .field("routing_key", &self.routing_key)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::ReceivedMessage;
    use lapin::BasicProperties;
    use lapin::message::Delivery;

    #[test]
    fn a_strangers_long_id_is_hashed() {
        let id_of = |id: &str| {
            let mut delivery = Delivery::mock(1, "".into(), "q".into(), false, b"a".to_vec());
            delivery.properties = BasicProperties::default().with_message_id(id.into());
            ReceivedMessage::new(delivery).message_id
        };
        let ours = "f".repeat(64);
        assert_eq!(id_of(&ours), ours);
        for long in ["f".repeat(65), "x".repeat(255), "单".repeat(30)] {
            let id = id_of(&long);
            assert!(id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
            assert_eq!(id, id_of(&long));
            assert_ne!(id, id_of(&format!("{}y", &long[..long.len() - 3])));
        }
        assert_eq!(id_of(""), id_of(""));
    }

    #[test]
    fn a_bundle_that_cannot_be_read_is_one_message() {
        let unbundled = |body: &[u8]| -> Vec<Vec<u8>> {
            let delivery = Delivery::mock(1, "".into(), "q".into(), false, body.to_vec());
            ReceivedMessage::unbundle(delivery, 0).into_iter().map(|message| message.body).collect()
        };
        let part = r#"{"message_id":"","first_seen":"2026-11-23T03:41:00Z","envelope":{"a":1}}"#;
        let bundle = format!(r#"{{"parts":[{part},{part}]}}"#);
        assert_eq!(unbundled(bundle.as_bytes()), [br#"{"a":1}"#; 2]);
        let broken = &bundle.as_bytes()[..bundle.len() - 1];
        for body in [broken, br#"{"parts":[]}"#, br#"{"parts":[1]}"#, b"{}", b"\xff", b""] {
            assert_eq!(unbundled(body), [body]);
        }
    }

    #[test]
    fn a_message_without_properties_has_a_stable_id() {
        let mock = |body: &[u8]| {
            ReceivedMessage::new(Delivery::mock(1, "".into(), "q".into(), false, body.to_vec()))
        };
        assert_eq!(mock(b"a").message_id, mock(b"a").message_id);
        assert_ne!(mock(b"a").message_id, mock(b"b").message_id);
        assert_eq!(mock(b"a").headers.attempt, 0);
        assert!(!format!("{:?}", mock(b"secret")).contains("115, 101"));
    }
}
