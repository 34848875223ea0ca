//! Which dead letters are selected.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::poison::{PoisonLetters, is_poison};
use super::{DeadLetter, is_meant};

/// Conditions, all of which must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct LetterFilter {
    /// Only letters with this reason, as `ops dlq list --group` prints it
    pub(crate) reason: Option<String>,
    /// Only those of this order (out_trade_no)
    pub(crate) order: Option<String>,
    /// Only those of this merchant
    pub(crate) merchant: Option<String>,
    /// Only letters that died since: 30m, 24h, 7d (ago), or a Beijing time
    pub(crate) since: Option<DateTime<Utc>>,
}

impl LetterFilter {
    /// Whether it leaves nothing out.
    pub(crate) fn is_empty(&self) -> bool {
        let LetterFilter { reason, order, merchant, since } = self;
        reason.is_none() && order.is_none() && merchant.is_none() && since.is_none()
    }

    /// Whether the letter passes.
    pub(crate) fn takes(&self, letter: &DeadLetter) -> bool {
        let same = |wanted: &Option<String>, is: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| is.as_ref() == Some(wanted))
        };
        same(&self.reason, &letter.reason)
            && same(&self.order, &letter.order)
            && same(&self.merchant, &letter.merchant)
            && self.since.is_none_or(|since| letter.died_at.is_some_and(|died| died.0 >= since))
    }
}

/// Letters that an operator selects for a replay.
#[derive(Debug, Default)]
pub(crate) struct SelectedLetters {
    /// Only these, with all their copies; where it is empty, all that the filter takes.
    pub(crate) ids: BTreeSet<String>,
    pub(crate) filter: LetterFilter,
    /// Also those of messages that killed workers.
    pub(crate) even_if_deadly: bool,
    /// Those that match and are left out, since their messages killed workers.
    pub(crate) left_out: PoisonLetters,
}

impl SelectedLetters {
    /// Whether the letter is to be replayed.
    pub(crate) fn takes(&mut self, letter: &DeadLetter) -> bool {
        let is_named = self.ids.is_empty() || self.ids.iter().any(|id| is_meant(id, &letter.id));
        let is_selected = is_named && self.filter.takes(letter);
        if is_selected && !self.even_if_deadly && is_poison(letter) {
            self.left_out.add(&letter.id);
            return false;
        }
        is_selected
    }

    /// The ids that no letter has, neither one of `met` nor one that was left out.
    pub(crate) fn missing<'a>(&'a self, met: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
        let met: Vec<&String> = met.chain(&self.left_out.ids).collect();
        let missing = self.ids.iter().filter(|id| !met.iter().any(|met| is_meant(id, met)));
        missing.cloned().collect()
    }
}
