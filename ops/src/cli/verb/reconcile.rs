//! `ops reconcile`

mod text;

use chrono::{DateTime, Utc};
use clap::Args;
use store::user_order::OrderSpan;

use crate::cli::context::Context;
use crate::cli::time_args::parse_moment;
use crate::failure::Failure;
use crate::operations::reconcile::run::Reconciliation;

/// Ask Alipay's gateway about all orders of a span, and send what is new to the workers
///
/// Asks about the orders that were placed in the span and of which more is expected (--all: about every
/// one), a few at a time and not faster than --rate, and compares each answer with what we hold. An answer
/// that says something new is published like a notification; running it again changes nothing. Prints the
/// orders that differ. Under traffic a notification can come between the gateway's answer and the look at our row, so an
/// order that would be an alarm is asked about once more at the end, and only that answer counts. Ctrl-C ends it early and says how far it came: what was published stays published.
///
/// Ends with 0 when nothing differs or everything new was published, 1 when orders differ (with --dry-run,
/// or when an answer does not agree with its order), 2 when no merchant can be asked, 3 when not all could
/// be asked.
///
/// Example: ops reconcile --since 24h
/// Example: ops reconcile --since 2026-11-20 --until 2026-11-21 --all --dry-run --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ReconcileArgs {
    /// Orders placed since: 24h, 7d ago, or a Beijing time
    #[arg(long, value_parser = parse_moment, value_name = "WHEN")]
    since: DateTime<Utc>,
    /// And before; now, where it is not given
    #[arg(long, value_parser = parse_moment, value_name = "WHEN")]
    until: Option<DateTime<Utc>>,
    /// Only this merchant's
    #[arg(long, value_name = "NAME")]
    merchant: Option<String>,
    /// Also orders of which nothing more is expected
    #[arg(long)]
    all: bool,
    /// Only compare: publish nothing
    #[arg(long)]
    dry_run: bool,
    /// The most questions in a second
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
        let report =
            context.block_on(Reconciliation::new(context, span, self.dry_run, self.rate)?.run())?;
        context.output.print(&report, || text::text(&report))?;
        text::end(&report)
    }
}
