//! Poison letters: their messages killed workers. A replay leaves them out unless an operator asks for them.

use std::collections::BTreeSet;

use order::RejectionReason;
use store::dead_letter::LetterKey;

use super::selection::copies;
use super::short;

/// Whether a letter with this reason killed workers.
pub(crate) fn is_poison(reason: Option<&str>) -> bool {
    reason == Some(RejectionReason::KillsWorkers.as_str())
}

/// Letters that are left out of a replay.
#[derive(Debug, Default)]
pub(crate) struct PoisonLetters {
    pub(crate) letters: usize,
    /// Copies of a message have one id.
    ids: BTreeSet<String>,
}

impl PoisonLetters {
    /// Notes letters that are selected and left out.
    pub(crate) fn add(&mut self, letter: &LetterKey) {
        self.letters += copies(letter);
        self.ids.insert(letter.message_id.clone());
    }

    /// Why they are left out; nothing where there are none.
    pub(crate) fn text(&self) -> Option<String> {
        let first = short(self.ids.first()?);
        let (count, were, their) = match self.letters {
            1 => ("1 letter", "was", "its message"),
            several => (&*format!("{several} letters"), "were", "their messages"),
        };
        Some(format!(
            "{count} {were} left out, because {their} killed workers (kills_workers), for example {first}: a replay \
             kills them again. docs/troubleshooting.md says under kills_workers what to do instead; to try it \
             anyway, repeat with --even-if-it-kills-workers"
        ))
    }
}
