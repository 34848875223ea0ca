//! What is odd about the broker's queues, exchanges and bindings, as its management API shows them.

mod dead_letter_loop;
mod finding;

use std::collections::BTreeSet;

use queue::topology::{
    DEAD_QUEUE, EVENTS_EXCHANGE, EVENTS_QUEUE, Layout, RetryTier, ShardCount, TopologyObject,
    WORK_EXCHANGE, bindings, work_queue,
};
use serde_json::Value;
use tracing::info;

pub(crate) use self::finding::TopologyFinding;
use crate::failure::Failure;
use crate::operations::dead_queue::LOCK_QUEUE;
use crate::operations::management::{
    BrokerBinding, BrokerExchange, BrokerPolicy, BrokerQueue, Management,
};

/// What our names begin with.
const OURS: &str = "alipay.";

/// What a policy must not set on a queue of ours, since it removes acknowledged messages.
const REMOVES: [&str; 3] = ["message-ttl", "expires", "delivery-limit"];

/// What the broker has.
pub(crate) struct BrokerObjects {
    queues: Vec<BrokerQueue>,
    exchanges: Vec<BrokerExchange>,
    bindings: Vec<BrokerBinding>,
}

impl BrokerObjects {
    pub(crate) async fn ask(management: &Management) -> Result<BrokerObjects, Failure> {
        let mut queues = management.queues().await?;
        match management.policies().await? {
            Some(policies) => add_policies(&mut queues, &policies),
            None => {
                info!(
                    "policies are not known: the account of amqp.management_url may not see them"
                );
            }
        }
        Ok(BrokerObjects {
            queues,
            exchanges: management.exchanges().await?,
            bindings: management.bindings().await?,
        })
    }

    /// Bindings that should be there and are not.
    pub(crate) fn missing_bindings(&self, layout: Layout) -> Vec<TopologyObject> {
        let is_there = |change: &TopologyObject| match change {
            TopologyObject::Binding { queue, exchange, routing_key } => {
                self.bindings.iter().any(|it| {
                    it.source == *exchange
                        && it.destination == *queue
                        && it.destination_type == "queue"
                        && it.routing_key == *routing_key
                })
            }
            TopologyObject::Exchange { .. } | TopologyObject::Queue { .. } => true,
        };
        bindings(layout).into_iter().filter(|change| !is_there(change)).collect()
    }

    /// What should not be there. `shards`: as many as are configured.
    pub(crate) fn findings(&self, shards: ShardCount) -> Vec<TopologyFinding> {
        let mut findings = BTreeSet::new();
        let (queues, exchanges) = (our_queues(), our_exchanges());
        let old: BTreeSet<String> = shards.others().map(work_queue).collect();
        for queue in self.queues.iter().filter(|queue| queue.name.starts_with(OURS)) {
            if old.contains(&queue.name) {
                findings.insert(self.old_shard(queue));
            }
            if queues.contains(&queue.name) {
                findings.extend(removes_messages(queue));
                findings.extend(full(queue));
            } else if queue.name != LOCK_QUEUE {
                let (name, messages) = (queue.name.clone(), queue.messages);
                findings.insert(TopologyFinding::UnknownQueue { name, messages });
            }
            findings.extend(self.dead_letters_nowhere(queue));
        }
        for exchange in self.exchanges.iter().filter(|it| it.name.starts_with(OURS)) {
            if !exchanges.contains(&exchange.name) {
                findings.insert(TopologyFinding::UnknownExchange { name: exchange.name.clone() });
            }
        }
        for binding in self.bindings.iter().filter(|it| exchanges.contains(&it.source)) {
            // The events are the shop's to bind.
            if binding.source != EVENTS_EXCHANGE && !queues.contains(&binding.destination) {
                findings.insert(TopologyFinding::UnknownBinding {
                    exchange: binding.source.clone(),
                    destination: binding.destination.clone(),
                    routing_key: binding.routing_key.clone(),
                });
            }
        }
        findings.extend(self.loops());
        findings.into_iter().collect()
    }

    fn old_shard(&self, queue: &BrokerQueue) -> TopologyFinding {
        let is_tier = |name: &str| RetryTier::ALL.iter().any(|tier| tier.name() == name);
        let tiers = self.queues.iter().filter(|queue| is_tier(&queue.name));
        let (name, messages) = (queue.name.clone(), queue.messages);
        TopologyFinding::OldShard { name, messages, in_tiers: tiers.map(|it| it.messages).sum() }
    }

    fn dead_letters_nowhere(&self, queue: &BrokerQueue) -> Option<TopologyFinding> {
        let exchange = dead_letter(queue, "exchange")?;
        // A message that keeps its key may be bound: our own are.
        let routing_key = dead_letter(queue, "routing-key");
        let queue = queue.name.clone();
        if exchange.is_empty() {
            let routing_key = routing_key?;
            let is_there = self.queues.iter().any(|it| it.name == routing_key);
            return (!is_there).then_some(TopologyFinding::UnboundKey {
                queue,
                exchange,
                routing_key,
            });
        }
        if !self.exchanges.iter().any(|it| it.name == exchange) {
            return Some(TopologyFinding::MissingDeadLetterExchange { queue, exchange });
        }
        let routing_key = routing_key?;
        let keys_count = self.exchanges.iter().any(|it| it.name == exchange && it.kind == "direct");
        let is_bound = self
            .bindings
            .iter()
            .any(|it| it.source == exchange && (!keys_count || it.routing_key == routing_key));
        (!is_bound).then_some(TopologyFinding::UnboundKey { queue, exchange, routing_key })
    }
}

fn add_policies(queues: &mut [BrokerQueue], policies: &[BrokerPolicy]) {
    for queue in queues.iter_mut().filter(|it| !it.effective_policy_definition.is_object()) {
        let policy = policies.iter().find(|policy| Some(&policy.name) == queue.policy.as_ref());
        if let Some(policy) = policy {
            queue.effective_policy_definition = policy.definition.clone();
        }
    }
}

fn our_queues() -> BTreeSet<String> {
    let mut names = BTreeSet::from([DEAD_QUEUE.to_owned(), EVENTS_QUEUE.to_owned()]);
    names.extend(ShardCount::ANY.shards().map(work_queue));
    names.extend(RetryTier::ALL.map(|tier| tier.name().to_owned()));
    names
}

fn our_exchanges() -> BTreeSet<String> {
    let mut names = BTreeSet::from([WORK_EXCHANGE.to_owned(), EVENTS_EXCHANGE.to_owned()]);
    names.extend(RetryTier::ALL.map(|tier| tier.name().to_owned()));
    names
}

/// `x-dead-letter-exchange` or `x-dead-letter-routing-key`, of the queue's arguments or of its policy.
fn dead_letter(queue: &BrokerQueue, what: &str) -> Option<String> {
    let of_queue = queue.arguments.get(&format!("x-dead-letter-{what}"));
    let of_policy = || queue.effective_policy_definition.get(format!("dead-letter-{what}"));
    of_queue.or_else(of_policy).and_then(Value::as_str).map(str::to_owned)
}

fn removes_messages(queue: &BrokerQueue) -> Vec<TopologyFinding> {
    if queue.name == EVENTS_QUEUE {
        return Vec::new();
    }
    let set = |key: &str| queue.effective_policy_definition.get(key);
    let mut keys: Vec<&str> = REMOVES.into_iter().filter(|key| set(key).is_some()).collect();
    let refuses = set("overflow").or_else(|| queue.arguments.get("x-overflow"));
    let refuses = refuses.and_then(Value::as_str) == Some("reject-publish");
    let limits = ["max-length", "max-length-bytes"].into_iter().filter(|key| set(key).is_some());
    if !refuses {
        keys.extend(limits);
    }
    let policy = queue.policy.clone().unwrap_or_default();
    let finding = |key: &str| TopologyFinding::RemovesMessages {
        queue: queue.name.clone(),
        policy: policy.clone(),
        key: key.to_owned(),
    };
    keys.into_iter().map(finding).collect()
}

/// A queue that is at its limit. That of `max-length-bytes` cannot be known: the API reports no bytes here.
fn full(queue: &BrokerQueue) -> Option<TopologyFinding> {
    let limit = queue.effective_policy_definition.get("max-length")?.as_u64()?;
    let messages = queue.messages.filter(|messages| *messages >= limit)?;
    let policy = queue.policy.clone().unwrap_or_default();
    Some(TopologyFinding::Full { queue: queue.name.clone(), policy, limit, messages })
}

#[cfg(test)]
mod tests {
    use super::{BrokerObjects, Layout, ShardCount, TopologyFinding};
    use serde_json::{Value, json};

    fn seen(queues: Value, exchanges: Value, bindings: Value) -> BrokerObjects {
        BrokerObjects {
            queues: serde_json::from_value(queues).unwrap(),
            exchanges: serde_json::from_value(exchanges).unwrap(),
            bindings: serde_json::from_value(bindings).unwrap(),
        }
    }

    fn binding(source: &str, destination: &str, key: &str) -> Value {
        json!({"source": source, "destination": destination, "destination_type": "queue", "routing_key": key})
    }

    #[test]
    fn what_is_not_ours_is_named() {
        let found = seen(
            json!([
                {"name": "alipay.notify.0", "messages": 1},
                {"name": "alipay.dead.lock"},
                {"name": "alipay.notify.old", "messages": 7},
                {"name": "other", "messages": 9},
            ]),
            json!([{"name": "", "type": "direct"}, {"name": "alipay.notify", "type": "direct"},
                {"name": "alipay.lost", "type": "fanout"}]),
            json!([
                binding("alipay.notify", "alipay.notify.0", "0"),
                binding("alipay.notify", "spy", "0"),
                binding("", "spy", "spy")
            ]),
        );
        let findings = found.findings(ShardCount::ONE);
        assert_eq!(
            findings,
            [
                TopologyFinding::UnknownQueue {
                    name: "alipay.notify.old".into(),
                    messages: Some(7)
                },
                TopologyFinding::UnknownExchange { name: "alipay.lost".into() },
                TopologyFinding::UnknownBinding {
                    exchange: "alipay.notify".into(),
                    destination: "spy".into(),
                    routing_key: "0".into()
                },
            ]
        );
    }

    #[test]
    fn loops_and_keys_that_lead_nowhere_are_named() {
        let to = |exchange: &str| json!({"x-dead-letter-exchange": exchange});
        let found = seen(
            json!([
                {"name": "alipay.notify.0", "policy": "round",
                    "effective_policy_definition": {"dead-letter-exchange": "alipay.retry.5s"}},
                {"name": "alipay.retry.5s", "arguments": to("alipay.notify")},
                {"name": "alipay.retry.30s", "arguments":
                    {"x-dead-letter-exchange": "alipay.notify", "x-dead-letter-routing-key": "7"}},
                {"name": "alipay.retry.2m", "arguments": to("gone")},
            ]),
            json!([{"name": "alipay.notify", "type": "direct"},
                {"name": "alipay.retry.5s", "type": "fanout"}]),
            json!([
                binding("alipay.notify", "alipay.notify.0", "0"),
                binding("alipay.retry.5s", "alipay.retry.5s", "")
            ]),
        );
        assert_eq!(
            found.findings(ShardCount::ONE),
            [
                TopologyFinding::DeadLetterLoop {
                    queues: vec!["alipay.notify.0".into(), "alipay.retry.5s".into()]
                },
                TopologyFinding::MissingDeadLetterExchange {
                    queue: "alipay.retry.2m".into(),
                    exchange: "gone".into()
                },
                TopologyFinding::UnboundKey {
                    queue: "alipay.retry.30s".into(),
                    exchange: "alipay.notify".into(),
                    routing_key: "7".into()
                },
            ]
        );
        let missing = found.missing_bindings(Layout::one_shard(false));
        assert_eq!(
            missing.len(),
            queue::topology::bindings(Layout::one_shard(false)).len() - 2,
            "{missing:?}"
        );
    }

    #[test]
    fn a_queue_at_the_limit_of_its_policy_is_named() {
        let found = |messages: u64| {
            let policy = json!({"max-length": 5, "overflow": "reject-publish"});
            let queue = json!([{"name": "alipay.notify.0", "messages": messages, "policy": "limit",
                "effective_policy_definition": policy}]);
            seen(queue, json!([]), json!([])).findings(ShardCount::ONE)
        };
        let full = |messages| TopologyFinding::Full {
            queue: "alipay.notify.0".into(),
            policy: "limit".into(),
            limit: 5,
            messages,
        };
        assert_eq!(found(4), []);
        assert_eq!(found(5), [full(5)]);
        // A quorum queue takes a few more than its limit.
        assert_eq!(found(7), [full(7)]);
        let said = full(7).to_string();
        assert!(said.contains("set a larger max-length"), "{said}");
    }

    #[test]
    fn an_old_shard_can_be_deleted_when_nothing_can_come_back_to_it() {
        let found = |old: u64, in_tier: u64| {
            let queues = json!([
                {"name": "alipay.notify.0", "messages": 9},
                {"name": "alipay.notify.1", "messages": 9},
                {"name": "alipay.notify.2", "messages": old},
                {"name": "alipay.retry.5s", "messages": in_tier},
                {"name": "alipay.retry.1h", "messages": 0},
            ]);
            let bindings = json!([binding("alipay.notify", "alipay.notify.2", "2")]);
            let found = seen(queues, json!([]), bindings).findings(ShardCount::new(2));
            let [one] = &found[..] else { panic!("{found:?}") };
            one.to_string()
        };
        let empty = found(0, 0);
        assert!(empty.contains("delete it: rabbitmqctl delete_queue alipay.notify.2"), "{empty}");
        for (old, in_tier, said) in [
            (1, 0, "it has 1 message, and 0 messages in the retry tiers can come back to it"),
            (0, 2, "it has 0 messages, and 2 messages in the retry tiers can come back to it"),
        ] {
            let finding = found(old, in_tier);
            assert!(finding.contains("Do not delete it") && finding.contains(said), "{finding}");
        }
    }

    #[test]
    fn policies_that_remove_messages_are_named() {
        let found = seen(
            json!([
                {"name": "alipay.dead", "policy": "short", "effective_policy_definition": {"message-ttl": 5}},
                {"name": "alipay.notify.0", "policy": "limit", "effective_policy_definition":
                    {"max-length": 5, "overflow": "reject-publish"}},
                {"name": "alipay.events.shop", "policy": "e", "effective_policy_definition": {"max-length": 5}},
                {"name": "alipay.retry.5s", "effective_policy_definition": []},
            ]),
            json!([]),
            json!([]),
        );
        let removes = TopologyFinding::RemovesMessages {
            queue: "alipay.dead".into(),
            policy: "short".into(),
            key: "message-ttl".into(),
        };
        assert_eq!(found.findings(ShardCount::ONE), [removes]);
    }
}
