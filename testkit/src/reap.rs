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
use crate::shifted_clock;

/// How long the command and what it started may take to end after SIGTERM.
const COMMAND_GRACE: Duration = Duration::from_secs(5);
/// How long killed servers may take to disappear.
const SERVER_GRACE: Duration = Duration::from_secs(10);
/// How often `/proc` is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How often processes are looked at whose environment is empty. While a process executes another
/// program its environment is empty for a moment; some processes never have one.
const EMPTY_LOOKS: u32 = 5;

/// What a look at all processes found.
#[derive(Debug, Default)]
struct FoundProcesses {
    /// The command and what it started.
    command: Vec<Pid>,
    /// Servers.
    servers: Vec<Pid>,
    /// Whether a process has an empty environment.
    empty: bool,
}

/// The watcher: waits until standard input closes, then ends the folder, unless it was told to
/// keep it. Signals that a terminal or an impatient caller sends are left pending forever.
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
    shifted_clock::remove_leftovers();
    std::fs::remove_dir_all(folder)
}

/// Signals until no process is left; false when the time is over.
fn end_marked(folder: &Path, servers: bool, signal: Signal, grace: Duration) -> Result<bool> {
    let limit = Instant::now() + grace;
    let mut told = Vec::new();
    let mut empty_looks = 0;
    loop {
        let found = look(folder)?;
        let left = if servers { found.servers } else { found.command };
        if left.is_empty() {
            if !found.empty || empty_looks == EMPTY_LOOKS {
                return Ok(true);
            }
            empty_looks += 1;
        }
        if Instant::now() > limit {
            return Ok(false);
        }
        for pid in left {
            // SIGTERM once: our programs take a second one as "at once".
            if signal == Signal::SIGKILL || !told.contains(&pid) {
                told.push(pid);
                // It may have ended in between.
                let _ = kill(pid, signal);
                // A paused process would not hear SIGTERM.
                let _ = kill(pid, Signal::SIGCONT);
            }
        }
        sleep(POLL_INTERVAL);
    }
}

/// Finds the processes whose environment names the folder, except this one.
fn look(folder: &Path) -> Result<FoundProcesses> {
    let mut mark = OsString::from(format!("{FOLDER_VARIABLE}="));
    mark.push(folder);
    let server = format!("{SERVER_VARIABLE}=1");
    let mut found = FoundProcesses::default();
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
            let kind = if has(server.as_bytes()) { &mut found.servers } else { &mut found.command };
            kind.push(Pid::from_raw(pid));
        } else if environment.is_empty() {
            // Neither a kernel's thread nor a process that has ended has a program.
            found.empty |= entry.path().join("exe").read_link().is_ok();
        }
    }
    Ok(found)
}
