//! `ops dlq note`

use clap::Args;
use order::OperatorAction;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::failure::Failure;
use crate::operations::action_record::Actor;
use crate::operations::dead_letter::note::{NoteOn, add_note};
use crate::operations::letter_acts::act_on;

/// Write a note on a dead letter, or on its group
///
/// `ops dlq show`, the groups of `ops dlq list --group` and the console show it. A note on a group is on all letters with
/// the same reason and the same kind of error, also on those that die later.
///
/// Example: ops dlq note MESSAGE_ID "asked the shop on Friday" --by ann
/// Example: ops dlq note MESSAGE_ID --group "known: the shop's trigger" --by ann
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct NoteArgs {
    /// The letter, as `ops dlq list` prints it; the first 12 characters are enough
    #[arg(value_name = "MESSAGE_ID")]
    id: String,
    /// What to write
    #[arg(value_name = "TEXT")]
    text: String,
    /// On all letters with its cause
    #[arg(long)]
    group: bool,
    #[command(flatten)]
    operator: Operator,
}

impl NoteArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let text = self.text.trim();
        if text.is_empty() {
            return Err(Failure::Usage("an empty note".to_owned()));
        }
        let by = self.operator.name()?;
        let on = if self.group { NoteOn::Group } else { NoteOn::Letter };
        let actor = Actor::of_verb(Some(by));
        let act = act_on(actor, OperatorAction::NoteLetters, &self.id, Some(text));
        let added = context.recorded(&act, |change| {
            let added = add_note(&mut *context.database()?, &self.id, on, text, by)?;
            change.to(json!({ "group": added.group }));
            Ok(added)
        })?;
        context.output.print(&added, || "the note is written".to_owned())
    }
}
