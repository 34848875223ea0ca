//! Quiet hours.

use chrono::{DateTime, FixedOffset, NaiveTime, TimeDelta, Utc};

/// A part of each day in which people sleep, perhaps across midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    from: NaiveTime,
    until: NaiveTime,
    offset: FixedOffset,
}

impl QuietHours {
    /// `22:00-08:00`, by clocks with this offset.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn read(text: &str, offset: FixedOffset) -> Result<QuietHours, String> {
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let times = text.split_once('-').and_then(|(from, until)| time(from).zip(time(until)));
        match times {
            Some((from, until)) if from != until => Ok(QuietHours { from, until, offset }),
            Some(_) => {
                Err("begins and ends at the same time: leave it out for no quiet hours".to_owned())
            }
            None => Err(format!("{text:?} is not a span such as \"22:00-08:00\"")),
        }
    }

    /// When the quiet hours end that `at` is in; none where it is in none.
    pub fn end(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = at.with_timezone(&self.offset).time();
        // Both are times since midnight, and the difference counts past it.
        let since = |from: NaiveTime, until: NaiveTime| {
            let passed = until - from;
            if passed < TimeDelta::zero() { passed + TimeDelta::days(1) } else { passed }
        };
        let length = since(self.from, self.until);
        let passed = since(self.from, local);
        (passed < length).then(|| at + (length - passed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(hours: &str, offset: &str, at: &str) -> Option<String> {
        let hours = QuietHours::read(hours, offset.parse().unwrap()).unwrap();
        hours.end(at.parse().unwrap()).map(|end| end.to_rfc3339())
    }

    #[test]
    fn quiet_hours_cross_midnight() {
        // 22:00 in Beijing is 14:00 in UTC, and 8:00 is midnight.
        for (at, ends) in [
            ("2026-11-30T13:59:59Z", None),
            ("2026-11-30T14:00:00Z", Some("2026-12-01T00:00:00+00:00")),
            ("2026-11-30T23:59:59.5Z", Some("2026-12-01T00:00:00+00:00")),
            ("2026-12-01T00:00:00Z", None),
            ("2026-12-01T05:00:00Z", None),
        ] {
            assert_eq!(end("22:00-08:00", "+08:00", at).as_deref(), ends, "{at}");
        }
    }

    #[test]
    fn quiet_hours_within_a_day_and_elsewhere() {
        assert_eq!(
            end("12:00-13:30", "+00:00", "2026-11-30T13:00:00Z").unwrap(),
            "2026-11-30T13:30:00+00:00"
        );
        assert_eq!(end("12:00-13:30", "+00:00", "2026-11-30T13:30:00Z"), None);
        assert_eq!(
            end("12:00-13:30", "-05:00", "2026-11-30T18:00:00Z").unwrap(),
            "2026-11-30T18:30:00+00:00"
        );
    }

    #[test]
    fn what_is_no_span_is_refused() {
        let offset = "+08:00".parse().unwrap();
        for text in ["", "22-8", "22:00", "25:00-08:00", "22:00-08:60", "a-b", "22:00-22:00"] {
            assert!(QuietHours::read(text, offset).is_err(), "{text}");
        }
    }
}
