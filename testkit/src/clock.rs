//! Dates for test data.
//!
//! Orders are placed now, and what a notification says of an order is judged by its times. So test data
//! that meets the clock takes its dates from it; a date that is written down holds for a day.

use chrono::{DateTime, FixedOffset, SubsecRound as _, TimeDelta, Utc};

/// Beijing is eight hours ahead of UTC, all year.
const BEIJING_SECONDS: i32 = 8 * 60 * 60;

/// The present, in whole seconds, as Alipay tells times.
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}

/// So many minutes before now, in whole seconds.
#[must_use]
pub fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
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

fn in_beijing(time: DateTime<Utc>, format: &str) -> String {
    let zone = FixedOffset::east_opt(BEIJING_SECONDS);
    zone.map_or_else(String::new, |zone| time.with_timezone(&zone).format(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::{beijing, beijing_in_form, beijing_in_json, column, minutes_ago, now};

    #[test]
    fn one_time_in_four_forms() {
        let time = "2026-12-31T17:00:05.75Z".parse().unwrap();
        assert_eq!(beijing(time), "2027-01-01 01:00:05");
        assert_eq!(beijing_in_form(time), "2027-01-01+01%3A00%3A05");
        assert_eq!(beijing_in_json(time), "2027-01-01T01:00:05+08:00");
        assert_eq!(column(time), "2026-12-31 17:00:05");
    }

    #[test]
    fn whole_seconds_before_now() {
        let before = now();
        let ago = minutes_ago(3);
        assert_eq!(ago.timestamp_subsec_nanos(), 0);
        assert!((180..=240).contains(&(before - ago).num_seconds().abs()), "{ago}");
        assert!(ago < before);
    }
}
