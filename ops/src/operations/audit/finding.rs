//! What an audit finds, counted completely and kept up to a limit.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use store::BeijingTime;

use super::GapKind;

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Owner {
    /// A worker does it by itself.
    Worker,
    /// A person: an open review covers it.
    Person,
    /// Not assigned: the operator of the system.
    Operator,
}

/// One line: a gap, or something that waits.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AuditEntry<K> {
    pub(crate) order: String,
    pub(crate) kind: K,
    pub(crate) what: String,
    pub(crate) owner: Owner,
    /// A gap: when the order was last written. What waits: since when.
    pub(crate) since: Option<BeijingTime>,
    pub(crate) age_seconds: Option<i64>,
}

/// AuditEntries of one sort.
#[derive(Debug, Clone)]
pub(crate) struct AuditEntries<K> {
    pub(crate) counts: BTreeMap<K, u64>,
    pub(crate) kept: Vec<AuditEntry<K>>,
    limit: usize,
}

impl<K: Ord + Copy> AuditEntries<K> {
    pub(crate) fn new(limit: usize) -> AuditEntries<K> {
        AuditEntries { counts: BTreeMap::new(), kept: Vec::new(), limit }
    }

    pub(crate) fn add(&mut self, line: AuditEntry<K>) {
        *self.counts.entry(line.kind).or_default() += 1;
        if self.kept.len() < self.limit {
            self.kept.push(line);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// A line with its age at `now`.
pub(crate) fn line<K>(
    order: &str,
    (kind, what): (K, String),
    owner: Owner,
    since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> AuditEntry<K> {
    AuditEntry {
        order: order.to_owned(),
        kind,
        what,
        owner,
        since: since.map(BeijingTime),
        age_seconds: since.map(|since| (now - since).num_seconds().max(0)),
    }
}

/// What is wrong with one order.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<(GapKind, String)>);

impl Findings {
    pub(crate) fn add(&mut self, kind: GapKind, what: String) {
        self.0.push((kind, what));
    }

    pub(crate) fn has(&self, kind: GapKind) -> bool {
        self.0.iter().any(|(found, _)| *found == kind)
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = (GapKind, String)> {
        self.0.into_iter()
    }
}
