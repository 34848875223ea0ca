//! Messages to publish.

use std::fmt;

use chrono::{DateTime, Utc};
use lapin::BasicProperties;
use lapin::types::ShortString;
use service::trace::TraceContext;

use crate::topology::{self, RetryTier, ShardCount};
use crate::{Envelope, Headers, PublishError, ReceivedMessage};

/// Delivery mode of AMQP: 2 is persistent.
const PERSISTENT: u8 = 2;

/// A message to publish. It is always persistent, `mandatory` and of type `application/json`.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The exchange; the empty name is the default exchange, where the routing key names a queue.
    pub exchange: String,
    /// The routing key.
    pub routing_key: String,
    /// The id by which a returned message is found again: see [`message_id`](crate::message_id).
    pub message_id: String,
    /// Travels as AMQP headers.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Message {
    /// What the ingress publishes: to the shard of its order, as seen first when it was received.
    pub fn notify(
        envelope: &Envelope,
        message_id: impl Into<String>,
        traceparent: Option<String>,
        shards: ShardCount,
    ) -> Message {
        Message {
            exchange: topology::WORK_EXCHANGE.to_owned(),
            routing_key: topology::routing_key(envelope.shard(shards)),
            message_id: message_id.into(),
            headers: Headers::first(envelope.received_at, traceparent),
            body: envelope.to_bytes(),
        }
    }

    /// The same message once more after the tier's delay, with `attempt` + 1. It comes back to the shard that it was taken
    /// from, by that shard's own routing key whatever key it came with: with a key that is not bound the tier could never
    /// return the message.
    pub fn retry(received: &ReceivedMessage, tier: RetryTier) -> Message {
        Message {
            exchange: tier.name().to_owned(),
            routing_key: topology::routing_key(received.shard),
            message_id: received.message_id.clone(),
            headers: received.headers.next(received.headers.attempt.saturating_add(1)),
            body: received.body.clone(),
        }
    }

    /// The message for a person: body, id, `first_seen`, `attempt` and trace stay as they
    /// are, so the body need not be an envelope. `reason` is a reason code, `error` the evidence;
    /// `order` is the order number (`out_trade_no`) where it is known. `x-died-at` is now.
    pub fn dead(
        received: &ReceivedMessage,
        reason: &str,
        error: &str,
        order: Option<&str>,
        merchant: Option<&str>,
    ) -> Message {
        Message {
            exchange: String::new(),
            routing_key: topology::DEAD_QUEUE.to_owned(),
            message_id: received.message_id.clone(),
            headers: Headers {
                attempt: received.headers.attempt,
                first_seen: received.headers.first_seen,
                traceparent: received.headers.traceparent.clone(),
                tracestate: received.headers.tracestate.clone(),
                reason: Some(reason.to_owned()),
                error: Some(error.to_owned()),
                died_at: Some(Utc::now()),
                order: order.map(str::to_owned),
                merchant: merchant.map(str::to_owned),
                worker_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
                replayed: false,
            },
            body: received.body.clone(),
        }
    }

    /// A message that was a dead letter before, to the dead letters once more.
    pub fn to_dead_queue(message_id: String, headers: Headers, body: Vec<u8>) -> Message {
        let (exchange, routing_key) = (String::new(), topology::DEAD_QUEUE.to_owned());
        Message { exchange, routing_key, message_id, headers, body }
    }

    /// Whether it goes to the dead letters.
    pub fn is_dead(&self) -> bool {
        self.exchange.is_empty() && self.routing_key == topology::DEAD_QUEUE
    }

    /// A dead letter back to work, to the shard of its order: body, id and `first_seen` stay, `attempt` starts at 0, the headers
    /// about its rejection are removed.
    pub fn replay(received: &ReceivedMessage, shards: ShardCount) -> Message {
        let headers = Headers { replayed: true, ..received.headers.next(0) };
        Message::to_work(received.message_id.clone(), headers, received.body.clone(), shards)
    }

    /// A message of a worker back to work, to the shard of its order: it has waited for the end of a pause, which counts as no
    /// retry.
    pub fn resumed(
        message_id: String,
        headers: Headers,
        body: Vec<u8>,
        shards: ShardCount,
    ) -> Message {
        Message::to_work(message_id, headers, body, shards)
    }

    /// To the shard of the order that the body names.
    fn to_work(message_id: String, headers: Headers, body: Vec<u8>, shards: ShardCount) -> Message {
        let shard = Envelope::read(&body).map_or(0, |envelope| envelope.shard(shards));
        Message {
            exchange: topology::WORK_EXCHANGE.to_owned(),
            routing_key: topology::routing_key(shard),
            message_id,
            headers,
            body,
        }
    }

    /// An event of the outbox to [`topology::EVENTS_EXCHANGE`]. `event` is its name and the
    /// routing key (`order.paid`), `message_id` its stable id, `body` its JSON.
    pub fn event(
        event: impl Into<String>,
        message_id: impl Into<String>,
        happened_at: DateTime<Utc>,
        body: Vec<u8>,
    ) -> Message {
        Message {
            exchange: topology::EVENTS_EXCHANGE.to_owned(),
            routing_key: event.into(),
            message_id: message_id.into(),
            headers: Headers::first(happened_at, None),
            body,
        }
    }

    /// The same message as part of this trace, if there is one.
    #[must_use]
    pub fn in_trace(mut self, context: Option<&TraceContext>) -> Message {
        if let Some(context) = context {
            self.headers = self.headers.in_trace(context);
        }
        self
    }

    /// The same message with a reason code and its evidence in the headers, for a retry.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>, error: impl Into<String>) -> Message {
        self.headers.reason = Some(reason.into());
        self.headers.error = Some(error.into());
        self
    }

    /// `user_id` is the publishing account, which the broker checks; at most 255 bytes.
    pub(crate) fn properties(
        &self,
        message_id: ShortString,
        user_id: Option<&str>,
    ) -> BasicProperties {
        properties(message_id, user_id).with_headers(self.headers.to_table())
    }

    /// Exchange, routing key and message id as AMQP short strings. lapin panics on longer ones.
    pub(crate) fn short_strings(&self) -> Result<[ShortString; 3], PublishError> {
        let short = |field, text: &String| {
            ShortString::try_new(text.as_str()).map_err(|_| PublishError::TooLong { field })
        };
        Ok([
            short("exchange", &self.exchange)?,
            short("routing key", &self.routing_key)?,
            short("message id", &self.message_id)?,
        ])
    }
}

/// What every message of ours has.
pub(crate) fn properties(message_id: ShortString, user_id: Option<&str>) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_content_type(ShortString::from("application/json"))
        .with_delivery_mode(PERSISTENT)
        .with_message_id(message_id);
    match user_id {
        Some(user) => properties.with_user_id(ShortString::from(user)),
        None => properties,
    }
}

/// Without the body: it holds buyer data, which no log may hold.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("exchange", &self.exchange)
            .field("routing_key", &self.routing_key)
            .field("message_id", &self.message_id)
            .field("headers", &self.headers)
            .field("body_len", &self.body.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Message;
    use crate::topology::{RetryTier, ShardCount};
    use crate::{Headers, ReceivedMessage};
    use lapin::message::Delivery;
    use lapin::types::{AMQPValue, FieldTable};

    /// A delivery that came back from a retry tier: the broker has added its own headers.
    fn received(body: &[u8]) -> ReceivedMessage {
        let headers = Headers {
            attempt: 2,
            reason: Some("order_missing".into()),
            error: Some("no such order".into()),
            tracestate: Some("a=1".into()),
            ..Headers::first("2026-11-23T03:41:00Z".parse().unwrap(), Some("00-trace".into()))
        };
        let mut table = headers.to_table();
        table.insert("x-death".into(), AMQPValue::FieldTable(FieldTable::default()));
        table.insert("x-first-death-queue".into(), AMQPValue::LongString("a".into()));
        let mut delivery =
            Delivery::mock(7, "alipay.notify".into(), "3".into(), true, body.to_vec());
        delivery.properties =
            lapin::BasicProperties::default().with_message_id("id-1".into()).with_headers(table);
        ReceivedMessage::new(delivery)
    }

    #[test]
    fn retry_counts_and_has_our_own_routing_key() {
        let message = Message::retry(&received(b"x"), RetryTier::ThirtySeconds);
        assert_eq!(message.exchange, "alipay.retry.30s");
        assert_eq!(message.routing_key, "0");
        let of_another_shard = ReceivedMessage { shard: 2, ..received(b"x") };
        let key = Message::retry(&of_another_shard, RetryTier::ThirtySeconds).routing_key;
        assert_eq!(key, "2");
        assert_eq!(message.message_id, "id-1");
        assert_eq!(message.headers.attempt, 3);
        assert_eq!(message.headers.traceparent.as_deref(), Some("00-trace"));
        assert_eq!(message.headers.tracestate.as_deref(), Some("a=1"));
        assert_eq!(message.headers.reason, None);
        let message = message.with_reason("order_missing", "order 1");
        assert_eq!(message.headers.reason.as_deref(), Some("order_missing"));
        assert_eq!(message.headers.error.as_deref(), Some("order 1"));
    }

    #[test]
    fn dead_keeps_any_body() {
        let body = b"\xff not an envelope \x00";
        let received = received(body);
        let message = Message::dead(&received, "mismatch", "total differs", Some("1"), None);
        assert_eq!((message.exchange.as_str(), message.routing_key.as_str()), ("", "alipay.dead"));
        assert_eq!(message.body, body);
        assert_eq!(message.message_id, "id-1");
        assert_eq!(message.headers.attempt, 2);
        assert_eq!(message.headers.first_seen, received.headers.first_seen);
        assert_eq!(message.headers.traceparent.as_deref(), Some("00-trace"));
        assert_eq!(message.headers.tracestate.as_deref(), Some("a=1"));
        assert_eq!(message.headers.reason.as_deref(), Some("mismatch"));
        assert_eq!(message.headers.error.as_deref(), Some("total differs"));
        assert_eq!(message.headers.order.as_deref(), Some("1"));
        assert_eq!(message.headers.merchant, None);
        assert_eq!(message.headers.worker_version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
        assert!(message.headers.died_at.is_some());
    }

    #[test]
    fn replay_starts_again() {
        let received = received(b"x");
        let message = Message::replay(&received, ShardCount::ONE);
        let first_seen = received.headers.first_seen;
        let first = Headers::first(first_seen, Some("00-trace".into()));
        let tracestate = Some("a=1".into());
        assert_eq!(message.headers, Headers { replayed: true, tracestate, ..first });
        assert_eq!(
            (message.exchange.as_str(), message.routing_key.as_str()),
            ("alipay.notify", "0")
        );
        assert_eq!((message.message_id.as_str(), &message.body[..]), ("id-1", &b"x"[..]));
    }

    #[test]
    fn headers_of_the_broker_are_not_copied() {
        let received = received(b"x");
        for message in [
            Message::retry(&received, RetryTier::FiveSeconds),
            Message::dead(&received, "reason", "error", None, None),
            Message::replay(&received, ShardCount::ONE),
        ] {
            let table = message.headers.to_table();
            let broker = ["x-death", "x-first-death-queue"].map(|name| table.contains_key(name));
            assert_eq!(broker, [false, false], "{message:?}");
        }
    }

    #[test]
    fn too_long_names_are_refused() {
        let mut message = Message::replay(&received(b"x"), ShardCount::ONE);
        message.message_id = "x".repeat(256);
        assert!(message.short_strings().unwrap_err().to_string().contains("message id"));
    }
}
