//! `ops dlq sync`

use clap::Args;
use order::OperatorAction;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::action_record::Actor;
use crate::operations::dead_letter::sync::{SyncReport, sync};
use crate::operations::letter_acts::act_on;
use crate::plural::count;

/// Compare the rows of the dead letters with the queue, and correct the rows
///
/// Lists, searches and dry runs read a row for every dead letter (table dead_letter), which workers and `ops` write. The
/// queue stays the truth: letters of an older version, or that another tool has put in or taken out, are found by this.
/// It reads the queue once and leaves all letters where they are. `ops dlq list` says when the two numbers differ.
///
/// Exits with 3 if another program holds letters, so that not all could be seen.
///
/// Example: ops dlq sync
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SyncArgs {}

impl SyncArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let act = act_on(Actor::of_verb(None), OperatorAction::SyncLetters, "all", None);
        let report = context.recorded(&act, |change| {
            let report = sync(context)?;
            change.to(report.corrected);
            change.ended(&report.ended);
            Ok(report)
        })?;
        context.output.print(&report, || text(&report))?;
        report.ended
    }
}

fn text(report: &SyncReport) -> String {
    let corrected = &report.corrected;
    format!(
        "read {} of {}; rows corrected: {} not known before, {} with another number of copies, {} whose letter is gone",
        report.looked_at,
        count(report.there as usize, "letter"),
        corrected.found,
        corrected.recounted,
        corrected.gone
    )
}
