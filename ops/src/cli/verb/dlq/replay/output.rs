//! What a replay prints.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::output::{or_empty, table};
use crate::cli::terminal::short_id;
use crate::operations::dead_letter::aftermath::{Aftermath, Fate, Replayed};

/// Letters that are listed one by one.
const LISTED: usize = 100;
const LISTED_IN_JSON: usize = 1000;

/// What was sent back, and what became of it.
#[derive(Serialize)]
pub(super) struct ReplayOutput<'a> {
    /// Letters: an id stands for all its copies.
    pub(super) replayed: usize,
    /// Letters that match and were left out: their messages killed workers.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) left_out: usize,
    /// Of ids that were named: how many letters had one, where several had.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) copies: BTreeMap<String, usize>,
    #[serde(flatten)]
    pub(super) fates: Option<Fates<'a>>,
}

#[derive(Serialize)]
pub(super) struct Fates<'a> {
    pub(super) applied: usize,
    pub(super) unchanged: usize,
    pub(super) unknown: usize,
    pub(super) dead_again: usize,
    pub(super) dead_again_by_reason: BTreeMap<String, usize>,
    /// In a retry tier.
    pub(super) retrying: usize,
    /// No worker has handled them yet.
    pub(super) waiting: usize,
    /// At most 1,000, those with which something is left to do first.
    pub(super) letters: Vec<&'a Replayed>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Fates<'_> {
    pub(super) fn of(aftermath: &Aftermath) -> Fates<'_> {
        Fates {
            applied: aftermath.count(Fate::Applied),
            unchanged: aftermath.count(Fate::Unchanged),
            unknown: aftermath.count(Fate::Unknown),
            dead_again: aftermath.count(Fate::DeadAgain),
            dead_again_by_reason: aftermath.reasons(),
            retrying: aftermath.count(Fate::Retrying),
            waiting: aftermath.count(Fate::Waiting),
            letters: aftermath.letters(LISTED_IN_JSON),
        }
    }

    pub(super) fn reasons(&self) -> String {
        let reasons = self.dead_again_by_reason.iter();
        reasons.map(|(reason, count)| format!("{count} {reason}")).collect::<Vec<_>>().join(", ")
    }

    /// The numbers in a line.
    fn totals(&self) -> String {
        let dead = match self.dead_again {
            0 => String::new(),
            count => format!("{count} dead again ({})", self.reasons()),
        };
        let counted = [
            (self.applied, "applied"),
            (self.unchanged, "changed nothing"),
            (self.unknown, "with a trade status that workers do not know"),
            (self.retrying, "in a retry tier"),
            (self.waiting, "still waiting for a worker"),
        ];
        let told = counted.into_iter().filter(|(count, _)| *count > 0);
        let mut parts: Vec<String> =
            told.map(|(count, words)| format!("{count} {words}")).collect();
        let place = usize::from(self.applied > 0) + usize::from(self.unchanged > 0);
        if !dead.is_empty() {
            parts.insert(place.min(parts.len()), dead);
        }
        parts.join(", ")
    }
}

impl ReplayOutput<'_> {
    pub(super) fn text(&self) -> String {
        let replayed = self.replayed;
        let Some(fates) = &self.fates else {
            let several = self.copies.iter();
            let several = several.map(|(id, copies)| format!("\n{id}: all {copies} copies"));
            return format!("replayed {replayed}{}", several.collect::<String>());
        };
        let totals = format!("replayed {replayed}: {}", fates.totals());
        let open = |one: &&&Replayed| {
            matches!(one.outcome, Fate::DeadAgain | Fate::Retrying | Fate::Waiting)
        };
        // A few are listed one by one; of many only those that need somebody.
        let listed: Vec<&&Replayed> = match replayed > LISTED {
            true => fates.letters.iter().filter(open).take(LISTED).collect(),
            false => fates.letters.iter().collect(),
        };
        if listed.is_empty() {
            return totals;
        }
        let rows = listed.iter().map(|one| {
            [
                short_id(&one.id),
                or_empty(one.order.as_ref()),
                one.copies.to_string(),
                one.outcome.words().to_owned(),
                one.why(),
            ]
        });
        let rows = table(["id", "order", "copies", "now", "because"], rows);
        let more = match replayed > LISTED && listed.len() == LISTED {
            true => format!("\nthe first {LISTED} that need somebody; --output json has 1000"),
            false => String::new(),
        };
        format!("{rows}{more}\n\n{totals}")
    }
}
