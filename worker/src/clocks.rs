//! Clocks that disagree: the database's, those in messages, and this worker's.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

use crate::message::{Content, InboundMessage};

/// A difference of two clocks up to this is tolerated.
pub const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(30);

/// How long a difference is reported after the message that revealed it.
const COUNTS: Duration = Duration::from_secs(60);

/// The times in messages, compared with this worker's clock.
///
/// The travel time of a message is unknown, so a time in the past proves nothing. Two things are impossible: that a
/// message was received in the future, and that it was received before Alipay sent it.
#[derive(Debug, Default)]
pub(crate) struct MessageClock(Mutex<Option<ClockDifference>>);

#[derive(Debug, Clone, Copy)]
struct ClockDifference {
    ahead: TimeDelta,
    at: Instant,
}

impl MessageClock {
    /// Compares the times in a message: when it was received and, of a notification, when Alipay sent it.
    pub(crate) fn compare(&self, message: &InboundMessage, now: DateTime<Utc>) {
        let sent_at = match &message.content {
            Ok(Content::Trade(notification)) => notification.notify_time,
            _ => None,
        };
        self.keep_largest(ahead(message.stated_at, sent_at, now));
    }

    fn keep_largest(&self, ahead: TimeDelta) {
        if ahead.abs() <= CLOCK_TOLERANCE {
            return;
        }
        let mut largest = self.0.lock();
        let larger = largest.is_none_or(|largest| {
            largest.at.elapsed() > COUNTS || largest.ahead.abs() <= ahead.abs()
        });
        if larger {
            *largest = Some(ClockDifference { ahead, at: Instant::now() });
        }
    }

    /// How far messages were ahead of this clock in the last minute; below zero: received before they were sent.
    pub(crate) fn ahead(&self) -> TimeDelta {
        let largest = *self.0.lock();
        largest
            .filter(|largest| largest.at.elapsed() <= COUNTS)
            .map_or(TimeDelta::zero(), |largest| largest.ahead)
    }
}

/// Zero unless a clock is certainly wrong.
fn ahead(
    received_at: DateTime<Utc>,
    sent_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> TimeDelta {
    let early =
        sent_at.map_or(TimeDelta::zero(), |sent| (sent - received_at).max(TimeDelta::zero()));
    let future = (received_at - now).max(TimeDelta::zero());
    if early > future { -early } else { future }
}

/// Whether these two clocks disagree.
pub(crate) fn disagree(difference: TimeDelta) -> bool {
    difference.abs() > CLOCK_TOLERANCE
}

/// Notices that another clock was set back, by more than the usual correction of a running clock.
#[derive(Debug, Default)]
pub(crate) struct ClockStep(Option<(DateTime<Utc>, Instant)>);

impl ClockStep {
    /// The clock shows `now`. Returns whether it was set back since the last look.
    pub(crate) fn has_gone_back(&mut self, now: DateTime<Utc>, at: Instant) -> bool {
        let before = self.0.replace((now, at));
        before.is_some_and(|(then, looked)| {
            let passed = TimeDelta::from_std(at.duration_since(looked)).unwrap_or(TimeDelta::MAX);
            now - then < passed - CLOCK_TOLERANCE
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use chrono::{DateTime, TimeDelta, Utc};

    use super::{ClockStep, MessageClock, ahead, disagree};

    fn now() -> DateTime<Utc> {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn impossible_message_times_reveal_a_wrong_clock() {
        let (second, hour) = (TimeDelta::seconds(1), TimeDelta::hours(1));
        let found = |received: TimeDelta, sent: Option<TimeDelta>| {
            let clock = MessageClock::default();
            clock.keep_largest(ahead(now() + received, sent.map(|sent| now() + sent), now()));
            clock.ahead()
        };
        // A message may be late without any clock being wrong.
        assert_eq!(found(-hour * 9, None), TimeDelta::zero());
        assert_eq!(found(-hour * 9, Some(-hour * 10)), TimeDelta::zero());
        assert_eq!(found(second * 30, None), TimeDelta::zero());
        assert_eq!(found(second * 31, None), second * 31);
        assert_eq!(found(hour * 8, Some(TimeDelta::zero())), hour * 8);
        // Received before Alipay sent it.
        assert_eq!(found(-hour * 8, Some(-second)), second - hour * 8);
        assert_eq!(found(-second * 31, Some(-second)), TimeDelta::zero());
    }

    #[test]
    fn the_largest_difference_of_the_last_minute_is_reported() {
        let clock = MessageClock::default();
        for seconds in [40, 28_800, 35] {
            clock.keep_largest(TimeDelta::seconds(seconds));
        }
        assert_eq!(clock.ahead(), TimeDelta::hours(8));
    }

    #[test]
    fn a_clock_that_goes_back_is_noticed() {
        let (mut step, began) = (ClockStep::default(), Instant::now());
        let at = |seconds| began + Duration::from_secs(seconds);
        assert!(!step.has_gone_back(now() + TimeDelta::hours(8), at(0)));
        assert!(!step.has_gone_back(now() + TimeDelta::hours(8) + TimeDelta::seconds(5), at(5)));
        assert!(step.has_gone_back(now() + TimeDelta::seconds(10), at(10)));
        assert!(!step.has_gone_back(now() + TimeDelta::seconds(15), at(15)));
        // Forwards, and a little back.
        assert!(!step.has_gone_back(now() + TimeDelta::hours(1), at(20)));
        assert!(!step.has_gone_back(now() + TimeDelta::hours(1) - TimeDelta::seconds(20), at(25)));
        // It was set back by less than the time that passed between two looks.
        assert!(step.has_gone_back(now() + TimeDelta::hours(2), at(25 + 2 * 3600)));
    }

    #[test]
    fn half_a_minute_is_tolerated() {
        assert!(!disagree(TimeDelta::seconds(30)) && !disagree(TimeDelta::seconds(-30)));
        assert!(disagree(TimeDelta::seconds(31)) && disagree(-TimeDelta::hours(8)));
    }
}
