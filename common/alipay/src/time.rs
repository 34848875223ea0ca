//! Alipay's times: Beijing time without a zone (docs/protocol.md §13.6).

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone, Utc};

/// Beijing time, fixed: China has had no daylight saving since 1991, and a zone name would need
/// zone data, which slim container images lack.
pub const BEIJING: FixedOffset = FixedOffset::east_opt(8 * 3600).expect("eight hours");

/// A text that is not `yyyy-MM-dd HH:mm:ss`, optionally with a point and one to nine digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time such as 2016-06-24 14:03:02 or 2016-06-24 14:03:02.470")]
pub struct TimeError {
    text: String,
}

/// Reads a time of Alipay, `yyyy-MM-dd HH:mm:ss` in Beijing, with up to nine digits of a fraction
/// (`gmt_refund` carries milliseconds).
///
/// # Errors
/// [`TimeError`] for any other form and for days and hours that do not exist.
pub fn parse_beijing(text: &str) -> Result<DateTime<Utc>, TimeError> {
    read(text.as_bytes()).ok_or_else(|| TimeError { text: text.chars().take(64).collect() })
}

/// Writes a time as Alipay does, in Beijing; a fraction appears only where there is one.
pub fn format_beijing(time: DateTime<Utc>) -> String {
    time.with_timezone(&BEIJING).format("%Y-%m-%d %H:%M:%S%.f").to_string()
}

fn read(text: &[u8]) -> Option<DateTime<Utc>> {
    let (whole, fraction) = text.split_at_checked(19)?;
    let separators = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
    if separators.iter().any(|&(at, separator)| whole[at] != separator) {
        return None;
    }
    let field = |from: usize, to: usize| number(&whole[from..to]);
    let nanoseconds = match fraction {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            number(digits)? * 10_u32.pow(9 - u32::try_from(digits.len()).ok()?)
        }
        _ => return None,
    };
    let year = i32::try_from(field(0, 4)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, field(5, 7)?, field(8, 10)?)?;
    let time = day.and_hms_nano_opt(field(11, 13)?, field(14, 16)?, field(17, 19)?, nanoseconds)?;
    Some(BEIJING.from_local_datetime(&time).single()?.to_utc())
}

/// The value of at most nine ASCII digits.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |value, &digit| {
        digit.is_ascii_digit().then(|| value * 10 + u32::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::{format_beijing, parse_beijing};

    #[test]
    fn beijing_is_eight_hours_ahead() {
        let time = parse_beijing("2016-06-24 07:03:02").unwrap();
        assert_eq!(time.to_rfc3339(), "2016-06-23T23:03:02+00:00");
        assert_eq!(format_beijing(time), "2016-06-24 07:03:02");
        // A summer day of 1990, when China had daylight saving: still eight hours.
        let time = parse_beijing("1990-07-01 08:00:00").unwrap();
        assert_eq!(time.to_rfc3339(), "1990-07-01T00:00:00+00:00");
    }

    #[test]
    fn fractions() {
        for (text, nanoseconds) in [
            ("2016-06-24 14:03:02.4", 400_000_000),
            ("2016-06-24 14:03:02.470", 470_000_000),
            ("2016-06-24 14:03:02.000000001", 1),
        ] {
            let time = parse_beijing(text).unwrap();
            assert_eq!(time.timestamp_subsec_nanos(), nanoseconds, "{text}");
        }
        let time = parse_beijing("2016-06-24 14:03:02.470").unwrap();
        assert_eq!(format_beijing(time), "2016-06-24 14:03:02.470");
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "2016-06-24",
            "2016-06-24T14:03:02",
            "2016-06-24 14:03",
            "2015-14-27 15:45:57",
            "2015-02-29 00:00:00",
            "0000-00-00 00:00:00",
            "2016-06-24 24:00:00",
            "2016-06-24 14:03:60",
            "2016-06-24 14:03:02.",
            "2016-06-24 14:03:02.1234567890",
            "2016-06-24 14:03:02.12x",
            "2016-06-24 14:03:02+08",
            " 2016-06-24 14:03:02",
            "2016-06-24 14:03:02 ",
            "2016-6-24 14:03:02",
            "2016-06-24 14:03:-2",
            "\u{ff12}016-06-24 14:03",
        ] {
            let error = parse_beijing(text).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{text:?} is not a time")), "{error}");
        }
    }
}
