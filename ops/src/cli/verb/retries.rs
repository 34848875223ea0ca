//! `ops retries`

use clap::Args;
use order::OperatorAction;
use serde_json::json;
use store::retry_copy;

use crate::cli::context::Context;
use crate::cli::table::list;
use crate::cli::terminal::short_id;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::plural::{count, verb};

group! {
    /// List messages that wait in a retry tier, and those that have not come back from one
    ///
    /// Workers record each message that they send into a retry tier, and delete the record when it is back. If a
    /// record stays, the broker holds the message back (a binding or a queue is missing: `ops topology plan`), or
    /// it waits in the work queue behind others, or it is gone (somebody purged the tier).
    ///
    /// Example: ops retries list
    RetriesArgs {
        List(RetryListArgs),
        Forget(RetryForgetArgs),
    }
}

/// List overdue messages, the oldest first; exit with 1 if there are any
///
/// With --all or --order also lists messages that are not due yet. That is normal, so it exits with 0.
///
/// Example: ops retries list --order A-1001
/// Example: ops retries list --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
struct RetryListArgs {
    /// All waiting messages, not only the overdue ones
    #[arg(long)]
    all: bool,
    /// All messages that wait for this order
    #[arg(long, value_name = "ORDER")]
    order: Option<String>,
    /// The most to list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
}

/// Delete the record of a message that will not come back, such as one of a purged tier
///
/// Only the record is deleted. Query Alipay about its order first: `ops query ORDER`.
///
/// Example: ops retries forget 96d9659f42984a70ad20dd1473db12b4766d8fbe9fbb58f483380275d20146be
#[derive(Args)]
#[command(verbatim_doc_comment)]
struct RetryForgetArgs {
    /// The message's id, as `ops retries list` prints it
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

impl RetryListArgs {
    fn run(self, context: &Context) -> Result<(), Failure> {
        let mut database = context.database()?;
        let all = self.all || self.order.is_some();
        let lines = match all {
            true => retry_copy::waiting(&mut database, self.order.as_deref(), self.limit)?,
            false => retry_copy::overdue(&mut database, self.limit)?,
        };
        context.output.print(&lines, || {
            if lines.is_empty() {
                return if all { "nothing waits" } else { "nothing is overdue" }.to_owned();
            }
            list(&lines)
                .column("id", |line| short_id(&line.message_id))
                .column("tier", |line| &line.tier)
                .column("due", |line| line.due_at)
                .optional("order", |line| line.order_id.as_ref())
                .column("merchant", |line| &line.merchant)
                .column("attempt", |line| line.attempt)
                .column("first seen", |line| line.first_seen)
                .spare(&["first seen", "merchant"])
                .text()
        })?;
        match lines.len() {
            0 => Ok(()),
            _ if all => Ok(()),
            overdue => {
                let is = verb(overdue, "is", "are");
                Err(Failure::Refused(format!("{} {is} overdue", count(overdue, "message"))))
            }
        }
    }
}

impl RetryForgetArgs {
    fn run(self, context: &Context) -> Result<(), Failure> {
        let act = Act::new(
            Actor::of_verb(None),
            OperatorAction::ForgetRetry,
            count(self.ids.len(), "message"),
        );
        let forgotten = context.recorded(&act, |change| {
            let mut database = context.database()?;
            let mut forgotten = 0;
            for id in &self.ids {
                forgotten += retry_copy::forget(&mut database, id)?;
            }
            change.to(json!({ "forgotten": forgotten, "ids": self.ids }));
            Ok(forgotten)
        })?;
        context.output.print(&forgotten, || format!("crossed out: {forgotten}"))?;
        match forgotten {
            0 => Err(Failure::Refused("no such message waits for a retry".to_owned())),
            _ => Ok(()),
        }
    }
}
