//! Results on stdout: a table for a person, or JSON alone for a script.

use std::io::{ErrorKind, IsTerminal as _, Write as _};

use clap::ValueEnum;
use serde::Serialize;
use service::invisible;

use crate::cli::terminal;
use crate::failure::Failure;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Output {
    /// Text for a person
    #[default]
    Table,
    /// JSON, amounts in fen, times in RFC 3339
    Json,
}

impl Output {
    /// Prints a result; `text` makes the form for a person, with or without a last newline.
    pub(crate) fn print<T: Serialize + ?Sized>(
        self,
        result: &T,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let page = match self {
            Output::Table => {
                let escape = |part: &str| invisible::escaped_lines(part).into_owned();
                terminal::render(&text(), terminal::colours(), escape)
            }
            Output::Json => json(result)?,
        };
        match write(page) {
            // The reader has closed the pipe, `ops order list | head` for example.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|error| Failure::CouldNotAsk(format!("stdout: {error}"))),
        }
    }

    /// Prints a result whose `lines` another program reads again, byte for byte; on a terminal with control characters
    /// escaped. Not all of it printed is an error, also where the reader has closed the pipe.
    pub(crate) fn print_exactly<T: Serialize + ?Sized>(
        self,
        result: &T,
        lines: &[String],
    ) -> Result<(), Failure> {
        let page = match self {
            Output::Table => {
                let page: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
                match std::io::stdout().is_terminal() {
                    true => invisible::escaped_lines(&page).into_owned(),
                    false => page,
                }
            }
            Output::Json => json(result)?,
        };
        write(page).map_err(|error| Failure::CouldNotAsk(format!("stdout: {error}")))
    }
}

/// An error where stdout is closed (`>&-`): what only it would hold must not be made. Rust opens `/dev/null` in its
/// place, for reading and writing; a shell that is told `>/dev/null` opens it for writing alone.
pub(crate) fn check_stdout_is_open() -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &str| std::fs::metadata(path).ok().map(|metadata| metadata.rdev());
    let is_null = device("/proc/self/fd/1").is_some_and(|out| Some(out) == device("/dev/null"));
    let flags = std::fs::read_to_string("/proc/self/fdinfo/1").unwrap_or_default();
    let flags = flags.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    if is_null && flags.is_some_and(|flags| flags & 0o3 == 0o2) {
        return Err(Failure::CouldNotAsk(
            "stdout is closed: nothing was done, since nobody would see the result".to_owned(),
        ));
    }
    Ok(())
}

fn json<T: Serialize + ?Sized>(result: &T) -> Result<String, Failure> {
    let json = serde_json::to_string_pretty(result)
        .map_err(|error| Failure::Refused(format!("the result is no JSON: {error}")))?;
    Ok(invisible::escaped_json(&json).into_owned())
}

fn write(mut page: String) -> std::io::Result<()> {
    if !page.ends_with('\n') && !page.is_empty() {
        page.push('\n');
    }
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(page.as_bytes()).and_then(|()| stdout.flush())
}

/// The text with control characters escaped: what came from outside must not steer a terminal.
pub(crate) fn plain(text: &str) -> String {
    let text = invisible::escaped(text);
    if !text.contains(terminal::is_mark) {
        return text.into_owned();
    }
    let escape = |it: char| match terminal::is_mark(it) {
        true => it.escape_default().to_string(),
        false => it.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_came_from_outside_does_not_steer_the_terminal() {
        assert_eq!(plain("订单\u{1b}[31m\nx"), "订单\\u{1b}[31m\\nx");
        assert_eq!(plain("\u{202e}00.1"), "\\u{202e}00.1");
    }
}
