//! A question to the person at the terminal.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// Asks on stderr and reads a line of stdin. `None` where nobody can be asked: one of the two is no
/// terminal. Only `yes` is a yes.
pub(crate) fn asked(question: &str) -> Option<bool> {
    let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return None;
    }
    let question = service::invisible::escaped_lines(question);
    write!(stderr, "{question} Type yes to go on: ").and_then(|()| stderr.flush()).ok()?;
    let mut line = String::new();
    stdin.lock().read_line(&mut line).ok()?;
    Some(line.trim() == "yes")
}
