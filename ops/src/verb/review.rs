//! `ops review`

use clap::{Args, Subcommand};
use store::report::{ReviewFilter, ReviewRow, reviews};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;

/// What needs a person
#[derive(Args)]
pub(crate) struct Review {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List open reviews, oldest first
    ///
    /// Example: ops review list --output json
    #[command(verbatim_doc_comment)]
    List {
        /// Also those that were decided or that later notifications settled
        #[arg(long)]
        all: bool,
        /// The most to list
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
    },
}

impl Review {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let Verb::List { all, limit } = self.verb;
        let filter = if all { ReviewFilter::All } else { ReviewFilter::Open };
        let rows = reviews(&mut *context.database()?, filter, limit)?;
        context.output.print(&rows, || {
            table(
                ["id", "order", "state", "raised at", "reason", "evidence", "meaning"],
                rows.iter().map(|row| {
                    [
                        row.id.to_string(),
                        row.order_id.clone(),
                        row.state.clone(),
                        row.raised_at.to_string(),
                        row.reason.clone(),
                        row.evidence.clone(),
                        meaning(row).to_owned(),
                    ]
                }),
            )
        })
    }
}

/// What the reason means, in a sentence.
pub(crate) fn meaning(row: &ReviewRow) -> &'static str {
    let known = order::review::REASONS.iter().find(|(reason, _)| *reason == row.reason);
    known.map_or("", |(_, meaning)| meaning)
}
