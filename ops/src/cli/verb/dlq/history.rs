//! `ops dlq history`

use clap::Args;
use store::dead_letter::history::list;

use crate::cli::context::Context;
use crate::cli::output::{or_empty, table};
use crate::cli::terminal::short_id;
use crate::failure::Failure;

/// List what operators did with dead letters, the latest first
///
/// Example: ops dlq history --limit 20
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct LetterHistoryArgs {
    /// Only of this letter (its whole id)
    #[arg(value_name = "MESSAGE_ID")]
    id: Option<String>,
    /// The most to list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
}

impl LetterHistoryArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let rows = list(&mut *context.database()?, self.id.as_deref(), self.limit)?;
        context.output.print(&rows, || {
            table(
                ["done at", "action", "by", "order", "id", "note"],
                rows.iter().map(|row| {
                    [
                        row.done_at.to_string(),
                        row.action.clone(),
                        row.done_by.clone(),
                        or_empty(row.order_id.as_ref()),
                        short_id(&row.message_id),
                        or_empty(row.note.as_ref()),
                    ]
                }),
            )
        })
    }
}
