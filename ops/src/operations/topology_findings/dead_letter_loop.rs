//! Queues that dead-letter to one another in a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::{BrokerObjects, OURS, TopologyFinding, dead_letter};
use crate::operations::management::BrokerQueue;

impl BrokerObjects {
    /// Circles of queues, one of ours among them, each once.
    pub(super) fn loops(&self) -> Vec<TopologyFinding> {
        let next: BTreeMap<&str, BTreeSet<&str>> =
            self.queues.iter().map(|queue| (queue.name.as_str(), self.targets(queue))).collect();
        let mut found = BTreeSet::new();
        for start in next.keys() {
            let mut way = vec![*start];
            follow(&next, &mut way, &mut found);
        }
        let ours = |queues: &&Vec<String>| queues.iter().any(|name| name.starts_with(OURS));
        found
            .iter()
            .filter(ours)
            .map(|queues| TopologyFinding::DeadLetterLoop { queues: queues.clone() })
            .collect()
    }

    /// The queues that a queue dead-letters to.
    fn targets(&self, queue: &BrokerQueue) -> BTreeSet<&str> {
        let mut targets = BTreeSet::new();
        let Some(exchange) = dead_letter(queue, "exchange") else { return targets };
        let key = dead_letter(queue, "routing-key");
        if exchange.is_empty() {
            // Without a key of its own a message that was published by queue name comes back.
            let key = key.unwrap_or_else(|| queue.name.clone());
            let named = self.queues.iter().find(|it| it.name == key);
            targets.extend(named.map(|it| it.name.as_str()));
            return targets;
        }
        let mut exchanges = vec![exchange.as_str()];
        let mut seen = BTreeSet::new();
        while let Some(exchange) = exchanges.pop() {
            if !seen.insert(exchange.to_owned()) {
                continue;
            }
            for binding in self.bindings.iter().filter(|it| it.source == exchange) {
                match binding.destination_type.as_str() {
                    "queue" => _ = targets.insert(binding.destination.as_str()),
                    _ => exchanges.push(&binding.destination),
                }
            }
        }
        targets
    }
}

/// Walks on from the end of `way`. A circle is listed from its first name in order.
fn follow<'a>(
    next: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    way: &mut Vec<&'a str>,
    found: &mut BTreeSet<Vec<String>>,
) {
    let Some(last) = way.last() else { return };
    for target in next.get(last).into_iter().flatten() {
        match way.iter().position(|name| name == target) {
            Some(at) => {
                let mut circle: Vec<String> =
                    way[at..].iter().map(|&name| name.to_owned()).collect();
                let first =
                    circle.iter().enumerate().min_by_key(|(_, name)| *name).map(|(at, _)| at);
                circle.rotate_left(first.unwrap_or(0));
                found.insert(circle);
            }
            None => {
                way.push(target);
                follow(next, way, found);
                way.pop();
            }
        }
    }
}
