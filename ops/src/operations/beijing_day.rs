//! A day in Beijing, as operators and Alipay count days.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

/// Years that a column of the database holds, and beyond which a day has no next one.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9998;

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BeijingDay(NaiveDate);

impl BeijingDay {
    /// When it begins.
    pub(crate) fn begin(self) -> DateTime<Utc> {
        self.0.and_time(NaiveTime::MIN).and_utc() - TimeDelta::hours(8)
    }

    /// When the next one begins.
    pub(crate) fn end(self) -> DateTime<Utc> {
        self.begin() + Days::new(1)
    }
}

impl FromStr for BeijingDay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<BeijingDay, &'static str> {
        let day = text.parse().ok().filter(|day: &NaiveDate| YEARS.contains(&day.year()));
        day.map(BeijingDay).ok_or("expected a day such as 2026-11-29")
    }
}

impl Display for BeijingDay {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::BeijingDay;

    #[test]
    fn a_day_is_one_of_beijing() {
        let day: BeijingDay = "2026-11-29".parse().unwrap();
        assert_eq!(day.begin().to_rfc3339(), "2026-11-28T16:00:00+00:00");
        assert_eq!(day.end().to_rfc3339(), "2026-11-29T16:00:00+00:00");
        assert_eq!(day.to_string(), "2026-11-29");
    }

    #[test]
    fn what_is_no_day_or_has_no_next_one_is_refused() {
        for text in ["", "today", "2026-02-30", "+262142-12-31", "-262143-01-01", "9999-12-31"] {
            assert!(text.parse::<BeijingDay>().is_err(), "{text}");
        }
    }
}
