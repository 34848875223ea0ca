//! `testkit run`: servers, then the command, then the end of both.

use std::ffi::OsString;
use std::future::pending;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use testkit::{BrokerKind, DatabaseKind, Folder, Servers, Wanted};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use crate::{Only, Run};

/// How long the command may take to end after it was told to.
const GRACE: Duration = Duration::from_secs(30);

#[expect(clippy::print_stderr, reason = "progress of a program is on standard error")]
fn say(line: &str) {
    eprintln!("testkit: {line}");
}

/// Runs the command and returns its exit code; 128 and the signal's number when a signal ended it.
pub(crate) fn run(arguments: &Run) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(run_with_servers(arguments));
    // An interrupted start may still be busy with its last look at a log.
    runtime.shutdown_background();
    outcome
}

async fn run_with_servers(arguments: &Run) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::new()?;
    let wanted = wanted(arguments)?;
    testkit::check_given_servers().map_err(anyhow::Error::msg)?;
    if wanted.is_none() {
        say("using the servers of AMQP_URL and DATABASE_URL");
        return run_command(arguments, &[], &mut signals).await;
    }

    say(&format!("starting {}", wanted.names()));
    let folder = Arc::new(match arguments.clock {
        Some(clock) => Folder::create_shifted(clock)?,
        None => Folder::create()?,
    });
    let starting = folder.clone();
    let start =
        tokio::task::spawn_blocking(move || Servers::start(starting, wanted, |line| say(&line)));
    let servers = tokio::select! {
        servers = start => servers.context("starting servers")??,
        signal = signals.next() => {
            folder.close();
            return Ok(code_of_signal(signal));
        }
    };
    let mut environment: Vec<(String, OsString)> = servers
        .environment()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    if let Some(clock) = arguments.clock {
        say(&format!("the clock of servers and tests is {clock} s away"));
        environment.push(clock.cargo_runner()?);
    }
    let outcome = run_command(arguments, &environment, &mut signals).await;
    if arguments.keep && arguments.untold {
        folder.keep();
    } else if arguments.keep {
        folder.keep();
        say(&format!("left running in {}", folder.path().display()));
        for (name, value) in servers.environment() {
            say(&format!("  export {name}={value}"));
        }
        let testkit = std::env::current_exe()?;
        say(&format!("stop with  {} stop {}", testkit.display(), folder.path().display()));
    } else {
        folder.close();
    }
    outcome
}

fn wanted(arguments: &Run) -> anyhow::Result<Wanted> {
    let broker = arguments.broker.map_or_else(BrokerKind::selected, Ok)?;
    let database = arguments.database.map_or_else(DatabaseKind::selected, Ok)?;
    let mut wanted = Wanted::missing(broker, database);
    for (option, is_given, is_missing, variable) in [
        ("--broker", arguments.broker.is_some(), wanted.broker.is_some(), "AMQP_URL"),
        ("--database", arguments.database.is_some(), wanted.database.is_some(), "DATABASE_URL"),
    ] {
        ensure!(!is_given || is_missing, "{variable} is set, so {option} would start nothing");
    }
    if arguments.clock.is_some() {
        ensure!(
            wanted.database.is_some() && wanted.broker.is_some(),
            "--clock cannot shift servers that run already: unset AMQP_URL and DATABASE_URL"
        );
        ensure!(
            (database, broker) == (DatabaseKind::Installed, BrokerKind::Installed),
            "--clock shifts this machine's servers alone: leave --database and --broker out"
        );
    }
    match arguments.only {
        Some(Only::Broker) => wanted.database = None,
        Some(Only::Database) => wanted.broker = None,
        None => {}
    }
    Ok(wanted)
}

async fn run_command(
    arguments: &Run,
    environment: &[(String, OsString)],
    signals: &mut Signals,
) -> anyhow::Result<ExitCode> {
    // On a terminal the command shares our process group, so that it can read the terminal, and
    // Ctrl-C and Ctrl-Z reach it by themselves. Elsewhere it gets a group of its own, to which
    // signals are passed on: a signal to our whole group must not reach the command twice,
    // since a second signal means "at once".
    let shared = is_in_foreground();
    let mut command = Command::new(&arguments.command[0]);
    command
        .args(&arguments.command[1..])
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .kill_on_drop(true);
    if !shared {
        command.process_group(0);
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            say(&format!("{}: {error}", arguments.command[0]));
            return Ok(ExitCode::from(127));
        }
    };

    let mut limit = None;
    loop {
        let late = async {
            match limit {
                Some(limit) => sleep_until(limit).await,
                None => pending().await,
            }
        };
        tokio::select! {
            status = child.wait() => return Ok(code_of(status?)),
            signal = signals.next() => {
                let by_terminal = matches!(signal, Signal::SIGINT | Signal::SIGQUIT);
                if shared && by_terminal {
                    // The terminal has told the command too, and the command decides.
                    continue;
                }
                pass_on(&child, shared, signal);
                limit.get_or_insert_with(|| Instant::now() + GRACE);
            }
            () = late => {
                say(&format!("{} does not end: killed", arguments.command[0]));
                pass_on(&child, shared, Signal::SIGKILL);
                limit = None;
            }
        }
    }
}

fn pass_on(child: &Child, shared: bool, signal: Signal) {
    // None when it has ended: then there is nothing to tell.
    if let Some(pid) = child.id() {
        let pid = Pid::from_raw(pid.cast_signed());
        let _ = if shared { kill(pid, signal) } else { killpg(pid, signal) };
    }
}

/// Whether our process group is the terminal's foreground group: fields 5 and 8 of
/// `/proc/self/stat`, counted after the name, which may hold spaces (proc(5)).
fn is_in_foreground() -> bool {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return false };
    let Some((_, fields)) = stat.rsplit_once(')') else { return false };
    let fields: Vec<&str> = fields.split_whitespace().collect();
    matches!(fields[..], [_state, _parent, group, _session, _terminal, foreground, ..]
        if group == foreground)
}

fn code_of(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|number| 128 + number));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn code_of_signal(signal: Signal) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal as i32).unwrap_or(1))
}

/// The signals that ask a program to end.
struct Signals([(Signal, tokio::signal::unix::Signal); 4]);

impl Signals {
    fn new() -> std::io::Result<Signals> {
        let listen = |number: Signal| {
            signal(SignalKind::from_raw(number as i32)).map(|listener| (number, listener))
        };
        Ok(Signals([
            listen(Signal::SIGINT)?,
            listen(Signal::SIGTERM)?,
            listen(Signal::SIGHUP)?,
            listen(Signal::SIGQUIT)?,
        ]))
    }

    async fn next(&mut self) -> Signal {
        let [(int, on_int), (term, on_term), (hup, on_hup), (quit, on_quit)] = &mut self.0;
        tokio::select! {
            _ = on_int.recv() => *int,
            _ = on_term.recv() => *term,
            _ = on_hup.recv() => *hup,
            _ = on_quit.recv() => *quit,
        }
    }
}
