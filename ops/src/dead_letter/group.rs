//! Dead letters with the same cause.

use std::collections::BTreeMap;

use serde::Serialize;
use store::report::BeijingTime;

use super::DeadLetter;
use super::fingerprint::fingerprint;

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

/// Groups sorted letters, the largest group first.
pub(crate) fn group(letters: &[DeadLetter]) -> Vec<Group> {
    let mut cohorts: BTreeMap<(Option<&str>, String), Vec<&DeadLetter>> = BTreeMap::new();
    for letter in letters {
        let names: Vec<&str> = letter.order.as_deref().into_iter().collect();
        let print = fingerprint(letter.error.as_deref().unwrap_or_default(), &names);
        cohorts.entry((letter.reason.as_deref(), print)).or_default().push(letter);
    }
    let mut groups: Vec<Group> = cohorts
        .into_iter()
        .map(|((reason, fingerprint), letters)| {
            let sorted = |mut texts: Vec<String>| {
                texts.sort();
                texts.dedup();
                texts
            };
            let died: Vec<BeijingTime> = letters.iter().filter_map(|it| it.died_at).collect();
            Group {
                reason: reason.map(str::to_owned),
                fingerprint,
                letters: letters.len(),
                orders: sorted(letters.iter().filter_map(|it| it.order.clone()).collect()).len(),
                first_died: died.iter().min().copied(),
                last_died: died.iter().max().copied(),
                worker_versions: sorted(
                    letters.iter().filter_map(|it| it.worker_version.clone()).collect(),
                ),
                example: letters.last().map(|it| it.id.clone()).unwrap_or_default(),
            }
        })
        .collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.letters));
    groups
}
