//! The result of a storm.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::sync::mpsc;

use super::StormError;
use super::delivery::DeliveryEnd;
use crate::Fault;

/// A storm in figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StormSummary {
    /// Notifications sent, without duplicates and forged ones.
    pub notifications: u64,
    /// Further deliveries of the same notifications, sent on purpose.
    pub duplicates: u64,
    /// Forged notifications sent: the signature, the app or the seller is wrong.
    pub corrupt: u64,
    /// Notifications with another total, sent beside the genuine ones.
    pub wrong_amount: u64,
    /// Notifications that were not sent, on purpose.
    pub dropped: u64,
    /// Of notifications and duplicates: answered `success`, at last.
    pub answered_success: u64,
    /// Of notifications and duplicates: never answered `success`.
    pub given_up: u64,
    /// Forged notifications that were answered `success`: must be 0.
    pub corrupt_answered_success: u64,
    /// POSTs in all.
    pub attempts: u64,
    /// How often each answer was read: `200 success`, `503`, `could not connect`, ...
    pub answers: BTreeMap<String, u64>,
    /// From the first notification sent to the last one over.
    pub milliseconds: u64,
    /// Answers `success` a second, rounded down.
    pub success_per_second: u64,
    /// From the intended time of sending to the answer `success`, repeats included.
    pub latency_microseconds: Latency,
    /// Whether it was ended early.
    pub cancelled: bool,
}

/// A distribution of latencies, in microseconds, to three digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Half are not slower.
    pub p50: u64,
    /// 90 of 100 are not slower.
    pub p90: u64,
    /// 99 of 100 are not slower.
    pub p99: u64,
    /// The slowest.
    pub max: u64,
}

impl StormSummary {
    /// Whether everything genuine was answered `success` and nothing forged was.
    pub fn is_success(&self) -> bool {
        self.given_up == 0 && self.corrupt_answered_success == 0 && !self.cancelled
    }

    /// Whether nobody answered anything at all.
    pub fn is_unreachable(&self) -> bool {
        use crate::AttemptFailure::{NameUnknown, NotConnected, TlsFailed};
        let unconnected = [NotConnected, NameUnknown, TlsFailed].map(crate::AttemptFailure::text);
        let reached = |answer: &String| !unconnected.contains(&answer.as_str());
        self.attempts > 0 && !self.answers.keys().any(reached)
    }
}

/// Two days in microseconds; longer latencies count as this. Saturating needs a bound: a histogram
/// that grows by itself does not grow then, and saturates at 2 ms.
const LONGEST: u64 = 2 * 86_400 * 1_000_000;

/// A summary that grows.
pub(super) struct Tally {
    summary: StormSummary,
    latencies: Histogram<u64>,
}

/// Takes the lines until the last delivery is over; writes each into the ledger.
pub(super) async fn gather(
    mut lines: mpsc::UnboundedReceiver<DeliveryEnd>,
    ledger: Option<Box<dyn Write + Send>>,
    progress: impl Fn(u64),
) -> Result<Tally, StormError> {
    let mut ledger = ledger.map(BufWriter::new);
    let mut tally = Tally::new();
    while let Some(line) = lines.recv().await {
        if let Some(ledger) = &mut ledger {
            serde_json::to_writer(&mut *ledger, &line.ledger).map_err(std::io::Error::from)?;
            ledger.write_all(b"\n")?;
            // Readers of the file see every line soon, and a crash loses few.
            if lines.is_empty() {
                ledger.flush()?;
            }
        }
        tally.add(line);
        progress(tally.summary.answered_success + tally.summary.given_up);
    }
    if let Some(ledger) = &mut ledger {
        ledger.flush()?;
    }
    Ok(tally)
}

impl Tally {
    #[expect(clippy::expect_used, reason = "the bounds are in order, and five digits are possible")]
    fn new() -> Tally {
        let latencies = Histogram::new_with_bounds(1, LONGEST, 3);
        Tally {
            summary: StormSummary::default(),
            latencies: latencies.expect("bounds and digits of a histogram"),
        }
    }

    fn add(&mut self, line: DeliveryEnd) {
        let summary = &mut self.summary;
        for answer in line.answers {
            *summary.answers.entry(answer).or_default() += 1;
        }
        let success = line.latency.is_some();
        match line.ledger.fault {
            Some(Fault::Corrupt | Fault::WrongApp) => {
                summary.corrupt += 1;
                summary.corrupt_answered_success += u64::from(success);
                return;
            }
            Some(Fault::WrongAmount) => {
                summary.wrong_amount += 1;
                return;
            }
            Some(Fault::Drop) => {
                summary.dropped += 1;
                return;
            }
            Some(Fault::Duplicate) => summary.duplicates += 1,
            Some(
                Fault::Reorder | Fault::Delay | Fault::Gbk | Fault::SlowBody | Fault::HalfBody,
            )
            | None => summary.notifications += 1,
        }
        summary.answered_success += u64::from(success);
        summary.given_up += u64::from(!success);
        if let Some(latency) = line.latency {
            let microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
            self.latencies.saturating_record(microseconds);
        }
    }

    pub(super) fn summary(self, duration: Duration, cancelled: bool) -> StormSummary {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let success = self.summary.answered_success;
        StormSummary {
            attempts: self.summary.answers.values().sum(),
            milliseconds,
            success_per_second: success.saturating_mul(1000) / milliseconds.max(1),
            latency_microseconds: Latency {
                p50: self.latencies.value_at_quantile(0.5),
                p90: self.latencies.value_at_quantile(0.9),
                p99: self.latencies.value_at_quantile(0.99),
                max: self.latencies.max(),
            },
            cancelled,
            ..self.summary
        }
    }
}
