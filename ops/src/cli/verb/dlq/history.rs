//! `ops dlq history`

use clap::Args;
use store::dead_letter::history::list;

use crate::cli::context::Context;
use crate::cli::table;
use crate::cli::terminal::short_id;
use crate::failure::Failure;

/// List what operators did with dead letters, the latest first
///
/// Example: ops dlq history --limit 20
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct LetterHistoryArgs {
    /// Only this letter (its whole id)
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
            table::list(&rows)
                .column("done at", |row| row.done_at)
                .column("action", |row| &row.action)
                .column("by", |row| &row.done_by)
                .optional("order", |row| row.order_id.as_ref())
                .column("id", |row| short_id(&row.message_id))
                .optional("note", |row| row.note.as_ref())
                .text()
        })
    }
}
