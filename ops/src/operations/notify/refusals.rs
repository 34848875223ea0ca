//! Notifications that the ingress refuses, which nobody sees but in its metrics: how many came since an hour ago.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::operations::overview::ingress::Refused;

/// As `AlipayNotificationsRefused` and `AlipaySignaturesRefused`.
const WITHIN: TimeDelta = TimeDelta::hours(1);
const SOME: u64 = 5;

/// What the ingress has counted since its start, look after look.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// The latest that is at least an hour old, where there is one, and all since.
    looks: VecDeque<(DateTime<Utc>, BTreeMap<Refused, u64>)>,
}

impl Refusals {
    /// Another look.
    pub(super) fn note(&mut self, at: DateTime<Utc>, counted: BTreeMap<Refused, u64>) {
        self.looks.push_back((at, counted));
        self.forget(at);
    }

    /// Leaves out what is older than the hour before `at`.
    pub(super) fn forget(&mut self, at: DateTime<Utc>) {
        while self.looks.get(1).is_some_and(|(second, _)| at - *second >= WITHIN) {
            self.looks.pop_front();
        }
    }

    /// Whether it is known what came within the hour before `at`: this program was there, and the ingress answers now.
    pub(super) fn cover(&self, at: DateTime<Utc>) -> bool {
        let first = self.looks.front().map(|(first, _)| *first);
        let last = self.looks.back().map(|(last, _)| *last);
        first.is_some_and(|first| at - first >= WITHIN) && last == Some(at)
    }

    /// How many have come within the hour, where these are not just a stranger's tries. A path that is none of ours is a
    /// mistake in a notify URL from the first request on.
    pub(super) fn grown(&self) -> BTreeMap<Refused, u64> {
        let mut grown: BTreeMap<Refused, u64> = BTreeMap::new();
        for ((_, before), (_, now)) in self.looks.iter().zip(self.looks.iter().skip(1)) {
            for (refused, count) in now {
                // After a restart of the ingress it counts from zero.
                let before = before.get(refused).copied().filter(|before| before <= count);
                *grown.entry(refused.clone()).or_default() += count - before.unwrap_or(0);
            }
        }
        let is_much = |refused: &Refused, count: u64| match refused {
            Refused::UnknownPath => count > 0,
            Refused::Notification { .. } => count > SOME,
        };
        grown.retain(|refused, count| is_much(refused, *count));
        grown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(reason: &str) -> Refused {
        Refused::Notification { merchant: "shop".to_owned(), reason: reason.to_owned() }
    }

    fn counted(reason: &str, count: u64) -> BTreeMap<Refused, u64> {
        BTreeMap::from([(refused(reason), count)])
    }

    fn minute(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn only_what_has_come_within_the_hour_counts() {
        let mut refusals = Refusals::default();
        refusals.note(minute(0), counted("wrong_content_type", 100));
        assert_eq!(refusals.grown(), BTreeMap::new(), "all of it may be old");
        refusals.note(minute(1), counted("wrong_content_type", 105));
        assert_eq!(refusals.grown(), BTreeMap::new());
        refusals.note(minute(2), counted("wrong_content_type", 106));
        assert_eq!(refusals.grown(), counted("wrong_content_type", 6));
        // The ingress was restarted and has refused three since.
        refusals.note(minute(3), counted("wrong_content_type", 3));
        assert_eq!(refusals.grown(), counted("wrong_content_type", 9));
        refusals.note(minute(70), counted("wrong_content_type", 3));
        assert_eq!(refusals.grown(), BTreeMap::new());
    }

    #[test]
    fn what_came_is_known_after_an_hour() {
        let mut refusals = Refusals::default();
        for at in 0..60 {
            refusals.note(minute(at), BTreeMap::new());
            assert!(!refusals.cover(minute(at)), "{at}");
        }
        refusals.note(minute(60), counted("wrong_content_type", 6));
        assert!(refusals.cover(minute(60)));
        assert!(!refusals.cover(minute(61)), "the ingress did not answer");
        assert_eq!(refusals.grown(), counted("wrong_content_type", 6));
        // It is away for more than an hour.
        refusals.forget(minute(119));
        assert_eq!(refusals.grown(), counted("wrong_content_type", 6));
        refusals.forget(minute(120));
        assert_eq!(refusals.grown(), BTreeMap::new());
    }

    #[test]
    fn one_request_to_an_unknown_path_counts() {
        let mut refusals = Refusals::default();
        refusals.note(minute(0), BTreeMap::new());
        refusals.note(minute(1), BTreeMap::from([(Refused::UnknownPath, 1)]));
        assert_eq!(refusals.grown(), BTreeMap::from([(Refused::UnknownPath, 1)]));
    }
}
