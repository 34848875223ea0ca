//! `ops status`

mod findings;
mod screen;
mod terminal_mode;
mod text;
mod watch;

use clap::Args;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::overview::Overview;
use crate::operations::overview::broker::KnownBroker;

/// Show whether all is well, and the whole system on one screen
///
/// The first line says "all is well", or how many things are wrong. Then follow the findings, the most urgent first. Each has
/// an urgency (NOW: processing has stopped or will stop soon; soon: an order or money waits; to do: everyday work), a code, the
/// observation, and what to do. Each code is a heading in docs/troubleshooting.md. Below are the figures: orders by status,
/// queues, dead letters by reason, what waits, products with low stock, and how far workers are behind.
///
/// Checks the broker (alarms, blocked connections, exchanges, queues and bindings), the ingress if ingress.admin_listen is set
/// (ready, signatures refused), the database (read-only?), the clocks of database, workers and messages, workers, retries, dead
/// letters, events, orders that are paid and not delivered, reviews, merchants that are not configured, and certificates.
/// Changes nothing. Without amqp.management_url, bindings are only checked while a worker consumes and no message waits, and
/// messages that workers hold are counted from the workers' own reports.
///
/// Exits with 0 if all is well (also with things to do), 1 if something is wrong, 3 if the database or the broker did not
/// answer; the rest is still reported. Reviews and deliveries by hand are things to do; they count as wrong when they
/// are old (3 days, 1 day).
///
/// With --watch it repeats this, with rates since the last time; on a terminal in place, until q or Ctrl-C.
///
/// Example: ops status --output json
/// Example: ops status --watch 5
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct StatusArgs {
    /// Repeat every so many seconds (2 when no number is given), until q or Ctrl-C
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    watch: Option<u64>,
    /// With --watch: end after so many times
    #[arg(long, requires = "watch", value_parser = clap::value_parser!(u32).range(1..))]
    looks: Option<u32>,
}

impl StatusArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        if let Some(seconds) = self.watch {
            return watch::watch(context, seconds, self.looks);
        }
        let mut known = KnownBroker::default();
        let overview = context.block_on(Overview::look(context, &mut known, None))?;
        context.output.print(&overview, || overview.text())?;
        overview.check()
    }
}
