//! A server as a child process.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::folder::Folder;

/// How many lines of a log an error shows.
const TAIL: usize = 25;
/// How often a starting or stopping server is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// A program is not installed.
    #[error("{program} is not installed: run scripts/install-services (package {package})")]
    Missing {
        /// Its name.
        program: String,
        /// Debian's package that holds it.
        package: &'static str,
    },
    /// A suite of other versions is not installed, or lacks the program.
    #[error(
        "Debian {suite} with its servers is not in {}: run scripts/install-other-servers {suite}",
        folder.display()
    )]
    MissingSuite {
        /// Its name.
        suite: &'static str,
        /// Where it would be.
        folder: PathBuf,
    },
    /// A variable names a server that is not known.
    #[error("{variable} is `{value}`; known are {known}")]
    Kind {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        known: String,
    },
    /// A program could not be started.
    #[error("{} does not start: {error}", program.display())]
    Spawn {
        /// Its path.
        program: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It ended while it was starting.
    #[error("{name} ended with {status} before it was ready; the end of its log:\n{tail}")]
    Ended {
        /// Which server.
        name: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        tail: String,
    },
    /// It was not ready in time.
    #[error("{name} was not ready after {seconds} s; the end of its log:\n{tail}")]
    Late {
        /// Which server.
        name: &'static str,
        /// How long it was given.
        seconds: u64,
        /// The last lines of its log.
        tail: String,
    },
    /// A running server says no to a command.
    #[error("`{command}` was refused: {words}")]
    Refused {
        /// What was asked.
        command: String,
        /// What it said.
        words: String,
    },
    /// No free port.
    #[error("no free port on 127.0.0.1 between 20000 and 32000")]
    NoPort,
    /// The folder is closed: nothing may start in it.
    #[error("interrupted")]
    Closed,
    /// A file of the folder.
    #[error("{}: {error}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Not Linux.
    #[error("private servers need Linux; set AMQP_URL and DATABASE_URL to servers that run")]
    Platform,
}

impl ServerError {
    /// Whether another process took the port first.
    pub(crate) fn is_port_clash(&self) -> bool {
        match self {
            ServerError::Ended { tail, .. } | ServerError::Late { tail, .. } => {
                ["eaddrinuse", "already in use", "in_use"].iter().any(|sign| tail.contains(sign))
            }
            _ => false,
        }
    }
}

/// A running server with its log.
#[derive(Debug)]
pub struct ServerProcess {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// Where this start's part of the log begins.
    log_start: u64,
}

impl ServerProcess {
    /// Starts a server whose output is appended to `log`.
    pub(crate) fn spawn(
        folder: &Arc<Folder>,
        name: &'static str,
        mut command: Command,
        log: &str,
    ) -> Result<ServerProcess, ServerError> {
        let log = folder.path().join(log);
        let files = || -> std::io::Result<(File, File, u64)> {
            let output = OpenOptions::new().create(true).append(true).open(&log)?;
            let start = output.metadata()?.len();
            Ok((output.try_clone()?, output, start))
        };
        let (output, errors, log_start) =
            files().map_err(|error| ServerError::Folder { path: log.clone(), error })?;
        command.stdout(output).stderr(errors);
        let child = folder.spawn(command)?;
        Ok(ServerProcess { name, child, log, log_start })
    }

    /// Waits until the log has a line that tells that it is ready.
    pub(crate) fn wait_ready(
        &mut self,
        tells: impl Fn(&str) -> bool,
        limit: Duration,
    ) -> Result<(), ServerError> {
        let began = Instant::now();
        loop {
            if self.logged().lines().any(&tells) {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(ServerError::Ended { name: self.name, status, tail: self.tail() });
            }
            if began.elapsed() > limit {
                return Err(self.late(limit));
            }
            sleep(POLL_INTERVAL);
        }
    }

    /// Waits until a program that prepares something has ended well.
    pub(crate) fn wait_end(mut self, limit: Duration) -> Result<(), ServerError> {
        let began = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => {
                    return Err(ServerError::Ended { name: self.name, status, tail: self.tail() });
                }
                _ if began.elapsed() > limit => return Err(self.late(limit)),
                _ => sleep(POLL_INTERVAL),
            }
        }
    }

    fn late(&mut self, limit: Duration) -> ServerError {
        self.kill();
        ServerError::Late { name: self.name, seconds: limit.as_secs(), tail: self.tail() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGTERM, and SIGKILL when it has not ended after `grace`.
    pub(crate) fn stop(&mut self, grace: Duration) {
        self.signal(Signal::SIGTERM);
        let began = Instant::now();
        while self.is_running() {
            if began.elapsed() > grace {
                self.kill();
            }
            sleep(POLL_INTERVAL);
        }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        // Both fail only when it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn signal(&mut self, signal: Signal) {
        // Only while it was not waited for: the number could be another's afterwards.
        if self.is_running() {
            let _ = kill(Pid::from_raw(self.child.id().cast_signed()), signal);
        }
    }

    /// What was logged since this start.
    fn logged(&self) -> String {
        let mut text = Vec::new();
        if let Ok(mut file) = File::open(&self.log) {
            // A log that cannot be read is an empty one: the wait above ends late, and says so.
            let _ = file
                .seek(SeekFrom::Start(self.log_start))
                .and_then(|_| file.read_to_end(&mut text));
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    fn tail(&self) -> String {
        let text = self.logged();
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(TAIL);
        lines[from..].iter().map(|line| format!("    {line}\n")).collect()
    }
}

/// Writes a file, with its path in the error.
pub(crate) fn write(path: PathBuf, text: &str) -> Result<(), ServerError> {
    std::fs::write(&path, text).map_err(|error| ServerError::Folder { path, error })
}

/// Makes an empty folder where one may have been.
pub(crate) fn fresh_folder(path: PathBuf) -> Result<(), ServerError> {
    // Usually there is none.
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir(&path).map_err(|error| ServerError::Folder { path, error })
}
