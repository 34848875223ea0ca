//! What `ops order amend` prints for a person.

use order::AmendmentState;
use store::amendment::AmendmentRow;

use super::AmendResult;
use crate::cli::verb::dlq::replay_text;
use crate::operations::dry_run::{DryRunOutcome, because};
use crate::operations::order::amend::AmendmentPlan;
use crate::operations::order::amend::terms::{TermChange, changes_of};
use crate::plural::count;

fn lines(changes: &[TermChange]) -> String {
    match changes {
        [] => "it has these terms already".to_owned(),
        changes => changes.iter().map(TermChange::text).collect::<Vec<_>>().join("\n"),
    }
}

/// What would be done.
pub(super) fn plan_text(plan: &AmendmentPlan) -> String {
    let mut text = format!("order {}:\n{}", plan.order, lines(&plan.changes));
    if let Some(why) = &plan.second_person {
        text.push_str(&format!("\na second person has to confirm this: {why}"));
    }
    if plan.letters > 0 {
        let applied = DryRunOutcome::Applied.count(&plan.dry_run);
        let dies = DryRunOutcome::Rejected.count(&plan.dry_run);
        let letters = count(plan.letters, "letter");
        text.push_str(&format!(
            "\na replay of {letters}: {applied} would change something, {dies} would die again"
        ));
        for result in &plan.dry_run {
            text.push_str(&format!("\n  {}", because(result)));
        }
    }
    text
}

/// A proposal.
pub(super) fn row_text(row: &AmendmentRow) -> String {
    let AmendmentRow { order_id, proposed_by, proposed_at, reason, .. } = row;
    let replay = match row.replay.as_deref() {
        None => String::new(),
        Some(letters) => format!("\nthen its dead letters are replayed: {letters}"),
    };
    let changes = lines(&changes_of(row));
    format!(
        "order {order_id}:\n{changes}\nproposed by {proposed_by} at {proposed_at}, because: {reason}{replay}"
    )
}

/// What was done.
pub(super) fn text(result: &AmendResult) -> String {
    let amended = &result.amended;
    let number = amended.amendment.map_or_else(String::new, |id| format!(" (amendment {id})"));
    let what = match amended.state {
        AmendmentState::Applied if amended.changes.is_empty() => "nothing to amend".to_owned(),
        AmendmentState::Applied => format!("amended{number}"),
        AmendmentState::Withdrawn => format!("not amended: the proposal is withdrawn{number}"),
        AmendmentState::Proposed => format!(
            "proposed{number}: another person confirms it with `ops order amend --confirm {}`",
            amended.amendment.unwrap_or_default()
        ),
    };
    let mut text = format!("order {}: {what}\n{}", amended.order, lines(&amended.changes));
    if let Some(replay) = &result.replay {
        text.push_str(&format!("\n\n{}", replay_text(replay)));
    }
    text
}
