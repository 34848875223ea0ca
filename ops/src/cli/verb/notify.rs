//! `ops notify`

use std::io::Write as _;
use std::time::Duration;

use chrono::Utc;
use clap::Args;
use tracing::warn;

use crate::cli::context::Context;
use crate::cli::output::plain;
use crate::cli::table::table;
use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::notify::{Delivery, LookReport, Notifier};
use crate::text::or_empty;

/// How long the database may take to answer one statement.
const DATABASE_TIME: Duration = Duration::from_secs(20);

/// Tell people of alarms: DingTalk, Feishu, WeCom, Server酱, mail, or a webhook
///
/// Every minute it finds out what `ops status` finds out, and tells the channels of the configuration,
/// [notify.channels.NAME], what is wrong: one message for each cause when it has been there for notify.open_after, a reminder
/// every notify.remind_after, one when it becomes more urgent, and one when it has been gone for notify.clear_after. A dead
/// letter with a new reason and another product that runs out are new causes. In quiet hours only what is urgent is told, and
/// the rest when they end. Each message says what was seen and what to do, with a link to console.public_url. No buyer's data
/// and no code is in it.
///
/// What was told is in the database, so a restart tells nothing twice, and several of these programs tell everything once.
/// After a crash a message may come twice. While the database is away that is told, too; each program then tells by itself.
///
/// Prints `notify ready channels=N` and runs until Ctrl-C or SIGTERM. With --once it looks once and ends, for cron: with 0,
/// or with 3 if a channel did not take a message (it is tried again at a later look).
///
/// Example: ops notify --test-message
/// Example: ops notify --once
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct NotifyArgs {
    /// Look once, send what is due, and end
    #[arg(long)]
    once: bool,
    /// Print what would be told now if nothing had been told before; send nothing and write nothing
    #[arg(long, conflicts_with_all = ["once", "test_message"])]
    dry_run: bool,
    /// Send a test message to each channel, and end
    #[arg(long, conflicts_with = "once")]
    test_message: bool,
}

impl NotifyArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        // A database that hangs must be told of, too.
        let access = Access::new(context.config.clone()).with_database_timeout(DATABASE_TIME);
        let mut notifier = Notifier::new(&access)?;
        if self.test_message {
            let sent = context.block_on(async { Ok(notifier.test(Utc::now()).await) })?;
            context.output.print(&sent, || deliveries(&sent))?;
            return check(&sent);
        }
        if self.dry_run {
            let report = context.block_on(notifier.rehearse(Utc::now()))?;
            return context.output.print(&report, || text(&report));
        }
        if self.once {
            let mut notifier = notifier.once();
            let report = context.block_on(notifier.look(Utc::now()))?;
            context.output.print(&report, || text(&report))?;
            return check(&report.sent);
        }
        context.block_on(until_stopped(context, notifier))
    }
}

async fn until_stopped(context: &Context, notifier: Notifier<'_>) -> Result<(), Failure> {
    let settings = &context.config.notify;
    let shutdown = service::shutdown::on_signals();
    let mut notifier = notifier.until(shutdown.clone());
    let mut stdout = std::io::stdout();
    writeln!(stdout, "notify ready channels={}", settings.channels.len())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::CouldNotAsk(format!("stdout: {error}")))?;
    let mut every = tokio::time::interval(settings.every);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            _ = every.tick() => {}
        }
        match notifier.look(Utc::now()).await {
            Ok(_) => {}
            // It will not become right by itself: whoever started this program has to know.
            Err(usage @ Failure::Usage(_)) => return Err(usage),
            Err(failure) => warn!("nothing was told: {failure}"),
        }
    }
}

fn check(sent: &[Delivery]) -> Result<(), Failure> {
    let failed = sent.iter().filter_map(|it| Some((&it.channel, it.error.as_ref()?)));
    let failed: Vec<String> =
        failed.map(|(name, error)| format!("channel {name}: {error}")).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::CouldNotAsk(failed.join("\n"))) }
}

fn text(report: &LookReport) -> String {
    let rows = report.causes.iter().map(|cause| {
        [
            or_empty(cause.told),
            cause.urgency.to_string(),
            plain(&cause.cause),
            cause.since.to_string(),
            plain(&cause.seen),
        ]
    });
    let causes = match report.causes.is_empty() {
        true => "nothing to tell".to_owned(),
        false => table(["told", "urgency", "cause", "since", "seen"], rows),
    };
    match report.sent.is_empty() {
        true => causes,
        false => format!("{causes}\n\n{}", deliveries(&report.sent)),
    }
}

fn deliveries(sent: &[Delivery]) -> String {
    let rows = sent.iter().map(|it| {
        let result = it.error.as_deref().map_or_else(|| "taken".to_owned(), plain);
        [it.channel.clone(), it.alarms.to_string(), result]
    });
    table(["channel", "alarms", "result"], rows)
}
