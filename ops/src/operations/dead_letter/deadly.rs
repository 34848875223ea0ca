//! Letters of messages that killed workers: a replay leaves them out unless somebody wants it all the same.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use order::RejectionReason;

use super::{DeadLetter, short};

/// Whether the letter's message killed workers.
pub(crate) fn is_deadly(letter: &DeadLetter) -> bool {
    letter.reason.as_deref() == Some(RejectionReason::KillsWorkers.as_str())
}

/// Letters that are left out of a replay, as they are met.
#[derive(Debug, Default)]
pub(crate) struct DeadlyLetters(Mutex<DeadlyCount>);

#[derive(Debug, Default)]
struct DeadlyCount {
    letters: usize,
    ids: BTreeSet<String>,
}

impl DeadlyLetters {
    /// Notes a letter that is selected and left out.
    pub(crate) fn add(&self, id: &str) {
        let mut met = self.met();
        met.letters += 1;
        met.ids.insert(id.to_owned());
    }

    fn met(&self) -> MutexGuard<'_, DeadlyCount> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many.
    pub(crate) fn letters(&self) -> usize {
        self.met().letters
    }

    /// Their ids.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        self.met().ids.clone()
    }

    /// What to say of them; nothing where there are none.
    pub(crate) fn told(&self) -> Option<String> {
        let met = self.met();
        let first = short(met.ids.first()?);
        let (count, were, their) = match met.letters {
            1 => ("1 letter", "was", "its message"),
            several => (&*format!("{several} letters"), "were", "their messages"),
        };
        Some(format!(
            "{count} {were} left out, because {their} killed workers (kills_workers), for example {first}: a replay \
             kills them again. What to do instead stands in docs/troubleshooting.md under kills_workers; to try it \
             all the same repeat with --even-if-it-kills-workers"
        ))
    }
}
