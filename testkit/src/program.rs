//! Our own programs as child processes.
#![expect(clippy::panic, reason = "made for tests: a program that does not start fails the test")]

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::output::Output;
use crate::wait::WAIT_LIMIT;

/// How long the rest of an ended program's output may take to arrive.
const REST: Duration = Duration::from_secs(1);
/// How often an ending program is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A running program of ours, killed when the value is dropped. What it writes to standard error is
/// collected, and shown when the value is dropped by a failing test.
///
/// It inherits the environment. A test that has a [`Sandbox`](crate::Sandbox) passes its
/// [`environment`](crate::Sandbox::environment) on: otherwise the program uses the servers' common
/// schema and vhost.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    output: Output,
    /// None when it goes to a file.
    errors: Option<Output>,
    /// Left alone when the value is dropped.
    left: bool,
}

impl Program {
    /// Starts `target/<profile>/NAME` of the build that this program belongs to.
    ///
    /// # Panics
    /// It is not built or does not start.
    pub fn start(name: &str, args: &[&str], envs: &[(&str, &str)]) -> Program {
        Program::spawn(name, args, envs, Stdio::piped())
    }

    /// The same, with standard error appended to a file: for a program that is to outlive this one
    /// (see [`leave`](Program::leave)), whose pipe would break.
    ///
    /// # Panics
    /// As [`start`](Program::start), and when the file cannot be written.
    pub fn start_with_log(name: &str, args: &[&str], envs: &[(&str, &str)], log: &Path) -> Program {
        match File::options().create(true).append(true).open(log) {
            Ok(file) => Program::spawn(name, args, envs, file.into()),
            Err(error) => panic!("{}: {error}", log.display()),
        }
    }

    fn spawn(name: &str, args: &[&str], envs: &[(&str, &str)], errors: Stdio) -> Program {
        let mut command = command(name, args, envs);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let Some(output) = child.stdout.take().map(Output::of) else {
            panic!("{name} has no standard output");
        };
        let errors = child.stderr.take().map(Output::of);
        Program { name: name.to_owned(), child, output, errors, left: false }
    }

    /// Waits for a line on standard output that begins with `prefix` and returns it without its
    /// line end. Lines before it are passed over; a second call looks at what follows.
    ///
    /// # Panics
    /// The program ends first, or [`WAIT_LIMIT`] is over.
    pub fn wait_for_line(&mut self, prefix: &str) -> String {
        self.wait_for_output(prefix, |line| line.starts_with(prefix))
    }

    /// Waits for the line by which a program of ours says that it is ready, such as
    /// `ingress ready listen=127.0.0.1:8080`.
    ///
    /// # Panics
    /// As [`wait_for_line`](Program::wait_for_line).
    pub fn wait_until_ready(&mut self) -> ReadyLine {
        ReadyLine(self.wait_for_output("ready", |line| line.split(' ').nth(1) == Some("ready")))
    }

    fn wait_for_output(&mut self, what: &str, is_wanted: impl Fn(&str) -> bool) -> String {
        if let Some(line) = self.output.take_until(is_wanted, WAIT_LIMIT) {
            return line;
        }
        // Its output ends a moment before it does.
        let began = Instant::now();
        while self.output.has_ended() && began.elapsed() < REST {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("{} ended with {status} before `{what}`", self.name);
            }
            sleep(POLL_INTERVAL);
        }
        panic!("{} did not print `{what}` within {WAIT_LIMIT:?}", self.name);
    }

    /// Waits until a line on standard error holds `text`, and returns that line. A line that came before
    /// counts, too.
    ///
    /// # Panics
    /// The program ends first, or [`WAIT_LIMIT`] is over.
    pub fn wait_for_log(&self, text: &str) -> String {
        let errors = self.errors.as_ref();
        errors
            .and_then(|errors| errors.wait_for(text, WAIT_LIMIT))
            .unwrap_or_else(|| panic!("{} does not log `{text}`", self.name))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGKILL, and waits for the end.
    pub fn kill(&mut self) {
        // Both fail only when it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM.
    pub fn terminate(&mut self) {
        self.signal(Signal::SIGTERM);
    }

    /// SIGSTOP: it keeps its connections and does nothing.
    pub fn pause(&mut self) {
        self.signal(Signal::SIGSTOP);
    }

    /// SIGCONT.
    pub fn resume(&mut self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&mut self, signal: Signal) {
        // Only while it was not waited for: the number could be another's afterwards.
        if self.is_running() {
            let _ = kill(Pid::from_raw(self.child.id().cast_signed()), signal);
        }
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It does not end within [`WAIT_LIMIT`].
    pub fn wait(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    for stream in [Some(&self.output), self.errors.as_ref()].into_iter().flatten() {
                        stream.wait_end(REST);
                    }
                    return status;
                }
                Ok(None) if began.elapsed() < WAIT_LIMIT => sleep(POLL_INTERVAL),
                Ok(None) => panic!("{} does not end within {WAIT_LIMIT:?}", self.name),
                Err(error) => panic!("{} cannot be waited for: {error}", self.name),
            }
        }
    }

    /// What it has written to standard error until now; the last 5,000 lines.
    pub fn stderr(&self) -> String {
        self.errors.as_ref().map(Output::text).unwrap_or_default()
    }

    /// Leaves it running when this program ends.
    pub fn leave(mut self) {
        self.left = true;
    }
}

impl Drop for Program {
    #[expect(clippy::print_stderr, reason = "the test runner shows it beside the failed test")]
    fn drop(&mut self) {
        if self.left {
            return;
        }
        self.kill();
        if std::thread::panicking()
            && let Some(errors) = &self.errors
        {
            errors.wait_end(REST);
            eprintln!("--- standard error of {} ({}):\n{}---", self.name, self.id(), errors.text());
        }
    }
}

/// The line by which a program says that it is ready, and where it listens.
#[derive(Debug, Clone)]
pub struct ReadyLine(String);

impl ReadyLine {
    /// The value of `name=value`.
    ///
    /// # Panics
    /// The line has none.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        let mut words = self.0.split_whitespace();
        words
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
            .unwrap_or_else(|| panic!("no {name} in `{self}`"))
    }
}

impl fmt::Display for ReadyLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Runs `target/<profile>/NAME` to its end and returns what it wrote.
///
/// # Panics
/// It is not built or does not start.
pub fn run_program(name: &str, args: &[&str], envs: &[(&str, &str)]) -> std::process::Output {
    match command(name, args, envs).stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => panic!("{name} does not start: {error}"),
    }
}

fn command(name: &str, args: &[&str], envs: &[(&str, &str)]) -> Command {
    let program = find(name).unwrap_or_else(|missing| panic!("{missing}"));
    let mut command = Command::new(program);
    command.args(args).envs(envs.iter().copied());
    command
}

/// The program beside this one. Tests and examples are one folder deeper than programs.
pub(crate) fn find(name: &str) -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let folders = this.ancestors().skip(1).take(2);
    folders.map(|folder| folder.join(name)).find(|program| program.is_file()).ok_or_else(|| {
        format!(
            "{name} is not beside {}: cargo build --workspace --bins first (make test does)",
            this.display()
        )
    })
}
