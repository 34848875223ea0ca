//! Sending the notifications of a verb, with the faults that were asked for.

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use alipay::{Charset, Fen};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde::Serialize;
use simulator::{
    Attempt, Delivery, Faults, NotificationKind, RepeatSchedule, Sender, SignedNotification,
    UnsignedNotification, Writing,
};

use super::order::StepResult;
use super::target::DeliveryTarget;
use super::{DeliveryEnding, Output};

/// The factor where only --give-up-after is given: the first repeat comes after a second.
const COMPRESS: u32 = 240;

#[derive(Debug, Args)]
pub(super) struct DeliveryArguments {
    /// Send each notification so many more times, immediately, with a new notify_time and sign.
    #[arg(long, value_name = "N", default_value_t = 0)]
    repeat: u32,
    /// Send nothing: the step is made, but its notifications are lost.
    #[arg(long)]
    drop: bool,
    /// Send each notification twice at the same time.
    #[arg(long)]
    duplicate: bool,
    /// Send the newest first: this step's notifications, then the earlier ones again.
    #[arg(long)]
    reorder: bool,
    /// Send an invalid signature.
    #[arg(long)]
    corrupt: bool,
    /// Send another total, in yuan.
    #[arg(long, value_name = "YUAN", value_parser = super::yuan)]
    wrong_amount: Option<Fen>,
    /// Send another app (openapi) or seller (mapi).
    #[arg(long)]
    wrong_app: bool,
    /// Encode the body as GBK.
    #[arg(long)]
    gbk: bool,
    /// Send the body in pieces with pauses.
    #[arg(long, conflicts_with = "half_body")]
    slow_body: bool,
    /// Break the connection in the middle of the body.
    #[arg(long)]
    half_body: bool,
    /// Wait before sending, for example 5s.
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    delay: Option<Duration>,
    /// Repeat until the answer is success, at Alipay's intervals (4m 10m 10m 1h 2h 6h 15h) divided by this
    /// factor [default: one attempt; 240 with --give-up-after].
    #[arg(long, value_name = "FACTOR", value_parser = clap::value_parser!(u32).range(1..))]
    compress: Option<u32>,
    /// Repeat until the answer is success, at most for so many seconds.
    #[arg(long, value_name = "SECONDS")]
    give_up_after: Option<u64>,
    /// How long to wait for an answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    timeout: u64,
    /// The CA file (PEM) that verifies a notify URL with https [default: the public CAs].
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Format of the results.
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

/// The document of `--output json`.
#[derive(Debug, Serialize)]
struct DeliveryReport<'a> {
    order: &'a str,
    trade_no: &'a str,
    notifications: Vec<NotificationResult>,
    success: bool,
}

/// What came of one notification.
#[derive(Debug, Serialize)]
struct NotificationResult {
    kind: NotificationKind,
    #[serde(flatten)]
    delivery: Delivery,
}

impl DeliveryArguments {
    pub(super) async fn run(
        &self,
        target: &DeliveryTarget,
        step: &StepResult,
        at: DateTime<Utc>,
    ) -> anyhow::Result<DeliveryEnding> {
        let writing = match (self.slow_body, self.half_body) {
            (true, _) => Writing::Slow,
            (_, true) => Writing::Half,
            _ => Writing::Whole,
        };
        let trust = super::trust(self.ca.as_deref())?;
        let timeout = Duration::from_secs(self.timeout);
        let sender = Sender::trusting(timeout, &trust).writing(writing);
        let schedule = self.schedule();
        let again = if self.reorder { step.before.as_slice() } else { &[] };
        let mut notifications: Vec<&UnsignedNotification> = again.iter().chain(&step.now).collect();
        if self.reorder {
            notifications.reverse();
        }
        if self.drop {
            return self.lost(step, &notifications);
        }
        let to = target.to()?;
        let printer = RefCell::new(Printer::new(self.output, &step.trade.trade_no));
        let mut sent = Vec::new();
        if let Some(delay) = self.delay {
            tokio::time::sleep(delay).await;
        }
        for notification in notifications {
            // What was said before is repeated now.
            let signed = self.prepare(notification, target)?.at(at)?;
            let copy = || async {
                let tell = |attempt: &Attempt| printer.borrow_mut().attempt(notification, attempt);
                sender.deliver_telling(to, &signed, &schedule, tell).await
            };
            let (first, second) = tokio::join!(copy(), async {
                match self.duplicate {
                    true => Some(copy().await),
                    false => None,
                }
            });
            let mut deliveries = vec![first?];
            deliveries.extend(second.transpose()?);
            for second in 1..=self.repeat {
                let tell = |attempt: &Attempt| printer.borrow_mut().attempt(notification, attempt);
                // Notify times have whole seconds: less would repeat the same bytes.
                let signed = signed.at(at + TimeDelta::seconds(second.into()))?;
                deliveries.push(
                    sender.deliver_telling(to, &signed, &RepeatSchedule::once(), tell).await?,
                );
            }
            let kind = notification.kind;
            sent.extend(
                deliveries.into_iter().map(|delivery| NotificationResult { kind, delivery }),
            );
        }
        printer.into_inner().error?;
        let ending = sent.iter().map(|sent| ending(&sent.delivery)).max();
        let ending = ending.unwrap_or(DeliveryEnding::Success);
        if self.output == Output::Json {
            print_json(step, sent, ending)?;
        }
        Ok(ending)
    }

    /// What `--drop` prints: what would have been sent.
    fn lost(
        &self,
        step: &StepResult,
        notifications: &[&UnsignedNotification],
    ) -> anyhow::Result<DeliveryEnding> {
        if self.output == Output::Json {
            print_json(step, Vec::new(), DeliveryEnding::Success)?;
            return Ok(DeliveryEnding::Success);
        }
        for notification in notifications {
            writeln!(
                io::stdout(),
                "{} order={} trade_no={} notify_id={} dropped",
                notification.kind.name(),
                notification.out_trade_no,
                step.trade.trade_no,
                notification.notify_id,
            )?;
        }
        Ok(DeliveryEnding::Success)
    }

    fn prepare(
        &self,
        notification: &UnsignedNotification,
        target: &DeliveryTarget,
    ) -> anyhow::Result<SignedNotification> {
        let mut notification = notification.clone();
        if let Some(total) = self.wrong_amount {
            notification = notification.wrong_amount(total);
        }
        if self.wrong_app {
            notification = notification.wrong_merchant();
        }
        if self.gbk {
            notification = notification.in_charset(Charset::Gbk);
        }
        let signed = notification.sign(&target.signer)?;
        Ok(if self.corrupt { Faults::seeded(0).corrupt(&signed)? } else { signed })
    }

    fn schedule(&self) -> RepeatSchedule {
        let schedule = match (self.compress, self.give_up_after) {
            (None, None) => RepeatSchedule::once(),
            (factor, _) => RepeatSchedule::alipay(factor.unwrap_or(COMPRESS)),
        };
        match self.give_up_after {
            Some(seconds) => schedule.give_up_after(Duration::from_secs(seconds)),
            None => schedule,
        }
    }
}

fn print_json(
    step: &StepResult,
    notifications: Vec<NotificationResult>,
    ending: DeliveryEnding,
) -> anyhow::Result<()> {
    let report = DeliveryReport {
        order: &step.trade.out_trade_no,
        trade_no: &step.trade.trade_no,
        notifications,
        success: ending == DeliveryEnding::Success,
    };
    Ok(writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?)
}

/// How a delivery ended: its last attempt counts.
fn ending(delivery: &Delivery) -> DeliveryEnding {
    match delivery.attempts.last().and_then(|attempt| attempt.failure) {
        Some(failure) if failure.is_unconnected() => DeliveryEnding::NotConnected,
        _ if delivery.is_success() => DeliveryEnding::Success,
        _ => DeliveryEnding::NotSuccess,
    }
}

/// Prints attempts while they are made.
struct Printer<'a> {
    output: Output,
    trade_no: &'a str,
    error: io::Result<()>,
}

impl<'a> Printer<'a> {
    fn new(output: Output, trade_no: &'a str) -> Printer<'a> {
        Printer { output, trade_no, error: Ok(()) }
    }

    fn attempt(&mut self, notification: &UnsignedNotification, attempt: &Attempt) {
        if self.output == Output::Json || self.error.is_err() {
            return;
        }
        let status = attempt.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let answer = attempt.told();
        self.error = writeln!(
            io::stdout(),
            "{} order={} trade_no={} notify_id={} status={status} answer=\"{answer}\" milliseconds={}",
            notification.kind.name(),
            notification.out_trade_no,
            self.trade_no,
            notification.notify_id,
            attempt.duration.as_millis(),
        );
    }
}
