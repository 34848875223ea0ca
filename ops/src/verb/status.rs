//! `ops status`

mod text;

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use clap::Args;
use service::unseen;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::Output;
use crate::overview::Overview;
use crate::overview::broker::BrokerLook;

/// The whole system on one screen
///
/// Orders by status, queues, dead letters by reason, what waits (events, stock, deliveries by hand, reviews,
/// questions to the gateway), products with little stock, and how far workers are behind: how long the message
/// that was worked on last had been waiting. With --watch again and again, with rates between two looks.
///
/// Prints what it could ask; when the database or the broker does not answer, it ends with 3.
///
/// Example: ops status --output json
/// Example: ops status --watch 5
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Status {
    /// Look again every so many seconds, until Ctrl-C
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    watch: Option<u64>,
    /// With --watch: end after so many looks
    #[arg(long, requires = "watch", value_parser = clap::value_parser!(u32).range(1..))]
    looks: Option<u32>,
}

impl Status {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let Some(seconds) = self.watch else {
            let (overview, failure) = look(context, None);
            context.output.print(&overview, || overview.text())?;
            return failure.map_or(Ok(()), Err);
        };
        let every = Duration::from_secs(seconds);
        let mut before: Option<Overview> = None;
        let mut looks = 0;
        loop {
            let began = Instant::now();
            let (overview, failure) = look(context, before.as_ref());
            show(context, &overview, failure.as_ref(), every)?;
            looks += 1;
            if self.looks.is_some_and(|most| looks >= most) {
                return failure.map_or(Ok(()), Err);
            }
            before = Some(overview);
            std::thread::sleep(every.saturating_sub(began.elapsed()));
        }
    }
}

/// One look at everything; what could not be asked is missing, and the reason is the failure.
fn look(context: &Context, before: Option<&Overview>) -> (Overview, Option<Failure>) {
    let mut overview = Overview::now();
    let database =
        context.database().and_then(|mut it| overview.ask_database(&mut it, &context.config));
    let known = before.and_then(|before| before.dead_letters_by_reason.as_ref());
    let counted = before.and_then(|before| before.dead_letters);
    let events = context.config.events.enabled;
    let broker = context.block_on(async {
        let management = context.management()?;
        let known = counted.zip(known);
        BrokerLook::take(&context.broker()?, management.as_ref(), events, known).await
    });
    let broker = broker.map(|look| overview.see(look));
    if let Some(before) = before {
        overview.count_rates(before);
    }
    let failure = match (database, broker) {
        (Ok(()), Ok(())) => None,
        (Err(failure), Ok(())) | (Ok(()), Err(failure)) => Some(failure),
        (Err(database), Err(broker)) => Some(Failure::CouldNotAsk(format!("{database}\n{broker}"))),
    };
    (overview, failure)
}

/// One look of many: on a terminal it replaces the one before, as JSON it is one line.
fn show(
    context: &Context,
    overview: &Overview,
    failure: Option<&Failure>,
    every: Duration,
) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    let page = match context.output {
        Output::Json => {
            let json = serde_json::to_string(overview)
                .map_err(|error| Failure::No(format!("the result is no JSON: {error}")))?;
            unseen::escaped_json(&json).into_owned()
        }
        Output::Table => {
            let clear = if stdout.is_terminal() { "\u{1b}[H\u{1b}[2J" } else { "" };
            let failed = failure.map(|failure| format!("\n\n{failure}")).unwrap_or_default();
            let seconds = every.as_secs();
            let text = format!(
                "{}  (every {seconds} s, Ctrl-C ends)\n\n{}{failed}\n",
                overview.at,
                overview.text()
            );
            format!("{clear}{}", unseen::escaped_lines(&text))
        }
    };
    writeln!(stdout, "{page}")
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::CouldNotAsk(format!("stdout: {error}")))
}
