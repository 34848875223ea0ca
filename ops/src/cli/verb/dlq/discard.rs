//! `ops dlq discard`

use clap::Args;
use order::OperatorAction;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::operator::{Operator, why};
use crate::failure::Failure;
use crate::operations::action_record::Actor;
use crate::operations::dead_letter::discard::{
    DiscardNote, DiscardResult, ToDiscard, discard_selected,
};
use crate::operations::letter_acts::act_on;

/// Remove dead letters, and record the reason
///
/// Who, when, why and the whole letter are written into the table dead_letter_audit before the letter is removed.
/// All copies of a message are removed together.
///
/// --settled discards all letters that need no action (the column "settled" of `ops dlq list` says why), and checks
/// each one again first; --merchant limits it to one merchant.
///
/// Example: ops dlq discard MESSAGE_ID --reason "test order of 2026-11-20" --by ann
/// Example: ops dlq discard --settled --reason "the outage of 2026-11-20 is over" --by ann
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct DiscardArgs {
    /// Their ids, as `ops dlq list` prints them; the first 12 characters are enough
    #[arg(value_name = "MESSAGE_ID", required_unless_present = "settled")]
    ids: Vec<String>,
    /// All letters that need no action
    #[arg(long, conflicts_with = "ids")]
    settled: bool,
    /// With --settled: only this merchant's
    #[arg(long, value_name = "NAME", requires = "settled")]
    merchant: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    operator: Operator,
}

impl DiscardArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let why = why(&self.reason)?;
        let note = DiscardNote { by: self.operator.name()?, why: Some(why) };
        let selected = match self.settled {
            true => ToDiscard::Settled { merchant: self.merchant.as_deref() },
            false => ToDiscard::Ids(self.ids.into_iter().collect()),
        };
        let subject = match &selected {
            ToDiscard::Settled { merchant } => {
                format!("settled {}", merchant.unwrap_or_default()).trim_end().to_owned()
            }
            ToDiscard::Ids(ids) => ids.iter().cloned().collect::<Vec<_>>().join(" "),
        };
        let by = Actor::of_verb(Some(note.by));
        let act = act_on(by, OperatorAction::DiscardLetters, subject, note.why);
        let result = context.recorded(&act, |change| {
            let result = discard_selected(context, &selected, note)?;
            change.to(json!({ "discarded": result.discarded }));
            change.ended(&result.ended);
            Ok(result)
        })?;
        context.output.print(&result, || text(&result))?;
        result.ended
    }
}

fn text(result: &DiscardResult) -> String {
    let mut lines = vec![format!("discarded {}", result.discarded)];
    lines.extend(result.settled.iter().map(|(why, count)| format!("{count}: {}", why.words())));
    lines.extend(result.copies.iter().map(|(id, copies)| format!("{id}: all {copies} copies")));
    lines.join("\n")
}
