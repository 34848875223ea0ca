//! `simulator storm`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use alipay::{Fen, Protocol};
use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use simulator::{
    Mix, RepeatSchedule, StormFaults, StormProgress, StormSummary, TradeFile, TradeStore,
};

use super::target::TargetArguments;
use super::{DeliveryEnding, Output};

/// No repeat of a storm comes later than this after the attempt before.
const LONGEST_GAP: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(super) struct StormArguments {
    #[command(flatten)]
    target: TargetArguments,
    /// Prefix of the order numbers; a number from 000001 follows.
    #[arg(long, value_name = "P", required_unless_present = "orders_from")]
    prefix: Option<String>,
    /// A file with one order number in each line.
    #[arg(long, value_name = "FILE", conflicts_with = "prefix")]
    orders_from: Option<PathBuf>,
    /// The number of orders [default: 1000, or all of --orders-from].
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// The total of each order, in yuan.
    #[arg(long, value_name = "YUAN", value_parser = super::yuan, default_value = "10.00")]
    total: Fen,
    /// Notifications a second; 0 means as fast as the connections allow.
    #[arg(long, value_name = "N", default_value_t = 100)]
    rate: u32,
    /// The most requests at the same time.
    #[arg(long, value_name = "C", default_value = "64",
          value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// What is done with every order.
    #[arg(long, value_name = "pay|pay+refund", default_value = "pay")]
    mix: Mix,
    #[command(flatten)]
    faults: StormFaults,
    /// Divide Alipay's intervals between repeats by this factor; the longest is one second.
    #[arg(long, value_name = "FACTOR", default_value = "2400",
          value_parser = clap::value_parser!(u32).range(1..))]
    compress: u32,
    /// Repeat until the answer is success, at most for so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    give_up_after: u64,
    /// How long to wait for an answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    timeout: u64,
    /// Keep the trades in this file, so that a `simulator serve` can be queried about them.
    #[arg(long, value_name = "FILE")]
    trades: Option<PathBuf>,
    /// Write a JSON line for every notification: order, notify_id, kind, sent_at, attempts,
    /// answered_success_at (null when given up), fault (for duplicates and forged ones).
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Format of the results.
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

impl StormArguments {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<DeliveryEnding> {
        let orders = self.orders()?;
        let ledger = self.ledger.as_deref().map(create).transpose()?;
        let output = self.output;
        let target = self.target.resolve(config)?;
        let to = target.to()?.clone();
        if self.faults.gbk > 0 && target.merchant.protocol == Protocol::Mapi {
            bail!("--gbk is for openapi; a mapi merchant's charset is in the configuration");
        }
        let storm = simulator::Storm {
            merchant: target.merchant,
            signer: target.signer,
            to,
            orders,
            total: self.total,
            mix: self.mix,
            rate: self.rate,
            connections: self.connections.into(),
            faults: self.faults,
            schedule: RepeatSchedule::alipay(self.compress)
                .endless(LONGEST_GAP)
                .give_up_after(Duration::from_secs(self.give_up_after)),
            timeout: Duration::from_secs(self.timeout),
            trade_store: self
                .trades
                .map(|file| (target.name, TradeStore::of_file(TradeFile::new(file)))),
        };
        let bar = progress_bar(storm.notifications());
        let cancelled = service::shutdown::on_signals();
        let summary = storm.run(ledger, &cancelled, |progress| show(&bar, progress)).await?;
        bar.finish_and_clear();
        print(&summary, output)?;
        Ok(match () {
            () if summary.is_success() => DeliveryEnding::Success,
            () if summary.is_unreachable() => DeliveryEnding::NotConnected,
            () => DeliveryEnding::NotSuccess,
        })
    }

    fn orders(&self) -> anyhow::Result<Vec<String>> {
        let orders: Vec<String> = match &self.orders_from {
            Some(file) => {
                let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
                let lines = text.lines().filter(|line| !line.is_empty()).map(str::to_owned);
                lines.take(self.count.unwrap_or(usize::MAX)).collect()
            }
            None => {
                let prefix = self.prefix.as_deref().unwrap_or_default();
                let numbers = 1..=self.count.unwrap_or(1000);
                numbers.map(|number| format!("{prefix}{number:06}")).collect()
            }
        };
        if orders.is_empty() {
            bail!("there are no orders");
        }
        Ok(orders)
    }
}

fn create(file: &Path) -> anyhow::Result<Box<dyn Write + Send>> {
    let created = File::create(file).with_context(|| file.display().to_string())?;
    Ok(Box::new(created))
}

/// On stderr, and only where that is a terminal.
fn progress_bar(length: u64) -> ProgressBar {
    let template = "{msg} {wide_bar} {pos}/{len} {per_sec} {eta}";
    let style = ProgressStyle::with_template(template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}

fn show(bar: &ProgressBar, progress: StormProgress) {
    let (message, count) = match progress {
        StormProgress::Signed(count) => ("signing", count),
        StormProgress::Over(count) => ("sending", count),
    };
    if bar.message() != message {
        bar.set_message(message);
        bar.reset_eta();
    }
    bar.set_position(count);
}

fn print(summary: &StormSummary, output: Output) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if output == Output::Json {
        writeln!(out, "{}", serde_json::to_string_pretty(summary)?)?;
        return Ok(());
    }
    let answers = summary.answers.iter().map(|(answer, count)| format!("{answer}: {count}"));
    let answers = answers.collect::<Vec<_>>().join(", ");
    let latency = summary.latency_microseconds;
    for (name, value) in [
        ("notifications", summary.notifications.to_string()),
        ("duplicates", summary.duplicates.to_string()),
        ("forged", summary.corrupt.to_string()),
        ("wrong amount", summary.wrong_amount.to_string()),
        ("dropped", summary.dropped.to_string()),
        ("answered success", summary.answered_success.to_string()),
        ("given up", summary.given_up.to_string()),
        ("forged, success", summary.corrupt_answered_success.to_string()),
        ("attempts", format!("{} ({answers})", summary.attempts)),
        ("seconds", milli(summary.milliseconds)),
        ("success a second", summary.success_per_second.to_string()),
        ("latency p50", format!("{} ms", milli(latency.p50))),
        ("latency p90", format!("{} ms", milli(latency.p90))),
        ("latency p99", format!("{} ms", milli(latency.p99))),
        ("latency max", format!("{} ms", milli(latency.max))),
    ] {
        writeln!(out, "{name:<18}{value}")?;
    }
    if summary.cancelled {
        writeln!(out, "cancelled")?;
    }
    Ok(())
}

/// Thousandths with a decimal point.
fn milli(thousandths: u64) -> String {
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}
