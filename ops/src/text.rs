//! Small texts that results are made of.

use std::fmt::Display;

/// The value as text, or nothing.
pub(crate) fn or_empty(value: Option<impl Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// The first `most` of these, and how many more of `what` there are.
pub(crate) fn first_of(all: &[impl Display], most: usize, separator: &str, what: &str) -> String {
    let mut parts: Vec<String> = all.iter().take(most).map(ToString::to_string).collect();
    if all.len() > most {
        parts.push(format!("and {} more{what}", all.len() - most));
    }
    parts.join(separator)
}

/// A number of seconds in the largest unit that is not zero.
pub(crate) fn age(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{} s", seconds.max(0)),
        60..3600 => format!("{} m", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
