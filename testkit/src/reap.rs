//! Ending every process of a folder, and the folder.

use std::ffi::OsString;
use std::io::{Error, Read, Result};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use crate::folder::{FOLDER_VARIABLE, KEEP, OWNER_FILE, SERVER_VARIABLE};

/// How long the command and what it started may take to end after SIGTERM.
const COMMAND_GRACE: Duration = Duration::from_secs(5);
/// How long killed servers may take to disappear.
const SERVER_GRACE: Duration = Duration::from_secs(10);
/// How often `/proc` is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A process that carries a folder's name.
#[derive(Debug, Clone, Copy)]
struct Marked {
    pid: Pid,
    server: bool,
}

/// The watcher: waits until standard input closes, then ends the folder, unless it was told to
/// keep it. Signals that a terminal or an impatient caller sends are left pending for ever.
///
/// # Errors
/// As [`end`].
pub fn watch(folder: &Path) -> Result<()> {
    SigSet::all().thread_block()?;
    let mut word = Vec::new();
    std::io::stdin().read_to_end(&mut word)?;
    if word == KEEP {
        return Ok(());
    }
    end(folder)
}

/// Ends what runs in the folder and removes it: first the command and its children with SIGTERM
/// (SIGKILL after 5 seconds), then the servers with SIGKILL, since their data goes anyway.
///
/// # Errors
/// The folder is not testkit's, a process does not end, or the folder cannot be removed.
pub fn end(folder: &Path) -> Result<()> {
    let folder = &folder.canonicalize()?;
    if !folder.join(OWNER_FILE).exists() {
        return Err(Error::other(format!("{} was not made by testkit", folder.display())));
    }
    if !end_marked(folder, false, Signal::SIGTERM, COMMAND_GRACE)? {
        end_marked(folder, false, Signal::SIGKILL, COMMAND_GRACE)?;
    }
    if !end_marked(folder, true, Signal::SIGKILL, SERVER_GRACE)? {
        return Err(Error::other(format!("processes of {} do not end", folder.display())));
    }
    std::fs::remove_dir_all(folder)
}

/// Signals until no process is left; false when the time is over.
fn end_marked(folder: &Path, servers: bool, signal: Signal, grace: Duration) -> Result<bool> {
    let limit = Instant::now() + grace;
    let mut told = Vec::new();
    loop {
        let left: Vec<Marked> =
            marked(folder)?.into_iter().filter(|process| process.server == servers).collect();
        if left.is_empty() {
            return Ok(true);
        }
        if Instant::now() > limit {
            return Ok(false);
        }
        for process in left {
            // SIGTERM once: our programs take a second one as "at once".
            if signal == Signal::SIGKILL || !told.contains(&process.pid) {
                told.push(process.pid);
                // It may have ended in between.
                let _ = kill(process.pid, signal);
                // A paused process would not hear SIGTERM.
                let _ = kill(process.pid, Signal::SIGCONT);
            }
        }
        sleep(LOOK);
    }
}

/// Every process whose environment names the folder, except this one. A process that has ended and
/// was not waited for has an empty environment and does not count.
fn marked(folder: &Path) -> Result<Vec<Marked>> {
    let mut mark = OsString::from(format!("{FOLDER_VARIABLE}="));
    mark.push(folder);
    let server = format!("{SERVER_VARIABLE}=1");
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        if pid.unsigned_abs() == std::process::id() {
            continue;
        }
        // Other users' processes cannot be read, and are not ours.
        let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
        let has = |wanted: &[u8]| environment.split(|byte| *byte == 0).any(|one| one == wanted);
        if has(mark.as_bytes()) {
            found.push(Marked { pid: Pid::from_raw(pid), server: has(server.as_bytes()) });
        }
    }
    Ok(found)
}
