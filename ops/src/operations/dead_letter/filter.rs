//! Which dead letters are selected.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::poison::{PoisonLetters, is_poison};
use super::{DeadLetter, is_meant};

/// Conditions, all of which must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct LetterFilter {
    pub(crate) reason: Option<ReasonFilter>,
    /// The `fingerprint` of the error.
    pub(crate) fingerprint: Option<String>,
    /// The order (out_trade_no).
    pub(crate) order: Option<String>,
    pub(crate) merchant: Option<String>,
    /// They died at this time or later.
    pub(crate) since: Option<DateTime<Utc>>,
    /// They died at this time or earlier, or have no time.
    pub(crate) until: Option<DateTime<Utc>>,
}

/// A reason of letters, which is a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReasonFilter {
    /// This one.
    Is(String),
    /// There is none: no worker put the letter there.
    Missing,
}

impl ReasonFilter {
    fn takes(&self, reason: Option<&str>) -> bool {
        match self {
            ReasonFilter::Is(wanted) => reason == Some(wanted),
            ReasonFilter::Missing => reason.is_none(),
        }
    }
}

impl LetterFilter {
    /// Whether it leaves nothing out.
    pub(crate) fn is_empty(&self) -> bool {
        let LetterFilter { reason, fingerprint, order, merchant, since, until } = self;
        let is_any = fingerprint.is_none() && order.is_none() && merchant.is_none();
        is_any && reason.is_none() && since.is_none() && until.is_none()
    }

    /// Whether the letter passes.
    pub(crate) fn takes(&self, letter: &DeadLetter) -> bool {
        let same = |wanted: &Option<String>, is: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| is.as_ref() == Some(wanted))
        };
        let died = letter.died_at.map(|died| died.0);
        let is_reason = |wanted: &ReasonFilter| wanted.takes(letter.reason.as_deref());
        self.reason.as_ref().is_none_or(is_reason)
            && same(&self.order, &letter.order)
            && same(&self.merchant, &letter.merchant)
            && self.since.is_none_or(|since| died.is_some_and(|died| died >= since))
            && self.until.is_none_or(|until| died.is_none_or(|died| died <= until))
            && self.fingerprint.as_ref().is_none_or(|print| letter.fingerprint() == *print)
    }
}

/// Letters that an operator selects.
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
    /// Whether the letter is selected and not left out.
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
