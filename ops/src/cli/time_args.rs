//! Points in time as an operator writes them.

use std::time::Duration;

use alipay::parse_beijing;
use chrono::{DateTime, Utc};
use service::duration;

/// Reads an age (`30m`, `24h`, `7d`: so long ago), a Beijing time (`2026-11-23` or
/// `2026-11-23 12:00:00`) or RFC 3339.
pub(crate) fn parse_moment(text: &str) -> Result<DateTime<Utc>, String> {
    // A text with a space is a date.
    if !text.contains(' ')
        && let Ok(age) = duration::parse_up_to(LONGEST, text)
    {
        return Ok(Utc::now() - age);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let whole = if text.len() == 10 { format!("{text} 00:00:00") } else { text.to_owned() };
    parse_beijing(&whole).map_err(|_| {
        "expected an age (30m, 24h, 7d), a Beijing time (2026-11-23 or \"2026-11-23 12:00:00\") \
         or RFC 3339"
            .to_owned()
    })
}

/// Lengths of time end here: ten years.
const LONGEST: Duration = Duration::from_hours(3_660 * 24);

/// Reads a length of time above zero: `90s`, `30m`, `24h`, `7d`.
pub(crate) fn parse_length(text: &str) -> Result<Duration, String> {
    let length = duration::parse_up_to(LONGEST, text).ok().filter(|length| !length.is_zero());
    length.ok_or_else(|| "expected a length of time such as 90s, 30m, 24h or 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{parse_length, parse_moment};
    use chrono::{DateTime, TimeDelta, Utc};

    #[test]
    fn lengths() {
        assert_eq!(parse_length("30m").unwrap().as_secs(), 1800);
        for bad in ["0s", "30", "", "-1m", "1.5h"] {
            assert!(parse_length(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ages_beijing_times_and_rfc_3339() {
        let ago = Utc::now() - parse_moment("24h").unwrap();
        assert!(ago - TimeDelta::hours(24) < TimeDelta::seconds(5), "{ago}");
        let noon: DateTime<Utc> = "2026-11-23T04:00:00Z".parse().unwrap();
        assert_eq!(parse_moment("2026-11-23 12:00:00").unwrap(), noon);
        assert_eq!(parse_moment("2026-11-23T12:00:00+08:00").unwrap(), noon);
        assert_eq!(parse_moment("2026-11-23").unwrap(), noon - TimeDelta::hours(12));
        for bad in ["", "h", "-5m", "1.5h", "5 h", "yesterday", "99999999999d", "单"] {
            assert!(parse_moment(bad).is_err(), "{bad}");
        }
    }
}
