//! A length of time as text, the same in the configuration and on every command line: `500ms`, `90s`, `2m`, `24h`, `7d`, `1h 30m`.

use std::time::Duration;

/// Why a text is no length of time that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It cannot be read.
    #[error("expected a length of time with its unit, such as 500ms, 90s, 30m, 24h or 7d")]
    Unreadable,
    /// It has no unit, and might mean seconds or milliseconds.
    #[error("{number} is not a length of time without its unit: write {number}s or {number}ms")]
    NoUnit {
        /// What was written.
        number: u64,
    },
    /// It is longer than is possible here.
    #[error("longer than {}", humantime::format_duration(*.longest))]
    TooLong {
        /// The longest that is possible.
        longest: Duration,
    },
}

/// Reads a length of time: whole numbers, each with its unit; 0 needs none.
///
/// # Errors
/// The text is none: among others a bare number; `1.5h`, which is written `1h 30m`; and `2M`, which would be months where most
/// people mean minutes.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    if let Ok(number @ 1..) = text.trim().parse() {
        return Err(DurationError::NoUnit { number });
    }
    if text.contains(['.', 'M']) {
        return Err(DurationError::Unreadable);
    }
    humantime::parse_duration(text.trim()).map_err(|_| DurationError::Unreadable)
}

/// [`parse`], for lengths up to `longest`.
///
/// # Errors
/// As those of [`parse`], and the length is longer.
pub fn parse_up_to(longest: Duration, text: &str) -> Result<Duration, DurationError> {
    let length = parse(text)?;
    if length > longest { Err(DurationError::TooLong { longest }) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_its_unit() {
        for (text, milliseconds) in [
            ("250ms", 250),
            ("5s", 5_000),
            ("5 s", 5_000),
            (" 2m ", 120_000),
            ("1h", 3_600_000),
            ("1h 30m", 5_400_000),
            ("15d", 1_296_000_000),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(parse("42"), Err(DurationError::NoUnit { number: 42 }));
        for text in ["", "s", "-5s", "1.5s", "2M", "5 parsecs", "5S", "999999999999999999999h"] {
            assert_eq!(parse(text), Err(DurationError::Unreadable), "{text}");
        }
    }

    #[test]
    fn a_limit_is_named() {
        let day = Duration::from_hours(24);
        assert_eq!(parse_up_to(day, "24h"), Ok(day));
        let refused = parse_up_to(day, "1441m").unwrap_err();
        assert_eq!(refused.to_string(), "longer than 1day");
    }
}
