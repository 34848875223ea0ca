//! `ops actions`

use clap::Args;
use order::OperatorAction;
use store::operator_action::{self, ActionFilter, ActionRow};

use crate::cli::closed_set::words_of;
use crate::cli::context::Context;
use crate::cli::table::list;
use crate::failure::Failure;
use crate::operations::action_record::change_text;
use crate::operations::beijing_day::BeijingDay;

/// List what operators did, the latest first
///
/// Every act that changes something is recorded, of these verbs and of the console: who, when, what, why, what it changed
/// and whether it was done; logins, too. "begun" is an act that goes on, or whose program ended before it could say. The
/// history of single dead letters is `ops dlq history`.
///
/// Example: ops actions --action replay_letters --day 2026-11-29
/// Example: ops actions --by wang --subject A-1001 --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ActionsArgs {
    /// Only those of this person
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Only this action
    #[arg(long, value_parser = words_of::<OperatorAction>())]
    action: Option<OperatorAction>,
    /// Only those on what has this number or name: an order, a letter, a review, a product
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// Only those of this day in Beijing time, such as 2026-11-29
    #[arg(long, value_name = "DATE")]
    day: Option<BeijingDay>,
    /// Only those before the one with this number: what comes behind the last one listed
    #[arg(long, value_name = "ID")]
    older_than: Option<i64>,
    /// The most to list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
}

impl ActionsArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let filter = ActionFilter {
            by: self.by.as_deref(),
            action: self.action,
            subject: self.subject.as_deref(),
            since: self.day.map(BeijingDay::begin),
            until: self.day.map(BeijingDay::end),
            older_than: self.older_than,
        };
        let rows = operator_action::list(&mut *context.database()?, &filter, self.limit)?;
        context.output.print(&rows, || {
            list(&rows)
                .column("id", |row| row.id)
                .column("at", |row| row.done_at)
                .column("by", |row| &row.done_by)
                .column("in", |row| &row.source)
                .column("action", |row| &row.action)
                .column("on", subject)
                .optional("change", change_text)
                .optional("reason", |row| row.reason.as_ref())
                .column("result", |row| &row.result)
                .optional("error", |row| row.error.as_ref())
                .spare(&["in", "id", "error", "change"])
                .text()
        })
    }
}

fn subject(row: &ActionRow) -> String {
    format!("{} {}", row.subject_kind, row.subject)
}
