//! One folder holds everything of one run: data, logs, configuration of its servers.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::process::ServerError;
use crate::program;
use crate::shifted_clock::{self, ShiftedClock};

/// The variable that marks every process of a folder; its value is the folder's path.
pub const FOLDER_VARIABLE: &str = "TESTKIT_FOLDER";

/// Set for servers only: they are ended last, after the command that uses them.
pub(crate) const SERVER_VARIABLE: &str = "TESTKIT_SERVER";

/// The file that says that a folder is testkit's and may be removed.
pub(crate) const OWNER_FILE: &str = "testkit-folder";

/// What is written to the watcher's pipe when the servers are to stay.
pub(crate) const KEEP: &[u8] = b"keep";

/// A fresh folder under the system's folder for temporary files, and the watcher that removes it.
///
/// When the value is dropped, or its process ends in any way, every process of the folder is ended
/// and the folder removed.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Variables that give its servers their clock; none for the machine's.
    clock: Mutex<Vec<(&'static str, OsString)>>,
    /// None once the folder is closed. The lock is held while a process is spawned, so that none
    /// can be spawned behind the watcher's back.
    watcher: Mutex<Option<Child>>,
}

impl Folder {
    /// Makes the folder and starts its watcher. Its servers will have the clock of this process.
    ///
    /// # Errors
    /// Not on Linux; the folder cannot be made; the `testkit` program is not beside this one.
    pub fn create() -> Result<Folder, ServerError> {
        Folder::with_clock(shifted_clock::inherited())
    }

    /// The same, for servers whose clock is this one.
    ///
    /// # Errors
    /// As [`create`](Folder::create), and libfaketime is not installed.
    pub fn create_shifted(clock: ShiftedClock) -> Result<Folder, ServerError> {
        Folder::with_clock(clock.environment()?)
    }

    fn with_clock(clock: Vec<(&'static str, OsString)>) -> Result<Folder, ServerError> {
        if !Path::new("/proc/self/environ").exists() {
            return Err(ServerError::Platform);
        }
        // One spelling of the path: it is the mark of the folder's processes.
        let path = std::env::temp_dir()
            .canonicalize()
            .and_then(|parent| tempfile::Builder::new().prefix("testkit-").tempdir_in(parent))
            .map_err(|error| ServerError::Folder { path: std::env::temp_dir(), error })?
            .keep();
        match watch(&path) {
            Ok(watcher) => {
                Ok(Folder { path, clock: Mutex::new(clock), watcher: Mutex::new(Some(watcher)) })
            }
            Err(error) => {
                // Nothing runs yet, and the error below matters more than a leftover.
                let _ = std::fs::remove_dir_all(&path);
                Err(ServerError::Folder { path, error })
            }
        }
    }

    /// Servers that are started from now on have this clock; `None`: that of this process.
    ///
    /// # Errors
    /// libfaketime is not installed.
    pub fn set_clock(&self, clock: Option<ShiftedClock>) -> Result<(), ServerError> {
        let environment = match clock {
            Some(clock) => clock.environment()?,
            None => shifted_clock::inherited(),
        };
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = environment;
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its owner is root: MariaDB wants to be told.
    pub(crate) fn is_roots(&self) -> bool {
        self.path.metadata().is_ok_and(|metadata| metadata.uid() == 0)
    }

    /// A command for a server of this folder: an environment that does not depend on the user's but
    /// for the clock, no input, and a process group of its own, so that Ctrl-C on the terminal does not reach it
    /// before the programs that use it.
    pub(crate) fn server_command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        command
            .env_clear()
            .env("PATH", crate::installed::search_path())
            .env("HOME", &self.path)
            .env("LANG", "C.UTF-8")
            .envs(clock.iter().map(|(name, value)| (name, value)))
            .env(FOLDER_VARIABLE, &self.path)
            .env(SERVER_VARIABLE, "1")
            .current_dir(&self.path)
            .stdin(Stdio::null())
            .process_group(0);
        command
    }

    /// Starts a process of this folder, unless the folder is closed.
    pub(crate) fn spawn(&self, mut command: Command) -> Result<Child, ServerError> {
        let watcher = self.lock();
        if watcher.is_none() {
            return Err(ServerError::Closed);
        }
        let program = PathBuf::from(command.get_program());
        command.spawn().map_err(|error| ServerError::Spawn { program, error })
    }

    /// Ends every process of the folder and removes it; returns when that is done.
    /// Closing twice does nothing.
    pub fn close(&self) {
        self.release(b"");
    }

    /// Leaves the servers running and the folder in place; `testkit stop FOLDER` ends them.
    pub fn keep(&self) {
        self.release(KEEP);
    }

    fn release(&self, word: &[u8]) {
        let mut watcher = self.lock();
        if let Some(mut watcher) = watcher.take() {
            if let Some(mut pipe) = watcher.stdin.take() {
                // A watcher that is gone cannot be told anything; waiting below notices.
                let _ = pipe.write_all(word);
            }
            let _ = watcher.wait();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Child>> {
        // The value is a plain Option: a panic elsewhere cannot leave it half changed.
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.close();
    }
}

fn watch(folder: &Path) -> std::io::Result<Child> {
    std::fs::write(folder.join(OWNER_FILE), "made by testkit, removed by `testkit stop`\n")?;
    let testkit = program::find("testkit")
        .map_err(|missing| std::io::Error::new(std::io::ErrorKind::NotFound, missing))?;
    Command::new(testkit)
        .arg("reap")
        .arg(folder)
        // A run inside another run: the outer one must not end our watcher before our servers.
        .env_remove(FOLDER_VARIABLE)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
}
