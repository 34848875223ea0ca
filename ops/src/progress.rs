//! How far a long operation has come.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr, when that is a terminal. Its message shows what is counted.
pub(crate) fn bar(length: usize, counted: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(length as u64).with_message(counted);
    match ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A line on stderr for what has no length, when that is a terminal.
pub(crate) fn spinner() -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    match ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        Ok(style) => spinner.with_style(style),
        Err(_) => spinner,
    }
}
