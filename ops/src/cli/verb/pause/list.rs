//! `ops pause list`

use clap::Args;

use crate::cli::context::Context;
use crate::cli::table::list;
use crate::failure::Failure;
use crate::operations::pause;

/// List the pauses, the latest first, with what waits for them
///
/// Messages of a pause of everything stay in the queue: `ops status` counts them.
///
/// Example: ops pause list --active --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PauseListArgs {
    /// Only those that are not over
    #[arg(long)]
    active: bool,
    /// The most to list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
}

impl PauseListArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut connection = context.database()?;
        let pauses = match self.active {
            true => pause::active(&mut connection)?,
            false => pause::list(&mut connection, self.limit)?,
        };
        context.output.print(&pauses, || {
            list(&pauses)
                .column("id", |it| it.row.id)
                .column("what", |it| it.row.what())
                .column("state", |it| it.state.as_str())
                .column("since", |it| it.row.begun_at)
                .column("until", |it| it.row.ended_at.unwrap_or(it.row.ends_at))
                .column("waiting", |it| it.messages)
                .column("by", |it| &it.row.begun_by)
                .column("reason", |it| &it.row.reason)
                .optional("resumed by", |it| it.row.ended_by.as_ref())
                .text()
        })
    }
}
