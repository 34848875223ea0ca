//! A clock that is not the machine's: for tests that must hold on another day.
//!
//! Debian's `libfaketime`, loaded into a process by `LD_PRELOAD`, adds a number of seconds to what the
//! system's clock says. The monotonic clock stays as it is, since waits and time limits count by it, and
//! so do the times of files.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::process::ServerError;

/// Variables of libfaketime: what a server's cleared environment keeps.
const VARIABLES: [&str; 4] =
    ["LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC", "NO_FAKE_STAT"];

/// MariaDB refuses to start after January 2038.
const MAX_SHIFT: i64 = 10 * 365 * DAY;
const DAY: i64 = 24 * 60 * 60;

/// How far a clock is moved, in whole seconds: `+400d`, `-30d`, `+2y` (365 days a year), `+90m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShiftedClock {
    seconds: i64,
}

/// A text that is no [`ShiftedClock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a sign, a whole number and one of s m h d y, such as +400d or -30d; 10 years at most"
)]
pub struct ShiftedClockError;

impl FromStr for ShiftedClock {
    type Err = ShiftedClockError;

    fn from_str(text: &str) -> Result<ShiftedClock, ShiftedClockError> {
        let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(rest), _) => (1, rest),
            (_, Some(rest)) => (-1, rest),
            _ => return Err(ShiftedClockError),
        };
        let unit_at = rest.char_indices().next_back().map_or(0, |(at, _)| at);
        let (number, unit) = rest.split_at(unit_at);
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => DAY,
            "y" => 365 * DAY,
            _ => return Err(ShiftedClockError),
        };
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ShiftedClockError);
        }
        let number: i64 = number.parse().map_err(|_| ShiftedClockError)?;
        match number.checked_mul(unit) {
            Some(seconds) if seconds <= MAX_SHIFT => Ok(ShiftedClock { seconds: sign * seconds }),
            _ => Err(ShiftedClockError),
        }
    }
}

/// As libfaketime reads it.
impl fmt::Display for ShiftedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:+}", self.seconds)
    }
}

impl ShiftedClock {
    /// So many hours ahead of this process, whose clock may be shifted itself.
    #[must_use]
    pub fn hours_ahead(hours: i64) -> ShiftedClock {
        let own = std::env::var("FAKETIME").ok().and_then(|own| own.parse::<i64>().ok());
        ShiftedClock { seconds: own.unwrap_or(0) + hours * 60 * 60 }
    }

    /// The variables that give a process this clock, and all that it starts.
    ///
    /// # Errors
    /// libfaketime is not installed.
    pub fn environment(self) -> Result<Vec<(&'static str, OsString)>, ServerError> {
        let values = [library()?.into_os_string(), self.to_string().into(), "1".into(), "1".into()];
        Ok(VARIABLES.into_iter().zip(values).collect())
    }

    /// The variable that makes `cargo test` and `cargo nextest` start test programs with this clock,
    /// while cargo and the compiler keep theirs: one that is ahead would make cargo build everything
    /// again, and clean its caches.
    ///
    /// # Errors
    /// As [`environment`](ShiftedClock::environment).
    pub fn cargo_runner(self) -> Result<(String, OsString), ServerError> {
        let environment = if cfg!(target_env = "musl") { "MUSL" } else { "GNU" };
        let machine = std::env::consts::ARCH.to_uppercase();
        let mut runner = OsString::from("env");
        for (name, value) in self.environment()? {
            runner.push(format!(" {name}="));
            runner.push(value);
        }
        Ok((format!("CARGO_TARGET_{machine}_UNKNOWN_LINUX_{environment}_RUNNER"), runner))
    }
}

/// The variables of the clock that this process was started with; none with the machine's clock.
pub(crate) fn inherited() -> Vec<(&'static str, OsString)> {
    if std::env::var_os("FAKETIME").is_none() {
        return Vec::new();
    }
    VARIABLES.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))).collect()
}

/// Removes what libfaketime keeps in shared memory for processes that were killed; it names it by them.
pub(crate) fn remove_leftovers() {
    let Ok(entries) = std::fs::read_dir("/dev/shm") else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| {
            name.strip_prefix("faketime_shm_").or(name.strip_prefix("sem.faketime_sem_"))
        });
        if let Some(process) = process
            && process.parse::<u32>().is_ok()
            && !Path::new("/proc").join(process).exists()
        {
            // What belongs to another user stays.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn library() -> Result<PathBuf, ServerError> {
    let machine = std::env::consts::ARCH;
    // The one for programs with several threads.
    [&format!("/usr/lib/{machine}-linux-gnu"), "/usr/lib64", "/usr/lib", "/usr/local/lib"]
        .into_iter()
        .map(|folder| PathBuf::from(folder).join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.is_file())
        .ok_or_else(|| ServerError::Missing {
            program: "libfaketime".into(),
            package: "libfaketime",
        })
}

#[cfg(test)]
mod tests {
    use super::ShiftedClock;

    #[test]
    fn what_is_a_shift_and_what_is_none() {
        for (text, seconds) in [
            ("+400d", "+34560000"),
            ("-30d", "-2592000"),
            ("+2y", "+63072000"),
            ("+90m", "+5400"),
            ("-1h", "-3600"),
            ("+0s", "+0"),
            ("+10y", "+315360000"),
        ] {
            let read: ShiftedClock = text.parse().unwrap();
            assert_eq!(read.to_string(), seconds, "{text}");
        }
        for text in [
            "",
            "+",
            "-",
            "d",
            "+d",
            "400d",
            "+400",
            "+400w",
            "+4 d",
            "+-4d",
            "++4d",
            "+1.5d",
            "tomorrow",
            "+11y",
            "-3651d",
            "+99999999999999999999d",
            "+9223372036854775807d",
            "+4天",
            "+４d",
            "٤d",
        ] {
            assert!(text.parse::<ShiftedClock>().is_err(), "{text}");
        }
    }
}
