//! Lines about refusals: anybody can cause them, so their number is limited. Metrics count all.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

const WINDOW: Duration = Duration::from_secs(60);
/// Lines of one merchant and reason in a minute.
const LINES: u64 = 10;
/// How often it is looked whether a minute is over.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Which lines are written; shared by all requests. Merchants are configured ones and reasons are words
/// of the program, so it stays small.
#[derive(Debug, Default)]
pub(crate) struct RefusalLog(Mutex<HashMap<(String, &'static str), Minute>>);

#[derive(Debug)]
struct Minute {
    began: Instant,
    refused: u64,
}

/// How many lines of a merchant and a reason were left out.
#[derive(Debug, PartialEq, Eq)]
struct LeftOut {
    merchant: String,
    reason: &'static str,
    number: u64,
}

impl RefusalLog {
    /// Whether a line about a refusal is written: the first ones of a minute are.
    pub(crate) fn writes(&self, merchant: &str, reason: &'static str, now: Instant) -> bool {
        let mut minutes = self.0.lock();
        let minute = minutes
            .entry((merchant.to_owned(), reason))
            .or_insert_with(|| Minute { began: now, refused: 0 });
        minute.refused += 1;
        minute.refused <= LINES
    }

    /// Ends the minutes that are over.
    fn end_minutes(&self, now: Instant, all: bool) -> Vec<LeftOut> {
        let mut minutes = self.0.lock();
        let over = minutes
            .extract_if(|_, minute| all || now.saturating_duration_since(minute.began) >= WINDOW);
        over.filter(|(_, minute)| minute.refused > LINES)
            .map(|((merchant, reason), minute)| {
                let number = minute.refused - LINES;
                LeftOut { merchant, reason, number }
            })
            .collect()
    }

    /// Writes how many lines were left out, after each minute and at the end.
    pub(crate) async fn run(&self, end: CancellationToken) {
        let mut look = tokio::time::interval(POLL_INTERVAL);
        while end.run_until_cancelled(look.tick()).await.is_some() {
            self.log_left_out(false);
        }
        self.log_left_out(true);
    }

    fn log_left_out(&self, all: bool) {
        for LeftOut { merchant, reason, number } in self.end_minutes(Instant::now(), all) {
            tracing::warn!(
                merchant,
                reason,
                number,
                "refused more like these, not logged one by one"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ones_of_a_minute_are_written_and_the_others_counted() {
        let (log, now) = (RefusalLog::default(), Instant::now());
        let written = (0..1000).filter(|_| log.writes("shop", "bad_signature", now)).count();
        assert_eq!(written, 10);
        assert!(log.writes("app", "bad_signature", now) && log.writes("shop", "no_body", now));
        assert_eq!(log.end_minutes(now, false), []);
        let merchant = "shop".to_owned();
        let expected = LeftOut { merchant, reason: "bad_signature", number: 990 };
        assert_eq!(log.end_minutes(now + WINDOW, false), [expected]);
        assert!(log.writes("shop", "bad_signature", now + WINDOW));
        assert_eq!(log.end_minutes(now + WINDOW, true), []);
    }
}
