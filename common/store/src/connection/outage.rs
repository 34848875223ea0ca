//! Says once that the database is away, then now and then, and once that it is back.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::{info, warn};

/// The pause between two lines of the log about one outage.
const REMINDER: Duration = Duration::from_secs(60);

/// Whether connections can be made.
#[derive(Debug, Default)]
pub(super) struct Outage(Mutex<Option<Since>>);

#[derive(Debug)]
struct Since {
    began: Instant,
    said: Instant,
    reason: String,
}

impl Outage {
    /// Another connection could not be made.
    pub(super) fn goes_on(&self, reason: &impl Display) {
        let now = Instant::now();
        let reason = reason.to_string();
        let mut outage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *outage {
            None => {
                warn!(reason, "the database cannot be reached");
                *outage = Some(Since { began: now, said: now, reason });
            }
            Some(since) => {
                // Another reason is news.
                if since.reason != reason || now - since.said >= REMINDER {
                    let seconds = (now - since.began).as_secs();
                    warn!(reason, seconds, "the database still cannot be reached");
                    since.said = now;
                    since.reason = reason;
                }
            }
        }
    }

    /// One could be made.
    pub(super) fn ended(&self) {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(since) = ended {
            let seconds = since.began.elapsed().as_secs();
            info!(seconds, "the database answers again");
        }
    }

    /// Why connections cannot be made at the moment.
    pub(super) fn reason(&self) -> Option<String> {
        let outage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        outage.as_ref().map(|since| since.reason.clone())
    }
}
