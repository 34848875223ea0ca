//! `ops review list`

use clap::Args;
use serde::Serialize;
use store::review::{self, ReviewFilter, ReviewRow};

use crate::cli::context::Context;
use crate::cli::table::list;
use crate::failure::Failure;
use crate::operations::review_case::{evidence, meaning, possible};

/// List open reviews, oldest first
///
/// Example: ops review list --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ReviewListArgs {
    /// Also reviews that were decided or have settled by themselves
    #[arg(long)]
    all: bool,
    /// The most to list
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
}

#[derive(Serialize)]
struct ReviewLine {
    #[serde(flatten)]
    row: ReviewRow,
    /// What can be decided.
    possible: Vec<&'static str>,
}

impl ReviewListArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let filter = if self.all { ReviewFilter::All } else { ReviewFilter::Open };
        let rows = review::list(&mut *context.database()?, filter, self.limit)?;
        let lines: Vec<ReviewLine> =
            rows.into_iter().map(|row| ReviewLine { possible: possible(&row), row }).collect();
        context.output.print(&lines, || {
            list(&lines)
                .column("id", |line| line.row.id)
                .column("order", |line| &line.row.order_id)
                .column("state", |line| &line.row.state)
                .column("raised at", |line| line.row.raised_at)
                .column("reason", |line| &line.row.reason)
                .column("evidence", |line| evidence(&line.row))
                .column("possible", |line| line.possible.join(" "))
                .column("meaning", |line| meaning(&line.row))
                .text()
        })
    }
}
