//! What is odd at the broker, in words.

use std::fmt;

use serde::Serialize;

use crate::plural::count;

/// Something that should not be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "object", rename_all = "snake_case")]
pub(crate) enum TopologyFinding {
    /// A queue with a name like ours that no program reads.
    UnknownQueue { name: String, messages: Option<u64> },
    /// A work queue beyond `queue.shards`.
    OldShard {
        name: String,
        /// All messages in it, where the management API tells.
        messages: Option<u64>,
        /// All messages in the retry tiers, where it tells: they can come back to this queue.
        in_tiers: Option<u64>,
    },
    /// An exchange with a name like ours that no program publishes to.
    UnknownExchange { name: String },
    /// A binding of an exchange of ours that we have not made: it copies messages to another place.
    UnknownBinding { exchange: String, destination: String, routing_key: String },
    /// Queues that dead-letter in a circle: the broker drops a message that comes round.
    DeadLetterLoop { queues: Vec<String> },
    /// A queue dead-letters to an exchange that is not there.
    MissingDeadLetterExchange { queue: String, exchange: String },
    /// A queue dead-letters with a key that its exchange does not bind.
    UnboundKey { queue: String, exchange: String, routing_key: String },
    /// A policy that removes messages from a queue of ours.
    RemovesMessages { queue: String, policy: String, key: String },
    /// A queue of ours is at the limit that a policy sets, and the broker refuses what is published to it.
    Full { queue: String, policy: String, limit: u64, messages: u64 },
}

impl TopologyFinding {
    /// Whether messages are lost or refused because of it.
    pub(crate) fn is_harmful(&self) -> bool {
        match self {
            TopologyFinding::DeadLetterLoop { .. }
            | TopologyFinding::MissingDeadLetterExchange { .. }
            | TopologyFinding::UnboundKey { .. }
            | TopologyFinding::RemovesMessages { .. }
            | TopologyFinding::Full { .. } => true,
            TopologyFinding::UnknownQueue { .. }
            | TopologyFinding::OldShard { .. }
            | TopologyFinding::UnknownExchange { .. }
            | TopologyFinding::UnknownBinding { .. } => false,
        }
    }
}

impl fmt::Display for TopologyFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TopologyFinding::UnknownQueue { name, messages: Some(messages) } => {
                write!(f, "queue {name} is none of ours; messages in it: {messages}")?;
                if *messages > 0 {
                    f.write_str(
                        ", which no program reads. If somebody has moved dead letters there, move them back to \
                         alipay.dead (`rabbitmqadmin` or a shovel), run `ops dlq sync`, and delete the queue",
                    )?;
                }
                Ok(())
            }
            TopologyFinding::UnknownQueue { name, messages: None } => {
                write!(f, "queue {name} is none of ours")
            }
            TopologyFinding::OldShard { name, messages: Some(0), in_tiers: Some(0) } => write!(
                f,
                "queue {name} is of an old shard, and empty, as the retry tiers are. Once no program is configured with so \
                 many shards, delete it: rabbitmqctl delete_queue {name}"
            ),
            TopologyFinding::OldShard { name, messages, in_tiers } => {
                write!(f, "queue {name} is of an old shard. Do not delete it: ")?;
                match (messages, in_tiers) {
                    (Some(messages), Some(in_tiers)) => write!(
                        f,
                        "it has {}, and {} in the retry tiers can come back to it",
                        count(*messages, "message"),
                        count(*in_tiers, "message")
                    )?,
                    _ => f.write_str(
                        "only with amqp.management_url it is known whether it is empty",
                    )?,
                }
                f.write_str(". Workers empty it")
            }
            TopologyFinding::UnknownExchange { name } => {
                write!(f, "exchange {name} is none of ours")
            }
            TopologyFinding::UnknownBinding { exchange, destination, routing_key } => write!(
                f,
                "binding of {destination} to exchange {exchange} with key {routing_key:?} is none of \
                 ours: what is published there is copied"
            ),
            TopologyFinding::DeadLetterLoop { queues } => write!(
                f,
                "dead-lettering forms a cycle, and the broker drops messages in it: {}",
                queues.join(" → ")
            ),
            TopologyFinding::MissingDeadLetterExchange { queue, exchange } => {
                write!(f, "queue {queue} dead-letters to exchange {exchange}, which is not there")
            }
            TopologyFinding::UnboundKey { queue, exchange, routing_key } => write!(
                f,
                "queue {queue} dead-letters to exchange {exchange} with key {routing_key:?}, which is \
                 not bound: nothing comes back from it"
            ),
            TopologyFinding::Full { queue, policy, limit, messages } => write!(
                f,
                "queue {queue} has {} and policy {policy} limits it to {limit}: what is published \
                 there is refused. Let workers empty it, or set a larger max-length in that policy. Removing the \
                 policy is not enough for programs that are connected to RabbitMQ 3.10 (other than ingress and \
                 workers of this version): they are refused until they connect again",
                count(*messages, "message")
            ),
            TopologyFinding::RemovesMessages { queue, policy, key } => write!(
                f,
                "policy {policy} sets {key} on queue {queue}: it removes what was answered success"
            ),
        }
    }
}
