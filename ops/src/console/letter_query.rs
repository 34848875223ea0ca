//! Which dead letters a page is about.

use std::collections::BTreeSet;

use maud::{Markup, html};
use service::page::hidden;
use store::dead_letter::{LetterSearch, ReasonFilter};

use super::address::{at, listing};
use super::page::usage;
use super::request::Fields;
use crate::failure::Failure;
use crate::operations::dead_letter::REASON_MISSING;
use crate::operations::dead_letter::selection::SelectedLetters;

/// How the name of a checkbox begins; the id of its letter follows.
pub(super) const TICKED: &str = "letter.";

/// The field with the time at which the last letter on the page died.
const UNTIL: &str = "until";

/// A filter for letters, as a form writes it.
#[derive(Debug, Clone, Default)]
pub(super) struct LetterQuery(pub(super) LetterSearch);

/// The letters that a form selects.
#[derive(Debug, Clone)]
pub(super) enum SelectedOnPage {
    /// These, with all their copies.
    Ticked(BTreeSet<String>),
    /// All letters that match a filter: those that the page showed, not those that died later.
    All(LetterQuery),
}

impl LetterQuery {
    /// The letters with this reason, where they have one.
    pub(super) fn of_reason(reason: Option<&str>) -> LetterQuery {
        let reason = reason.map_or(ReasonFilter::Missing, |it| ReasonFilter::Is(it.to_owned()));
        LetterQuery(LetterSearch { reason: Some(reason), ..LetterSearch::default() })
    }

    /// Reads it; an empty field takes every letter.
    pub(super) fn read(parameters: &Fields) -> LetterQuery {
        let text = |name| parameters.some(name).map(str::to_owned);
        LetterQuery(LetterSearch {
            reason: text("reason").map(|reason| match reason.as_str() {
                REASON_MISSING => ReasonFilter::Missing,
                _ => ReasonFilter::Is(reason),
            }),
            fingerprint: text("error"),
            order: text("order"),
            trade_no: text("trade"),
            merchant: text("merchant"),
            text: text("text"),
            until: parameters.get(UNTIL).parse().ok(),
            ..LetterSearch::default()
        })
    }

    /// The fields with a name and what they hold.
    pub(super) fn pairs(&self) -> [(&str, &str); 6] {
        let LetterSearch { reason, fingerprint, order, trade_no, merchant, text, .. } = &self.0;
        let reason = reason.as_ref().map_or("", |reason| match reason {
            ReasonFilter::Is(reason) => reason,
            ReasonFilter::Missing => REASON_MISSING,
        });
        [
            ("reason", reason),
            ("error", fingerprint.as_deref().unwrap_or_default()),
            ("order", order.as_deref().unwrap_or_default()),
            ("trade", trade_no.as_deref().unwrap_or_default()),
            ("merchant", merchant.as_deref().unwrap_or_default()),
            ("text", text.as_deref().unwrap_or_default()),
        ]
    }

    /// Whether all its fields are empty.
    pub(super) fn is_everything(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.is_empty())
    }

    /// The page that lists it.
    pub(super) fn address(&self) -> String {
        match self.is_everything() {
            true => at("/dead-letters?view=flat"),
            false => listing("/dead-letters", &self.pairs()),
        }
    }

    /// A page of its list. The letters that died later are on none of them.
    pub(super) fn page_address(&self, number: i64) -> String {
        let until = self.0.until.map(|until| until.to_rfc3339()).unwrap_or_default();
        let number = number.to_string();
        let mut pairs = vec![("view", "flat"), (UNTIL, until.as_str()), ("page", number.as_str())];
        pairs.extend(self.pairs());
        listing("/dead-letters", &pairs)
    }

    /// Hidden fields that repeat it in the next form.
    pub(super) fn fields(&self) -> Markup {
        let given = self.pairs().into_iter().filter(|(_, value)| !value.is_empty());
        html! {
            @for (name, value) in given { (hidden(name, value)) }
            @if let Some(until) = self.0.until { (hidden(UNTIL, &until.to_rfc3339())) }
        }
    }
}

impl SelectedOnPage {
    /// Reads the selection: the field `which` says whether all letters or the ticked ones are meant.
    pub(super) fn read(form: &Fields) -> Result<SelectedOnPage, Failure> {
        if form.get("which") == "all" {
            return Ok(SelectedOnPage::All(LetterQuery::read(form)));
        }
        let ids: BTreeSet<String> = form.after(TICKED).map(str::to_owned).collect();
        if ids.is_empty() {
            return Err(usage("没有勾选任何死信", "no letter is ticked"));
        }
        Ok(SelectedOnPage::Ticked(ids))
    }

    /// As an operation selects them.
    pub(super) fn letters(&self) -> SelectedLetters {
        let search = match self {
            SelectedOnPage::Ticked(ids) => {
                LetterSearch { ids: ids.clone(), ..LetterSearch::default() }
            }
            SelectedOnPage::All(query) => query.0.clone(),
        };
        SelectedLetters { search, even_if_poison: false }
    }

    /// Hidden fields that repeat it in the next form.
    pub(super) fn fields(&self) -> Markup {
        match self {
            SelectedOnPage::Ticked(ids) => html! {
                @for id in ids { (hidden(&format!("{TICKED}{id}"), "on")) }
            },
            SelectedOnPage::All(filter) => html! { (filter.fields()) (hidden("which", "all")) },
        }
    }

    /// The page that it came from.
    pub(super) fn address(&self) -> String {
        match self {
            SelectedOnPage::Ticked(_) => at("/dead-letters"),
            SelectedOnPage::All(filter) => filter.address(),
        }
    }
}
