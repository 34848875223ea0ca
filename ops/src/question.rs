//! A question to the person at the terminal.

use std::io::{BufRead as _, Write as _};

use service::unseen;

use crate::failure::Failure;

/// Whether the person says yes. Anything else is a no.
pub(crate) fn is_agreed(question: &str) -> Result<bool, Failure> {
    let ended = |error: std::io::Error| Failure::Usage(format!("terminal: {error}"));
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{} [y/N] ", unseen::escaped_lines(question)).map_err(ended)?;
    stderr.flush().map_err(ended)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(ended)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "是"))
}
