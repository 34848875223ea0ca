//! How long a trade can be paid.

use alipay::BEIJING;
use chrono::{DateTime, Days, TimeDelta, Utc};

/// The longest limit, and what holds where a pay link gives none.
const LONGEST: TimeDelta = TimeDelta::days(15);
/// The shortest one.
const SHORTEST: TimeDelta = TimeDelta::minutes(1);

/// How long a trade can be paid before Alipay closes it: `it_b_pay` of the legacy gateway,
/// `timeout_express` and `time_expire` of the Open Platform. (docs/protocol.md §9.1)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeLimit {
    /// So long after the trade was opened.
    After(TimeDelta),
    /// `1c`: until the day ends in Beijing.
    EndOfDay,
    /// Until this time.
    At(DateTime<Utc>),
}

impl Default for TimeLimit {
    /// Fifteen days.
    fn default() -> TimeLimit {
        TimeLimit::After(LONGEST)
    }
}

impl TimeLimit {
    /// Reads `1m` to `15d`, in minutes, hours or days, or `1c`. None for anything else: there are
    /// no decimals, 1.5h is 90m.
    pub fn parse(text: &str) -> Option<TimeLimit> {
        if text == "1c" {
            return Some(TimeLimit::EndOfDay);
        }
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        if number.is_empty() || number.len() > 6 || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number: i64 = number.parse().ok()?;
        let span = match unit {
            "m" => TimeDelta::minutes(number),
            "h" => TimeDelta::hours(number),
            "d" => TimeDelta::days(number),
            _ => return None,
        };
        (SHORTEST..=LONGEST).contains(&span).then_some(TimeLimit::After(span))
    }

    /// When a trade that is opened now is closed; none for a time that is over, or too far away.
    pub fn of_trade(self, opened: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let until = match self {
            TimeLimit::After(span) => opened + span,
            TimeLimit::EndOfDay => {
                let day = opened.with_timezone(&BEIJING).date_naive() + Days::new(1);
                day.and_hms_opt(0, 0, 0)?.and_local_timezone(BEIJING).single()?.to_utc()
            }
            TimeLimit::At(until) => until,
        };
        (until > opened && until <= opened + LONGEST).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use alipay::{format_beijing, parse_beijing};
    use chrono::TimeDelta;

    use super::TimeLimit;

    #[test]
    fn limits_of_the_table() {
        let minutes = |count| Some(TimeLimit::After(TimeDelta::minutes(count)));
        for (text, expected) in [
            ("1m", minutes(1)),
            ("90m", minutes(90)),
            ("2h", minutes(120)),
            ("15d", minutes(15 * 24 * 60)),
            ("360h", minutes(15 * 24 * 60)),
            ("1c", Some(TimeLimit::EndOfDay)),
        ] {
            assert_eq!(TimeLimit::parse(text), expected, "{text}");
        }
        for text in [
            "",
            "m",
            "0m",
            "1.5h",
            "16d",
            "361h",
            "-1m",
            "+1m",
            "2c",
            "1M",
            "30",
            "3分",
            "9999999999999m",
        ] {
            assert_eq!(TimeLimit::parse(text), None, "{text}");
        }
    }

    #[test]
    fn until_when() {
        let at = |text: &str| parse_beijing(text).unwrap();
        let opened = at("2026-11-23 23:59:00");
        let ends = |limit: TimeLimit| limit.of_trade(opened).map(format_beijing);
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(ends(TimeLimit::parse("90m").unwrap()), text("2026-11-24 01:29:00"));
        // At midnight, whenever it was opened.
        assert_eq!(ends(TimeLimit::EndOfDay), text("2026-11-24 00:00:00"));
        assert_eq!(ends(TimeLimit::default()), text("2026-12-08 23:59:00"));
        let named = |text: &str| ends(TimeLimit::At(at(text)));
        assert_eq!(named("2026-11-24 12:00:00"), text("2026-11-24 12:00:00"));
        assert_eq!(named("2026-11-23 23:59:00"), None, "over");
        assert_eq!(named("2026-12-09 00:00:00"), None, "too far away");
    }
}
