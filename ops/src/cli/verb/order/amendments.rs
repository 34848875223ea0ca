//! `ops order amendments`

use clap::Args;
use serde::Serialize;
use store::amendment::{self, AmendmentRow};

use crate::cli::context::Context;
use crate::cli::table::list;
use crate::failure::Failure;
use crate::operations::order::amend::terms::{TermChange, changes_of};
use crate::operations::order::parse_id;

/// List what was amended, the latest first
///
/// Example: ops order amendments --open
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct AmendmentsArgs {
    /// Only those of this order
    #[arg(value_parser = parse_id)]
    order: Option<String>,
    /// Only those that wait for a second person
    #[arg(long, conflicts_with = "order")]
    open: bool,
    /// The most to list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
}

#[derive(Serialize)]
struct ListedAmendment {
    #[serde(flatten)]
    row: AmendmentRow,
    changes: Vec<TermChange>,
}

impl AmendmentsArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut connection = context.database()?;
        let rows = match &self.order {
            Some(order) => {
                let mut rows = amendment::of_order(&mut connection, order)?;
                rows.reverse();
                rows
            }
            None => amendment::list(&mut connection, self.open, self.limit)?,
        };
        let listed = rows.into_iter().map(|row| ListedAmendment { changes: changes_of(&row), row });
        let listed: Vec<ListedAmendment> = listed.collect();
        context.output.print(&listed, || {
            list(&listed)
                .column("id", |it| it.row.id)
                .column("order", |it| &it.row.order_id)
                .column("state", |it| it.row.state.as_str())
                .column("change", change_text)
                .column("reason", |it| &it.row.reason)
                .column("by", |it| &it.row.proposed_by)
                .column("at", |it| it.row.proposed_at)
                .optional("decided by", |it| it.row.decided_by.as_ref())
                .text()
        })
    }
}

fn change_text(it: &ListedAmendment) -> String {
    it.changes.iter().map(TermChange::text).collect::<Vec<_>>().join(", ")
}
