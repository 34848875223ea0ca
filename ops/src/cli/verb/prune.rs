//! `ops prune`

use std::time::Duration;

use clap::Args;
use config::{LONGEST_RETENTION, SHORTEST_RETENTION};
use order::OperatorAction;
use serde_json::json;
use service::duration;
use store::BeijingTime;
use store::prune::old_before;

use crate::cli::context::Context;
use crate::cli::table::list;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::prune::{Pruned, prune};
use crate::plural::count;

/// Remove old rows of the tables that only grow
///
/// Old are rows that were last seen before --older-than: rows of the inbox, published events, answers of the
/// gateway, ended expiries, counts of redeliveries. Orders, trades, refunds, goods, codes, reviews, decisions and
/// what operators did are never removed. What belongs to an order that is open, in review, waits for goods or has
/// a dead letter stays, too, and so does a rejected payment until its money is back. `ops order show` says from
/// when on rows may be missing.
///
/// It removes at most a thousand rows in one transaction, while workers run. Ctrl-C ends it after the transaction
/// that is under way; run it again to go on. Two at a time do no harm. Where retention.sweep is true, a worker does
/// the same once a day.
///
/// Exits with 0 if it came to the end, 3 if it was interrupted or the database did not answer.
///
/// Example: ops prune --dry-run
/// Example: ops prune --older-than 365d --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PruneArgs {
    /// The age, 40d to 3660d; default: retention.older_than of the configuration, 180d
    #[arg(long, value_parser = parse_age, value_name = "AGE")]
    older_than: Option<Duration>,
    /// Only count what would be removed
    #[arg(long)]
    dry_run: bool,
    /// The pause after each step that removed rows
    #[arg(long, default_value = "100ms", value_parser = duration::parse, value_name = "TIME")]
    pause: Duration,
}

impl PruneArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let older_than = self.older_than.unwrap_or(context.config.retention.older_than);
        let mut connection = context.database()?;
        let before = old_before(&mut connection, older_than)?;
        let rows = format!("rows from before {}", BeijingTime(before));
        let act = Act::new(Actor::of_verb(None), OperatorAction::PruneRows, rows);
        let pruned = context.recorded_unless(self.dry_run, &act, |change| {
            let pruning = prune(&mut connection, before, self.dry_run, self.pause);
            let pruned = context.block_on(pruning)?;
            change.to(json!({ "rows": pruned.rows() }));
            change.ended(&check(&pruned));
            Ok(pruned)
        })?;
        context.output.print(&pruned, || text(&pruned))?;
        check(&pruned)
    }
}

fn check(pruned: &Pruned) -> Result<(), Failure> {
    match pruned.interrupted {
        true => Err(Failure::CouldNotAsk("interrupted: run it again to go on".to_owned())),
        false => Ok(()),
    }
}

fn text(pruned: &Pruned) -> String {
    let rows = pruned.rows();
    let table = list(&pruned.tables)
        .column("table", |table| table.table)
        .column("rows", |table| table.rows)
        .optional("oldest", |table| table.oldest)
        .text();
    let what = if pruned.dry_run { "would be removed" } else { "removed" };
    format!("{table}\n\n{} from before {} {what}", count(rows, "row"), pruned.before)
}

fn parse_age(text: &str) -> Result<Duration, String> {
    let age = duration::parse_up_to(LONGEST_RETENTION, text).map_err(|error| error.to_string())?;
    if age < SHORTEST_RETENTION {
        return Err(
            "at least 40d: up to that age a message proves when it was received, and after it the inbox has to"
                .to_owned(),
        );
    }
    Ok(age)
}
