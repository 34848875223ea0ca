//! `ops reconcile`

mod text;

use chrono::{DateTime, Utc};
use clap::Args;
use order::OperatorAction;
use serde_json::json;
use store::BeijingTime;
use store::user_order::OrderSpan;

use crate::cli::context::Context;
use crate::cli::time_args::parse_moment;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::reconcile::run::Reconciliation;

/// Query Alipay's gateway about all orders of a time span, and send what is new to the workers
///
/// Queries the orders that were placed in the span and are not finished (--all: every order), a few at a time
/// and at most --rate a second, and compares each answer with our data. An answer with something new is
/// published like a notification; running it again changes nothing. Prints the orders that differ. Under
/// traffic a notification can arrive between the gateway's answer and the reading of our row. So an order that
/// would be an alarm is queried again at the end, and only that answer counts. Ctrl-C ends it early and prints
/// how far it got; what was published stays published.
///
/// Exits with 0 if nothing differs or everything new was published, 1 if orders differ (with --dry-run, or if
/// an answer does not agree with its order), 2 if no merchant can be queried, 3 if some queries got no answer.
///
/// Example: ops reconcile --since 24h
/// Example: ops reconcile --since 2026-11-20 --until 2026-11-21 --all --dry-run --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ReconcileArgs {
    /// Orders placed since: 24h, 7d ago, or a Beijing time
    #[arg(long, value_parser = parse_moment, value_name = "WHEN")]
    since: DateTime<Utc>,
    /// Orders placed before; default: now
    #[arg(long, value_parser = parse_moment, value_name = "WHEN")]
    until: Option<DateTime<Utc>>,
    /// Only this merchant's
    #[arg(long, value_name = "NAME")]
    merchant: Option<String>,
    /// Also query finished orders
    #[arg(long)]
    all: bool,
    /// Only compare: publish nothing
    #[arg(long)]
    dry_run: bool,
    /// The most queries in a second
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rate: u32,
}

impl ReconcileArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let until = self.until.unwrap_or_else(Utc::now);
        if until <= self.since {
            return Err(Failure::Usage("--until is not after --since".to_owned()));
        }
        if let Some(name) = &self.merchant {
            context.merchant(name)?;
        }
        let span = OrderSpan {
            since: self.since,
            until,
            merchant: self.merchant.as_deref(),
            finished_too: self.all,
        };
        let orders = format!("placed from {} to {}", BeijingTime(self.since), BeijingTime(until));
        let act = Act::new(Actor::of_verb(None), OperatorAction::ReconcileOrders, orders);
        let report = context.recorded_unless(self.dry_run, &act, |change| {
            let reconciliation = Reconciliation::new(context, span, self.dry_run, self.rate)?;
            let report = context.block_on(reconciliation.run())?;
            change.to(json!({ "asked": report.asked, "published": report.published }));
            change.ended(&report.check());
            Ok(report)
        })?;
        context.output.print(&report, || text::text(&report))?;
        report.check()
    }
}
