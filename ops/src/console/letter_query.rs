//! Which dead letters a page is about.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use service::page::hidden;

use super::address::listing;
use super::page::usage;
use super::request::Fields;
use crate::failure::Failure;
use crate::operations::dead_letter::fingerprint::fingerprint;
use crate::operations::dead_letter::{DeadLetter, is_meant};

/// The word for letters without a reason, which no worker put there.
pub(super) const NO_REASON: &str = "none";

/// How the name of a checkbox begins; the id of its letter follows.
pub(super) const TICKED: &str = "letter.";

/// The field with the time at which the last letter on the page died.
const UNTIL: &str = "until";

/// A filter for letters; an empty field matches every letter.
#[derive(Debug, Clone, Default)]
pub(super) struct LetterQuery {
    pub(super) reason: String,
    /// The fingerprint of the error: without numbers and times.
    pub(super) print: String,
    pub(super) order: String,
    pub(super) merchant: String,
    /// Letters that died later do not match: "all" means the letters that the page showed.
    pub(super) until: Option<DateTime<Utc>>,
}

/// The letters that a form selects.
#[derive(Debug, Clone)]
pub(super) enum Selection {
    /// These, with all their copies.
    Ticked(BTreeSet<String>),
    /// All letters that match a filter.
    All(LetterQuery),
}

impl LetterQuery {
    pub(super) fn read(parameters: &Fields) -> LetterQuery {
        let text = |name| parameters.get(name).to_owned();
        LetterQuery {
            reason: text("reason"),
            print: text("error"),
            order: text("order"),
            merchant: text("merchant"),
            until: text(UNTIL).parse().ok(),
        }
    }

    fn pairs(&self) -> [(&str, &str); 4] {
        [
            ("reason", &self.reason),
            ("error", &self.print),
            ("order", &self.order),
            ("merchant", &self.merchant),
        ]
    }

    pub(super) fn is_everything(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.is_empty())
    }

    /// The page that lists it.
    pub(super) fn address(&self) -> String {
        match self.is_everything() {
            true => "/dead-letters?view=flat".to_owned(),
            false => listing("/dead-letters", &self.pairs()),
        }
    }

    /// Hidden fields that repeat it in the next form.
    pub(super) fn fields(&self) -> Markup {
        let given = self.pairs().into_iter().filter(|(_, value)| !value.is_empty());
        html! {
            @for (name, value) in given { (hidden(name, value)) }
            @if let Some(until) = self.until { (hidden(UNTIL, &until.to_rfc3339())) }
        }
    }

    pub(super) fn takes(&self, letter: &DeadLetter) -> bool {
        let is = |wanted: &str, value: &Option<String>| {
            wanted.is_empty() || value.as_deref() == Some(wanted)
        };
        let reason = match self.reason.as_str() {
            NO_REASON => letter.reason.is_none(),
            reason => is(reason, &letter.reason),
        };
        let names: Vec<&str> = letter.order.as_deref().into_iter().collect();
        let error = letter.error.as_deref().unwrap_or_default();
        let late = self.until.zip(letter.died_at).is_some_and(|(until, died)| died.0 > until);
        !late
            && reason
            && is(&self.order, &letter.order)
            && is(&self.merchant, &letter.merchant)
            && (self.print.is_empty() || fingerprint(error, &names) == self.print)
    }
}

impl Selection {
    /// Reads the selection: the field `which` says whether all letters or the ticked ones are meant.
    pub(super) fn read(form: &Fields) -> Result<Selection, Failure> {
        if form.get("which") == "all" {
            return Ok(Selection::All(LetterQuery::read(form)));
        }
        let ids: BTreeSet<String> = form.after(TICKED).map(str::to_owned).collect();
        if ids.is_empty() {
            return Err(usage("没有勾选任何死信", "no letter is ticked"));
        }
        Ok(Selection::Ticked(ids))
    }

    pub(super) fn takes(&self, letter: &DeadLetter) -> bool {
        match self {
            Selection::Ticked(ids) => ids.iter().any(|id| is_meant(id, &letter.id)),
            Selection::All(filter) => filter.takes(letter),
        }
    }

    /// Hidden fields that repeat it in the next form.
    pub(super) fn fields(&self) -> Markup {
        match self {
            Selection::Ticked(ids) => html! {
                @for id in ids { (hidden(&format!("{TICKED}{id}"), "on")) }
            },
            Selection::All(filter) => html! { (filter.fields()) (hidden("which", "all")) },
        }
    }

    /// The page that it came from.
    pub(super) fn address(&self) -> String {
        match self {
            Selection::Ticked(_) => "/dead-letters".to_owned(),
            Selection::All(filter) => filter.address(),
        }
    }
}
