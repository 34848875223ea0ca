//! What is declared.

use std::fmt;

use lapin::ExchangeKind;
use lapin::types::{AMQPValue, FieldTable, LongInt, ShortString};
use serde::Serialize;

use super::{
    DEAD_QUEUE, EVENTS_BINDINGS, EVENTS_EXCHANGE, EVENTS_QUEUE, Layout, RetryTier, ShardCount,
    WORK_EXCHANGE, work_keys, work_queue,
};

/// Returns after which a quorum queue drops a message: so many that it never happens.
const DELIVERY_LIMIT: LongInt = 2_000_000_000;

/// An exchange, a queue or a binding that is missing ([`plan`](super::plan)) or was made
/// ([`apply`](super::apply)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "object", rename_all = "snake_case")]
pub enum TopologyObject {
    /// An exchange.
    Exchange {
        /// Its name.
        name: String,
        /// Its type: `direct`, `fanout` or `topic`.
        kind: &'static str,
    },
    /// A quorum queue.
    Queue {
        /// Its name.
        name: String,
    },
    /// A binding of a queue to an exchange.
    Binding {
        /// The queue.
        queue: String,
        /// The exchange.
        exchange: String,
        /// The routing key.
        routing_key: String,
    },
}

impl fmt::Display for TopologyObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TopologyObject::Exchange { name, kind } => write!(f, "{kind} exchange {name}"),
            TopologyObject::Queue { name } => write!(f, "quorum queue {name}"),
            TopologyObject::Binding { queue, exchange, routing_key } if routing_key.is_empty() => {
                write!(f, "binding of queue {queue} to exchange {exchange} with an empty key")
            }
            TopologyObject::Binding { queue, exchange, routing_key } => {
                write!(f, "binding of queue {queue} to exchange {exchange} with key {routing_key}")
            }
        }
    }
}

/// All bindings that should be there.
pub fn bindings(layout: Layout) -> Vec<TopologyObject> {
    let all = Declaration::all(layout).into_iter().map(|declaration| declaration.change());
    all.filter(|change| matches!(change, TopologyObject::Binding { .. })).collect()
}

/// One step of declaring the topology, in an order that works.
#[derive(Debug, Clone)]
pub(super) enum Declaration {
    Exchange { name: String, kind: ExchangeKind },
    Queue { name: String, arguments: FieldTable },
    Binding { queue: String, exchange: String, routing_key: String },
}

impl Declaration {
    /// Where work goes, without its bindings.
    pub(super) fn work(shards: ShardCount) -> Vec<Declaration> {
        let mut work = vec![exchange(WORK_EXCHANGE, ExchangeKind::Direct)];
        work.extend(shards.shards().map(|shard| queue(&work_queue(shard), FieldTable::default())));
        work
    }

    pub(super) fn all(layout: Layout) -> Vec<Declaration> {
        let mut all = Declaration::work(layout.shards);
        for shard in layout.shards.shards() {
            let keys = work_keys(shard);
            all.extend(keys.iter().map(|key| binding(&work_queue(shard), WORK_EXCHANGE, key)));
        }
        for tier in RetryTier::ALL {
            all.push(exchange(tier.name(), ExchangeKind::Fanout));
            all.push(queue(tier.name(), retry_arguments(tier)));
            all.push(binding(tier.name(), tier.name(), ""));
        }
        all.push(queue(DEAD_QUEUE, FieldTable::default()));
        if layout.events {
            all.push(exchange(EVENTS_EXCHANGE, ExchangeKind::Topic));
            all.push(queue(EVENTS_QUEUE, FieldTable::default()));
            for key in EVENTS_BINDINGS {
                all.push(binding(EVENTS_QUEUE, EVENTS_EXCHANGE, key));
            }
        }
        all
    }

    /// What it is when it is missing.
    pub(super) fn change(&self) -> TopologyObject {
        match self.clone() {
            Declaration::Exchange { name, kind } => TopologyObject::Exchange {
                name,
                kind: match kind {
                    ExchangeKind::Fanout => "fanout",
                    ExchangeKind::Topic => "topic",
                    _ => "direct",
                },
            },
            Declaration::Queue { name, .. } => TopologyObject::Queue { name },
            Declaration::Binding { queue, exchange, routing_key } => {
                TopologyObject::Binding { queue, exchange, routing_key }
            }
        }
    }
}

fn exchange(name: &str, kind: ExchangeKind) -> Declaration {
    Declaration::Exchange { name: name.to_owned(), kind }
}

fn binding(queue: &str, exchange: &str, routing_key: &str) -> Declaration {
    Declaration::Binding {
        queue: queue.to_owned(),
        exchange: exchange.to_owned(),
        routing_key: routing_key.to_owned(),
    }
}

/// A quorum queue with the arguments that all have, and `more`.
fn queue(name: &str, mut more: FieldTable) -> Declaration {
    more.insert(ShortString::from("x-queue-type"), AMQPValue::LongString("quorum".into()));
    more.insert(ShortString::from("x-delivery-limit"), AMQPValue::LongInt(DELIVERY_LIMIT));
    Declaration::Queue { name: name.to_owned(), arguments: more }
}

fn retry_arguments(tier: RetryTier) -> FieldTable {
    let mut arguments = FieldTable::default();
    let mut text = |name: &'static str, value: &str| {
        arguments.insert(ShortString::from(name), AMQPValue::LongString(value.into()));
    };
    // No x-dead-letter-routing-key: the message keeps its own.
    text("x-dead-letter-exchange", WORK_EXCHANGE);
    text("x-dead-letter-strategy", "at-least-once");
    text("x-overflow", "reject-publish");
    let milliseconds = i64::try_from(tier.delay().as_millis()).unwrap_or(i64::MAX);
    arguments.insert(ShortString::from("x-message-ttl"), AMQPValue::LongLongInt(milliseconds));
    arguments
}

#[cfg(test)]
mod tests {
    use super::{Declaration, Layout};
    use lapin::types::AMQPValue;

    fn arguments() -> Vec<String> {
        let text = |value: &AMQPValue| match value {
            AMQPValue::LongString(text) => text.to_string(),
            AMQPValue::LongInt(number) => number.to_string(),
            AMQPValue::LongLongInt(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        Declaration::all(Layout::one_shard(true))
            .into_iter()
            .filter_map(|declaration| match declaration {
                Declaration::Queue { name, arguments } => {
                    Some(arguments.inner().iter().fold(name, |line, (name, value)| {
                        let name = name.as_str().trim_start_matches("x-");
                        format!("{line} {name}={}", text(value))
                    }))
                }
                Declaration::Exchange { .. } | Declaration::Binding { .. } => None,
            })
            .collect()
    }

    /// Queues with these arguments exist on servers: they can never change.
    #[test]
    fn arguments_of_every_queue() {
        let all = "delivery-limit=2000000000";
        let retry = |name: &str, milliseconds: u32| {
            format!(
                "{name} dead-letter-exchange=alipay.notify dead-letter-strategy=at-least-once \
                 {all} message-ttl={milliseconds} overflow=reject-publish queue-type=quorum"
            )
        };
        assert_eq!(
            arguments(),
            [
                format!("alipay.notify.0 {all} queue-type=quorum"),
                retry("alipay.retry.5s", 5_000),
                retry("alipay.retry.30s", 30_000),
                retry("alipay.retry.2m", 120_000),
                retry("alipay.retry.10m", 600_000),
                retry("alipay.retry.1h", 3_600_000),
                format!("alipay.dead {all} queue-type=quorum"),
                format!("alipay.events.shop {all} queue-type=quorum"),
            ]
        );
    }
}
