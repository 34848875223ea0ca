//! Dead letters with the same cause.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Serialize;
use store::BeijingTime;

use super::{DeadLetter, by_death};

/// Letters that died for the same reason with the same kind of error.
#[derive(Debug, Serialize)]
pub(crate) struct Group {
    pub(crate) reason: Option<String>,
    /// The error without what differs from letter to letter.
    pub(crate) fingerprint: String,
    pub(crate) letters: usize,
    /// How many orders they are about.
    pub(crate) orders: usize,
    pub(crate) first_died: Option<BeijingTime>,
    pub(crate) last_died: Option<BeijingTime>,
    /// Versions of the workers that gave them up.
    pub(crate) worker_versions: Vec<String>,
    /// The letter that died last.
    pub(crate) example: String,
}

/// Groups letters as they come; of each group a few words are kept, not its letters.
#[derive(Debug, Default)]
pub(crate) struct Grouping {
    groups: BTreeMap<(Option<String>, String), GroupTally>,
}

#[derive(Debug, Default)]
struct GroupTally {
    letters: usize,
    /// Hashes of the orders' numbers.
    orders: HashSet<u64>,
    first_died: Option<BeijingTime>,
    last_died: Option<BeijingTime>,
    worker_versions: BTreeSet<String>,
    example: Option<DeadLetter>,
}

impl Grouping {
    pub(crate) fn add(&mut self, letter: DeadLetter) {
        let cause = (letter.reason.clone(), letter.fingerprint());
        let group = self.groups.entry(cause).or_default();
        group.letters += 1;
        group.orders.extend(letter.order.as_ref().map(|order| hash(order)));
        group.first_died = group.first_died.into_iter().chain(letter.died_at).min();
        group.last_died = group.last_died.max(letter.died_at);
        if let Some(version) = &letter.worker_version
            && !group.worker_versions.contains(version)
        {
            group.worker_versions.insert(version.clone());
        }
        if group.example.as_ref().is_none_or(|last| by_death(last, &letter).is_lt()) {
            group.example = Some(letter);
        }
    }

    /// The groups, the largest first.
    pub(crate) fn groups(self) -> Vec<Group> {
        let mut groups: Vec<Group> = self
            .groups
            .into_iter()
            .map(|((reason, fingerprint), group)| Group {
                reason,
                fingerprint,
                letters: group.letters,
                orders: group.orders.len(),
                first_died: group.first_died,
                last_died: group.last_died,
                worker_versions: group.worker_versions.into_iter().collect(),
                example: group.example.map(|letter| letter.id).unwrap_or_default(),
            })
            .collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.letters));
        groups
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
