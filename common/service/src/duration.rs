//! A length of time as text, the same in the configuration and on every command line: `500ms`, `90s`, `2m`, `24h`, `7d`, `1h 30m`.

use std::time::Duration;

/// Why a text is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a length of time with its unit, such as {EXAMPLES}")]
pub struct NotADuration;

/// How lengths of time are written, for errors.
pub const EXAMPLES: &str = "500ms, 90s, 30m, 24h or 7d";

/// Reads a length of time: whole numbers, each with its unit; 0 needs none.
///
/// # Errors
/// The text is none: among others a bare number, which might mean seconds or milliseconds, and `1.5h`, which is written `1h 30m`.
pub fn parse(text: &str) -> Result<Duration, NotADuration> {
    if text.contains('.') {
        return Err(NotADuration);
    }
    humantime::parse_duration(text.trim()).map_err(|_| NotADuration)
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
        for text in ["", "42", "s", "-5s", "1.5s", "5 parsecs", "5S", "999999999999999999999h"] {
            assert_eq!(parse(text), Err(NotADuration), "{text}");
        }
    }
}
