//! Acts on dead letters, as they are recorded.

use order::OperatorAction;
use store::dead_letter::{LetterSearch, ReasonFilter};

use crate::operations::action_record::{Act, Actor};
use crate::operations::dead_letter::selection::SelectedLetters;

/// What stands for every letter.
const ALL: &str = "all";

/// The act of replaying, discarding, restoring or noting the selected letters.
pub(crate) fn letter_act(
    by: Actor,
    action: OperatorAction,
    selected: &SelectedLetters,
    note: Option<&str>,
) -> Act {
    act_on(by, action, subject(selected), note)
}

/// The same for letters that are told in words or by their ids.
pub(crate) fn act_on(
    by: Actor,
    action: OperatorAction,
    subject: impl ToString,
    note: Option<&str>,
) -> Act {
    Act::new(by, action, subject).because(note.unwrap_or_default())
}

/// The letter's id; of several their number; of a filter its conditions.
fn subject(selected: &SelectedLetters) -> String {
    let mut ids = selected.search.ids.iter();
    match (ids.next(), selected.search.ids.len()) {
        (Some(id), 1) => id.clone(),
        (Some(_), letters) => format!("{letters} letters"),
        (None, _) => search_text(&selected.search),
    }
}

fn search_text(search: &LetterSearch) -> String {
    // The action says in which state they were; ids are told by their number.
    let LetterSearch {
        state: _,
        ids: _,
        reason,
        fingerprint,
        order,
        trade_no,
        merchant,
        since,
        until,
        text,
    } = search;
    let reason = reason.as_ref().map(|reason| match reason {
        ReasonFilter::Is(reason) => reason.clone(),
        ReasonFilter::Missing => "none".to_owned(),
    });
    let [since, until] = [since, until].map(|time| time.map(|time| time.to_rfc3339()));
    let conditions = [
        ("reason", &reason),
        ("error", fingerprint),
        ("order", order),
        ("trade", trade_no),
        ("merchant", merchant),
        ("text", text),
        ("since", &since),
        ("until", &until),
    ];
    let given = conditions.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let conditions: Vec<String> = given.map(|(name, value)| format!("{name}={value}")).collect();
    if conditions.is_empty() { ALL.to_owned() } else { conditions.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_told_by_its_ids_or_conditions() {
        let of = |ids: &[&str], search: LetterSearch| {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            let search = LetterSearch { ids, ..search };
            subject(&SelectedLetters { search, ..SelectedLetters::default() })
        };
        let none = LetterSearch::default;
        assert_eq!(of(&[], none()), "all");
        assert_eq!(of(&["a1"], none()), "a1");
        assert_eq!(of(&["a1", "b2"], none()), "2 letters");
        let reason = Some(ReasonFilter::Is("order_not_found".to_owned()));
        let merchant = Some("shop".to_owned());
        let text = of(&[], LetterSearch { reason, merchant, ..none() });
        assert_eq!(text, "reason=order_not_found merchant=shop");
        let missing = LetterSearch { reason: Some(ReasonFilter::Missing), ..none() };
        assert_eq!(of(&[], missing), "reason=none");
    }
}
