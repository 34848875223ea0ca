//! One line when a server is away, one a minute while it stays away, and one when it is back.
//!
//! A program has many connections, and each of them fails while the server is away. They share one
//! [`Outage`], which decides what is logged, so an outage has the same few lines in every program and a
//! server that comes and goes cannot fill a log.

mod episode;

use std::fmt;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use tracing::{error, info, warn};

pub use self::episode::REMINDER;
use self::episode::{Episodes, OutageLine};

/// Why a server cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutageKind {
    /// It does not answer; it can come back without anybody changing anything.
    Away,
    /// It answers and refuses this program: account, schema, virtual host, certificate. A person has to change
    /// something.
    Refuses,
}

/// What is known of one server, shared by all that use it.
#[derive(Debug)]
pub struct Outage {
    /// `the database`, `the broker`.
    server: &'static str,
    episodes: Mutex<Episodes>,
    is_silent: bool,
}

impl Outage {
    /// A server that has not failed yet; `server` begins its lines: `the database`.
    pub fn new(server: &'static str) -> Outage {
        Outage { server, episodes: Mutex::default(), is_silent: false }
    }

    /// The same for a program that reports the error itself: nothing is logged.
    pub fn silent(server: &'static str) -> Outage {
        Outage { is_silent: true, ..Outage::new(server) }
    }

    /// An attempt to connect failed. `reason` says to where, why, and what to do.
    pub fn attempt_failed(&self, kind: OutageKind, reason: &dyn fmt::Display) {
        let line = self.episodes().failed(kind, &reason.to_string(), Instant::now());
        self.write(line);
    }

    /// A connection that worked has ended. It is logged with what comes of the next attempt.
    pub fn connection_lost(&self, reason: &dyn fmt::Display) {
        self.episodes().lost(&reason.to_string(), Instant::now());
    }

    /// A connection was made.
    pub fn connected(&self) {
        let line = self.episodes().connected(Instant::now());
        self.write(line);
    }

    /// Why no connection can be made at the moment.
    pub fn reason(&self) -> Option<String> {
        self.state().map(|(_, reason)| reason)
    }

    /// The same, with its kind.
    pub fn state(&self) -> Option<(OutageKind, String)> {
        self.episodes().state()
    }

    fn episodes(&self) -> MutexGuard<'_, Episodes> {
        self.episodes.lock()
    }

    /// `the database cannot be reached`, `the broker cannot be reached`, and what follows.
    fn write(&self, line: Option<OutageLine>) {
        let server = self.server;
        match line {
            _ if self.is_silent => {}
            None => {}
            Some(OutageLine::Began { kind: OutageKind::Away, reason, lost, left_out }) => {
                let left_out = some(left_out);
                warn!(
                    reason,
                    lost,
                    left_out,
                    "{server} cannot be reached; it is tried again until it answers"
                );
            }
            Some(OutageLine::Began { kind: OutageKind::Refuses, reason, left_out, .. }) => {
                let left_out = some(left_out);
                error!(
                    reason,
                    left_out,
                    "{server} refuses this program: the reason says what to correct; it is tried again"
                );
            }
            Some(OutageLine::GoesOn { kind: OutageKind::Away, reason, lasted }) => {
                warn!(reason, seconds = lasted.as_secs(), "{server} still cannot be reached");
            }
            Some(OutageLine::GoesOn { kind: OutageKind::Refuses, reason, lasted }) => {
                error!(reason, seconds = lasted.as_secs(), "{server} still refuses this program");
            }
            Some(OutageLine::Ended { lasted }) => {
                info!("{server} answers again after {}", shown(lasted));
            }
            Some(OutageLine::Short { reason, lasted, left_out }) => warn!(
                reason,
                left_out = some(left_out),
                "a connection to {server} was lost, and was restored after {}",
                shown(lasted)
            ),
        }
    }
}

/// A number that a line shows only where it says something.
fn some(left_out: u32) -> Option<u32> {
    (left_out > 0).then_some(left_out)
}

/// Whole seconds; below ten with one decimal.
fn shown(lasted: Duration) -> String {
    let (seconds, tenths) = (lasted.as_secs(), lasted.subsec_millis() / 100);
    if seconds < 10 { format!("{seconds}.{tenths} s") } else { format!("{seconds} s") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    #[test]
    fn lengths_of_time() {
        for (milliseconds, text) in [
            (0, "0.0 s"),
            (999, "0.9 s"),
            (9_999, "9.9 s"),
            (10_900, "10 s"),
            (3_600_000, "3600 s"),
        ] {
            assert_eq!(super::shown(Duration::from_millis(milliseconds)), text);
        }
    }
}
