//! Spans of messages, named and described by OpenTelemetry's conventions for messaging and RabbitMQ.

use service::trace::{KeyValue, Span, SpanKind, TraceContext};

use crate::{Message, ReceivedMessage, topology};

/// Publishing this message, until the broker's answer. The message should carry its context on
/// ([`Message::in_trace`]).
pub fn publish(message: &Message, parent: Option<TraceContext>) -> Span {
    let Message { exchange, routing_key, message_id, .. } = message;
    let name = || format!("publish {exchange}").into();
    let mut span = Span::begin(SpanKind::Producer, name, parent);
    span.describe(|| {
        [
            KeyValue::new("messaging.system", "rabbitmq"),
            KeyValue::new("messaging.operation.name", "publish"),
            KeyValue::new("messaging.operation.type", "send"),
            KeyValue::new("messaging.destination.name", format!("{exchange}:{routing_key}")),
            KeyValue::new("messaging.rabbitmq.destination.routing_key", routing_key.clone()),
        ]
    });
    // The id of an event holds its order's number, which no span says.
    if exchange != topology::EVENTS_EXCHANGE {
        span.describe(|| [KeyValue::new("messaging.message.id", message_id.clone())]);
    }
    span
}

/// Processing this message, from its delivery to its outcome.
pub fn process(message: &ReceivedMessage) -> Span {
    let ReceivedMessage { message_id, headers, routing_key, .. } = message;
    let queue = || topology::work_queue(message.shard);
    let name = || format!("process {}", queue()).into();
    let mut span = Span::begin(SpanKind::Consumer, name, headers.trace());
    span.describe(|| {
        [
            KeyValue::new("messaging.system", "rabbitmq"),
            KeyValue::new("messaging.operation.name", "process"),
            KeyValue::new("messaging.operation.type", "process"),
            KeyValue::new("messaging.destination.name", queue()),
            KeyValue::new("messaging.rabbitmq.destination.routing_key", routing_key.clone()),
            KeyValue::new("messaging.message.id", message_id.clone()),
            KeyValue::new("alipay.attempt", i64::from(headers.attempt)),
            KeyValue::new("alipay.redelivered", message.redelivered),
        ]
    });
    span
}
