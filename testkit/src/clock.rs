//! Dates for test data.
//!
//! Orders are placed now, and what a notification says of an order is judged by its times. So test data
//! that meets the clock takes its dates from it; a date that is written down holds for a day.

use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, SubsecRound as _, TimeDelta, Utc};

/// Beijing is eight hours ahead of UTC, all year.
const BEIJING_SECONDS: i32 = 8 * 60 * 60;
const DAY_SECONDS: i64 = 24 * 60 * 60;
/// A test of what counts by the day is over after this time.
const LAST_SECONDS: i64 = 30;

/// So many minutes before this test program looked at the clock first, in whole seconds. The same number
/// of minutes is the same time at each call, so that a notification can be repeated.
#[must_use]
pub fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    static FIRST: LazyLock<DateTime<Utc>> = LazyLock::new(|| Utc::now().trunc_subsecs(0));
    *FIRST - TimeDelta::minutes(minutes)
}

/// A time as Alipay writes `gmt_create`, `gmt_payment` and the like: `2026-11-23 12:00:00`, in Beijing.
/// What is less than a second is left out.
#[must_use]
pub fn beijing(time: DateTime<Utc>) -> String {
    in_beijing(time, "%Y-%m-%d %H:%M:%S")
}

/// The same as the value of a form, percent-encoded: `2026-11-23+12%3A00%3A00`.
#[must_use]
pub fn beijing_in_form(time: DateTime<Utc>) -> String {
    in_beijing(time, "%Y-%m-%d+%H%%3A%M%%3A%S")
}

/// The same as our programs write it in JSON: `2026-11-23T12:00:00+08:00`.
#[must_use]
pub fn beijing_in_json(time: DateTime<Utc>) -> String {
    in_beijing(time, "%Y-%m-%dT%H:%M:%S+08:00")
}

/// A time as the value of a `DATETIME` column: `2026-11-23 04:00:00`, in UTC.
#[must_use]
pub fn column(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Returns at once, unless the day in Beijing ends within the next half minute: then when the next one has
/// begun. For tests of what counts by the day; to be called before anything else.
pub fn wait_past_midnight() {
    let left = seconds_left(Utc::now());
    if left <= LAST_SECONDS {
        std::thread::sleep(Duration::from_secs(left.unsigned_abs() + 1));
    }
}

/// How long the day in Beijing lasts yet.
fn seconds_left(time: DateTime<Utc>) -> i64 {
    DAY_SECONDS - (time.timestamp() + i64::from(BEIJING_SECONDS)).rem_euclid(DAY_SECONDS)
}

fn in_beijing(time: DateTime<Utc>, format: &str) -> String {
    let zone = FixedOffset::east_opt(BEIJING_SECONDS);
    zone.map_or_else(String::new, |zone| time.with_timezone(&zone).format(format).to_string())
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};

    use super::{beijing, beijing_in_form, beijing_in_json, column, minutes_ago, seconds_left};

    #[test]
    fn one_time_in_four_forms() {
        let time = "2026-12-31T17:00:05.75Z".parse().unwrap();
        assert_eq!(beijing(time), "2027-01-01 01:00:05");
        assert_eq!(beijing_in_form(time), "2027-01-01+01%3A00%3A05");
        assert_eq!(beijing_in_json(time), "2027-01-01T01:00:05+08:00");
        assert_eq!(column(time), "2026-12-31 17:00:05");
    }

    #[test]
    fn a_day_ends_at_midnight_in_beijing() {
        let left = |text: &str| seconds_left(text.parse().unwrap());
        assert_eq!(left("2026-12-31T15:59:59.9Z"), 1);
        assert_eq!(left("2026-12-31T16:00:00Z"), 24 * 60 * 60);
        assert_eq!(left("1969-12-31T15:59:00Z"), 60);
    }

    #[test]
    fn whole_seconds_and_the_same_at_each_call() {
        let before = Utc::now() - TimeDelta::seconds(1);
        let ago = minutes_ago(3);
        assert_eq!(ago.timestamp_subsec_nanos(), 0);
        assert_eq!(minutes_ago(1) - ago, TimeDelta::minutes(2));
        assert!(ago < before && minutes_ago(0) <= Utc::now(), "{ago}");
    }
}
