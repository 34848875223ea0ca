//! Samples, added up by the minute.

use std::collections::VecDeque;
use std::net::SocketAddr;

use chrono::{DateTime, Utc};

/// Minutes that are kept: two hours.
const HISTORY_MINUTES: usize = 120;

/// What one look says, or all looks of a minute together; `None` is what nobody could say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Notifications answered `success`.
    pub(crate) received: Option<u64>,
    /// Notifications answered otherwise.
    pub(crate) refused: Option<u64>,
    /// Messages that went into a retry tier.
    pub(crate) retries: Option<u64>,
    /// Orders whose goods went out.
    pub(crate) delivered: Option<u64>,
    /// New dead letters.
    pub(crate) dead_letters: Option<u64>,
    /// The most seconds that a message waited at its end.
    pub(crate) backlog_seconds: Option<u64>,
    /// Milliseconds from `success` to the commit; of a minute they are sorted.
    pub(crate) delays: Vec<u32>,
}

/// One minute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Minute {
    /// Minutes since 1970.
    pub(crate) number: i64,
    /// All its samples.
    pub(crate) sum: Sample,
}

impl Minute {
    /// How long so many of a hundred messages took at most, milliseconds; `None` where none was applied.
    pub(crate) fn percentile(&self, of_hundred: usize) -> Option<u64> {
        let delays = &self.sum.delays;
        let rank = (delays.len() * of_hundred).div_ceil(100).checked_sub(1)?;
        delays.get(rank).copied().map(u64::from)
    }

    fn add(&mut self, sample: Sample) {
        let add = |sum: &mut Option<u64>, new: Option<u64>| {
            if let Some(new) = new {
                *sum = Some(sum.unwrap_or(0).saturating_add(new));
            }
        };
        let sum = &mut self.sum;
        add(&mut sum.received, sample.received);
        add(&mut sum.refused, sample.refused);
        add(&mut sum.retries, sample.retries);
        add(&mut sum.delivered, sample.delivered);
        add(&mut sum.dead_letters, sample.dead_letters);
        sum.backlog_seconds = sum.backlog_seconds.max(sample.backlog_seconds);
        sum.delays.extend(sample.delays);
        sum.delays.sort_unstable();
    }
}

/// A source that did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SilentSource {
    /// A program without an admin endpoint in the configuration.
    Off { program: &'static str },
    /// A program at its admin endpoint, and why.
    Endpoint { program: &'static str, address: SocketAddr, why: String },
    /// The database, and why.
    Rows { why: String },
}

impl SilentSource {
    /// In English.
    pub(crate) fn english(&self) -> String {
        match self {
            SilentSource::Off { program } => format!("{program}: {program}.admin_listen is off"),
            SilentSource::Endpoint { program, address, why } => {
                format!("{program} at {address}: {why}")
            }
            SilentSource::Rows { why } => why.clone(),
        }
    }

    /// In Chinese.
    pub(crate) fn chinese(&self) -> String {
        match self {
            SilentSource::Off { program } => format!("{program}：没有设置 {program}.admin_listen"),
            SilentSource::Endpoint { program, address, why } => {
                format!("{program}（{address}）：{why}")
            }
            SilentSource::Rows { why } => why.clone(),
        }
    }
}

/// The latest minutes.
#[derive(Debug, Default)]
pub(crate) struct ActivityHistory {
    minutes: VecDeque<Minute>,
    /// Sources that did not answer the latest look.
    pub(crate) silent: Vec<SilentSource>,
}

impl ActivityHistory {
    /// Adds a sample that was taken at this time. A clock that went back adds to the latest minute.
    pub(crate) fn add(&mut self, at: DateTime<Utc>, sample: Sample) {
        let number = at.timestamp().div_euclid(60);
        match self.minutes.back_mut() {
            Some(latest) if latest.number >= number => latest.add(sample),
            _ => {
                let mut minute = Minute { number, ..Minute::default() };
                minute.add(sample);
                self.minutes.push_back(minute);
            }
        }
        if self.minutes.len() > HISTORY_MINUTES {
            self.minutes.pop_front();
        }
    }

    /// The two hours until now, a minute each: those without a sample are empty.
    pub(crate) fn minutes(&self, now: DateTime<Utc>) -> Vec<Minute> {
        let last = now.timestamp().div_euclid(60);
        let known = |number: i64| self.minutes.iter().find(|minute| minute.number == number);
        let first = last - HISTORY_MINUTES as i64 + 1;
        let empty = |number| Minute { number, ..Minute::default() };
        (first..=last)
            .map(|number| known(number).cloned().unwrap_or_else(|| empty(number)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn sample(received: u64, delays: &[u32]) -> Sample {
        Sample { received: Some(received), delays: delays.to_vec(), ..Sample::default() }
    }

    #[test]
    fn samples_of_a_minute_add_up_and_the_oldest_go() {
        let begin = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let mut history = ActivityHistory::default();
        history.add(begin, sample(1, &[30, 10]));
        history.add(begin + TimeDelta::seconds(59), sample(2, &[20]));
        // A clock that went back.
        history.add(begin - TimeDelta::seconds(90), sample(4, &[]));
        history.add(begin + TimeDelta::seconds(180), Sample::default());
        let minutes = history.minutes(begin + TimeDelta::seconds(180));
        assert_eq!(minutes.len(), HISTORY_MINUTES);
        let [.., first, second, third, last] = minutes.as_slice() else { panic!("{minutes:?}") };
        assert_eq!((first.sum.received, first.sum.refused), (Some(7), None));
        assert_eq!((first.percentile(50), first.percentile(99)), (Some(20), Some(30)));
        assert_eq!([second, third, last].map(|minute| minute.sum.received), [None, None, None]);
        assert_eq!(last.percentile(50), None);
        for minute in 0..500 {
            history.add(begin + TimeDelta::minutes(minute), sample(1, &[]));
        }
        assert_eq!(history.minutes.len(), HISTORY_MINUTES);
    }
}
