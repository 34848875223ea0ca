//! Durations as text: "500ms", "5s", "2m", "1h", "15d".

use std::time::Duration;

/// Reads a whole number with a unit; without one it is milliseconds. `None` for anything else, for zero
/// and for what is longer than 15 days.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor: u64 = match unit.trim_start() {
        "" | "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => 24 * 60 * 60 * 1000,
        _ => return None,
    };
    let milliseconds = number.parse::<u64>().ok()?.checked_mul(factor)?;
    let longest = 15 * 24 * 60 * 60 * 1000;
    (1..=longest).contains(&milliseconds).then(|| Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        for (text, milliseconds) in [
            ("250ms", 250),
            ("5s", 5_000),
            ("5 s", 5_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("42", 42),
            ("15d", 1_296_000_000),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in [
            "",
            "0",
            "0s",
            "s",
            "-5s",
            "1.5s",
            "5 parsecs",
            "5S",
            "999999999999999999999h",
            "361h",
            "16d",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
