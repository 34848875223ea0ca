//! When Alipay repeats.

use std::time::Duration;

/// Alipay's gaps between deliveries, in minutes: eight deliveries in 24 hours and 24 minutes.
const ALIPAY_MINUTES: [u64; 7] = [4, 10, 10, 60, 120, 360, 900];

/// The gaps between one delivery and the next, and when to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatSchedule {
    gaps: Vec<Duration>,
    endless: bool,
    give_up_after: Option<Duration>,
}

impl RepeatSchedule {
    /// One delivery, no repeats.
    pub fn once() -> RepeatSchedule {
        RepeatSchedule { gaps: Vec::new(), endless: false, give_up_after: None }
    }

    /// Alipay's gaps (4 m, 10 m, 10 m, 1 h, 2 h, 6 h, 15 h) divided by a factor: 1 is real time,
    /// with 240 the first repeat comes after a second. A factor of 0 counts as 1.
    pub fn alipay(factor: u32) -> RepeatSchedule {
        let gaps = ALIPAY_MINUTES.map(|minutes| Duration::from_secs(minutes * 60) / factor.max(1));
        RepeatSchedule { gaps: gaps.to_vec(), endless: false, give_up_after: None }
    }

    /// The same with no gap longer than this, and without an end: for load, where the question
    /// is when a notification gets through and not whether within eight deliveries.
    #[must_use]
    pub fn endless(mut self, longest: Duration) -> RepeatSchedule {
        for gap in &mut self.gaps {
            *gap = (*gap).min(longest);
        }
        if self.gaps.is_empty() {
            self.gaps.push(longest);
        }
        RepeatSchedule { endless: true, ..self }
    }

    /// The same, but no delivery later than this after the first.
    #[must_use]
    pub fn give_up_after(self, limit: Duration) -> RepeatSchedule {
        RepeatSchedule { give_up_after: Some(limit), ..self }
    }

    /// How long to wait before the next delivery; none when it is time to give up.
    ///
    /// `made` deliveries were made, the first one `elapsed` ago.
    pub fn gap(&self, made: usize, elapsed: Duration) -> Option<Duration> {
        let last = if self.endless { self.gaps.last() } else { None };
        let gap = *self.gaps.get(made.checked_sub(1)?).or(last)?;
        match self.give_up_after {
            Some(limit) if elapsed + gap > limit => None,
            _ => Some(gap),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::RepeatSchedule;

    /// All gaps of a schedule, with no time spent between them.
    fn gaps(schedule: &RepeatSchedule) -> Vec<u64> {
        let mut elapsed = Duration::ZERO;
        let mut gaps = Vec::new();
        while let Some(gap) = schedule.gap(gaps.len() + 1, elapsed) {
            elapsed += gap;
            gaps.push(gap.as_secs());
        }
        gaps
    }

    #[test]
    fn eight_deliveries_in_a_day() {
        let real = gaps(&RepeatSchedule::alipay(1));
        assert_eq!(real, [240, 600, 600, 3600, 7200, 21_600, 54_000]);
        assert_eq!(gaps(&RepeatSchedule::alipay(240)), [1, 2, 2, 15, 30, 90, 225]);
        assert_eq!(gaps(&RepeatSchedule::once()), [] as [u64; 0]);
    }

    #[test]
    fn ends_when_told_and_not_before() {
        let schedule = RepeatSchedule::alipay(240).give_up_after(Duration::from_secs(21));
        assert_eq!(gaps(&schedule), [1, 2, 2, 15]);
        let schedule = RepeatSchedule::alipay(240).endless(Duration::from_secs(2));
        assert_eq!(
            gaps(&schedule.give_up_after(Duration::from_secs(21))),
            [1].into_iter().chain([2; 10]).collect::<Vec<_>>()
        );
        assert_eq!(
            RepeatSchedule::once().endless(Duration::from_secs(3)).gap(99, Duration::ZERO),
            Some(Duration::from_secs(3))
        );
    }
}
