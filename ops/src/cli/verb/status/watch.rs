//! `ops status --watch`: one look after another.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use service::invisible;

use super::screen;
use super::terminal_mode::{PressedKey, TerminalMode};
use crate::cli::context::Context;
use crate::cli::output::Output;
use crate::cli::terminal;
use crate::failure::Failure;
use crate::operations::overview::Overview;
use crate::operations::overview::broker::KnownBroker;

/// How often a key is looked for while a look is under way.
const KEYS: Duration = Duration::from_millis(100);

/// Looks every so many seconds until `looks` are over, or the user ends it.
pub(super) fn watch(context: &Context, seconds: u64, looks: Option<u32>) -> Result<(), Failure> {
    let every = Duration::from_secs(seconds);
    let on_screen = context.output == Output::Table && std::io::stdout().is_terminal();
    let mode = if on_screen { Some(TerminalMode::enter().map_err(stdout)?) } else { None };
    let (mut before, mut known, mut looked) = (None, KnownBroker::default(), 0);
    loop {
        let began = Instant::now();
        let asked = std::thread::scope(|scope| {
            let asking = scope
                .spawn(|| context.block_on(Overview::look(context, &mut known, before.as_ref())));
            while let (Some(mode), false) = (&mode, asking.is_finished()) {
                if mode.key(KEYS) == Some(PressedKey::End) {
                    // A server that does not answer would keep us for some seconds. Nothing is half done.
                    mode.leave();
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "the scope would wait for the server"
                    )]
                    std::process::exit(0);
                }
            }
            asking.join()
        });
        let overview = asked.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        match &mode {
            Some(mode) => {
                mode.draw(&screen::page(&overview, every, screen::size())).map_err(stdout)?;
            }
            None => print(context, &overview, every)?,
        }
        looked += 1;
        if looks.is_some_and(|most| looked >= most) {
            drop(mode);
            return overview.check();
        }
        before = Some(overview);
        let rest = every.saturating_sub(began.elapsed());
        match &mode {
            Some(mode) => {
                if mode.key(rest) == Some(PressedKey::End) {
                    return Ok(());
                }
            }
            None => std::thread::sleep(rest),
        }
    }
}

/// A look where nothing is drawn over: JSON in one line, or a block of text.
fn print(context: &Context, overview: &Overview, every: Duration) -> Result<(), Failure> {
    let page = match context.output {
        Output::Json => {
            let json = serde_json::to_string(overview)
                .map_err(|error| Failure::Refused(format!("the result is no JSON: {error}")))?;
            invisible::escaped_json(&json).into_owned()
        }
        Output::Table => {
            let seconds = every.as_secs();
            let text = format!(
                "{}  (every {seconds} s, Ctrl-C ends)\n\n{}\n",
                overview.at,
                overview.text()
            );
            terminal::render(&text, false, |part| invisible::escaped_lines(part).into_owned())
        }
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{page}").and_then(|()| out.flush()).map_err(stdout)
}

fn stdout(error: std::io::Error) -> Failure {
    Failure::CouldNotAsk(format!("stdout: {error}"))
}
