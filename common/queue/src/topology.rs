//! Exchanges and queues: their names, and how they are declared.
//!
//! | name | kind | what |
//! |---|---|---|
//! | `alipay.notify` | direct exchange | work; the routing key is the shard number |
//! | `alipay.notify.0`, … | quorum queue each | work of a shard; bound with [`work_keys`] |
//! | `alipay.retry.5s` `.30s` `.2m` `.10m` `.1h` | fanout exchange and quorum queue each | a [`RetryTier`] |
//! | `alipay.dead` | quorum queue | what needs a person |
//! | `alipay.events` | topic exchange | events of the outbox, when events are enabled |
//! | `alipay.events.shop` | quorum queue | bound to `order.#` and `product.#`, when events are enabled |
//!
//! With `queue.shards` = 1, the default, shard 0 is the only one. With more, [`ShardCount::shard_of`] an order's number says which
//! one takes its messages. A message that waits in a tier comes back to the shard that it left, whatever the number is
//! by then; [`old_shards`] finds the queues beyond it, which workers go on to consume.
//!
//! The arguments of a queue can never be changed, so they hold only what never changes or what
//! the name says. Every queue has `x-delivery-limit` = 2,000,000,000: without one RabbitMQ 4
//! drops a message at its 21st return, and -1, which should mean "none", makes RabbitMQ 3.10
//! delete messages at their first.
//!
//! A retry queue dead-letters at-least-once: an expired message leaves it when the work queue has
//! confirmed it. This needs `x-overflow` = `reject-publish`; with the default the broker silently
//! falls back to at-most-once. What the work queue refuses, because it is full or gone, stays in its
//! tier and is offered again after `dead_letter_worker_publisher_confirm_timeout` of the broker, 3
//! minutes unless configured. A tier offers 32 messages at one time: 32 that no queue takes hold up
//! all others. So a message in a tier must have a key that is bound: what we publish has the shard's,
//! and what a person or a tool publishes by queue name has the name of a queue.

mod apply;
mod conflict;
mod declaration;
mod old_shards;
mod probe;
mod shard;

use std::time::Duration;

use strum::{Display, IntoStaticStr};

pub use apply::{
    TopologyError, apply, compare, missing_objects, missing_work, plan, plan_without_tiers,
};
pub use conflict::Conflict;
pub use declaration::{TopologyObject, bindings};
pub use old_shards::old_shards;
pub(crate) use probe::{PROBE, is_probe_taken, publish_probe};
pub use shard::{Layout, ShardCount};

/// The direct exchange that work is published to, with a [`routing_key`].
pub const WORK_EXCHANGE: &str = "alipay.notify";
/// The queue of messages that need a person. Published to through the default exchange.
pub const DEAD_QUEUE: &str = "alipay.dead";
/// The topic exchange of the outbox events.
pub const EVENTS_EXCHANGE: &str = "alipay.events";
/// The queue from which the shop reads events.
pub const EVENTS_QUEUE: &str = "alipay.events.shop";
/// What [`EVENTS_QUEUE`] is bound with.
pub const EVENTS_BINDINGS: [&str; 2] = ["order.#", "product.#"];

/// The work queue of a shard.
pub fn work_queue(shard: u32) -> String {
    format!("{WORK_EXCHANGE}.{shard}")
}

/// Whether this is the name of a work queue, of any shard that there can be.
pub fn is_work_queue(name: &str) -> bool {
    ShardCount::ANY.shards().any(|shard| work_queue(shard) == name)
}

/// The routing key of a shard.
pub fn routing_key(shard: u32) -> String {
    shard.to_string()
}

/// The keys with which the work queue of a shard is bound to [`WORK_EXCHANGE`]: the shard's own first, then the queue's name, which
/// messages have that were moved into it by name. Shard 0 has more: those that messages have which were published or moved by
/// queue name, into whichever of our queues ("Publish" and "Move messages" of the management plugin do that), or without a key.
pub fn work_keys(shard: u32) -> Vec<String> {
    let mut keys = vec![routing_key(shard), work_queue(shard)];
    if shard == 0 {
        keys.extend(RetryTier::ALL.map(|tier| tier.name().to_owned()));
        keys.extend([DEAD_QUEUE, WORK_EXCHANGE, ""].map(str::to_owned));
    }
    keys
}

/// A queue in which a message waits before it is tried again. The delay is the queue's time to
/// live, so another delay is another queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Display, IntoStaticStr)]
pub enum RetryTier {
    /// 5 s.
    #[strum(serialize = "alipay.retry.5s")]
    FiveSeconds,
    /// 30 s.
    #[strum(serialize = "alipay.retry.30s")]
    ThirtySeconds,
    /// 2 min.
    #[strum(serialize = "alipay.retry.2m")]
    TwoMinutes,
    /// 10 min.
    #[strum(serialize = "alipay.retry.10m")]
    TenMinutes,
    /// 1 h.
    #[strum(serialize = "alipay.retry.1h")]
    OneHour,
}

impl RetryTier {
    /// All tiers, shortest delay first.
    pub const ALL: [RetryTier; 5] = [
        RetryTier::FiveSeconds,
        RetryTier::ThirtySeconds,
        RetryTier::TwoMinutes,
        RetryTier::TenMinutes,
        RetryTier::OneHour,
    ];

    /// The tier for a message that has had `attempt` retries; none after the last tier.
    pub fn after(attempt: u32) -> Option<RetryTier> {
        let index = usize::try_from(attempt).ok()?;
        RetryTier::ALL.get(index).copied()
    }

    /// The name of its exchange and of its queue.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// How long a message waits.
    pub fn delay(self) -> Duration {
        Duration::from_secs(match self {
            RetryTier::FiveSeconds => 5,
            RetryTier::ThirtySeconds => 30,
            RetryTier::TwoMinutes => 120,
            RetryTier::TenMinutes => 600,
            RetryTier::OneHour => 3600,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{RetryTier, work_queue};

    #[test]
    fn names_say_the_delay() {
        assert_eq!(work_queue(0), "alipay.notify.0");
        for tier in RetryTier::ALL {
            let seconds = tier.delay().as_secs();
            let said = match seconds {
                0..60 => format!("{seconds}s"),
                60..3600 => format!("{}m", seconds / 60),
                _ => format!("{}h", seconds / 3600),
            };
            assert_eq!(tier.name(), format!("alipay.retry.{said}"));
        }
    }

    #[test]
    fn tiers_in_order() {
        let tiers: Vec<_> = (0..).map_while(RetryTier::after).collect();
        assert_eq!(tiers, RetryTier::ALL);
        assert!(tiers.is_sorted_by_key(|tier| tier.delay()));
    }
}
