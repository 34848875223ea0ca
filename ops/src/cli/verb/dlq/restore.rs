//! `ops dlq restore`

use std::collections::BTreeSet;

use clap::Args;
use order::OperatorAction;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::failure::Failure;
use crate::operations::action_record::Actor;
use crate::operations::dead_letter::restore::restore;
use crate::operations::letter_acts::act_on;

/// Undo the discarding of dead letters
///
/// Puts the letters into the queue again, as they were, and records who did it (`ops dlq history`). It works for letters
/// that were discarded by this version or a newer one: the table dead_letter has their bodies.
///
/// Exits with 1 if one of them is not a discarded letter.
///
/// Example: ops dlq restore MESSAGE_ID --note "not a test order after all" --by ann
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RestoreArgs {
    /// Their ids, as `ops dlq history --output json` prints them; the first 12 characters are enough
    #[arg(value_name = "MESSAGE_ID", required = true)]
    ids: Vec<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    operator: Operator,
}

impl RestoreArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let by = self.operator.name()?;
        let ids: BTreeSet<String> = self.ids.into_iter().collect();
        let note = self.note.as_deref();
        let mut database = context.database()?;
        let subject = ids.iter().cloned().collect::<Vec<_>>().join(" ");
        let act = act_on(Actor::of_verb(Some(by)), OperatorAction::RestoreLetters, subject, note);
        let result = context.recorded(&act, |change| {
            let result = context.block_on(async {
                restore(&context.broker()?, &mut database, &ids, by, note).await
            })?;
            change.to(json!({ "restored": result.restored }));
            change.ended(&result.ended);
            Ok(result)
        })?;
        context.output.print(&result, || format!("restored {}", result.restored))?;
        result.ended
    }
}
