//! The letters that an operator selects, read from their rows.

use std::collections::BTreeSet;

use store::dead_letter::{self, LetterKey, LetterSearch};
use store::{MysqlConnection, StoreError};

use super::poison::{PoisonLetters, is_poison};
use super::{is_meant, short};
use crate::plural::count;

/// What an operator asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct SelectedLetters {
    pub(crate) search: LetterSearch,
    /// Also those of messages that killed workers.
    pub(crate) even_if_poison: bool,
}

/// What there is of it.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// The letters, the one that was received first first; an id stands for all its copies.
    pub(crate) letters: Vec<LetterKey>,
    /// Those that match and are left out, since their messages killed workers.
    pub(crate) left_out: PoisonLetters,
    /// Ids that were named and that no letter has.
    pub(crate) missing: BTreeSet<String>,
}

impl SelectedLetters {
    /// Reads what is selected now.
    pub(crate) fn read(&self, connection: &mut MysqlConnection) -> Result<Selection, StoreError> {
        let mut selection = Selection::default();
        let named = &self.search.ids;
        selection.missing.clone_from(named);
        for letter in dead_letter::keys(connection, &self.search)? {
            selection.missing.retain(|id| !is_meant(id, &letter.message_id));
            if !self.even_if_poison && is_poison(letter.reason.as_deref()) {
                selection.left_out.add(&letter);
            } else {
                selection.letters.push(letter);
            }
        }
        Ok(selection)
    }
}

impl Selection {
    /// How many letters, with their copies.
    pub(crate) fn copies(&self) -> usize {
        self.letters.iter().map(copies).sum()
    }

    /// Whether nothing is selected, and nothing was left out.
    pub(crate) fn is_empty(&self) -> bool {
        self.letters.is_empty() && self.left_out.letters == 0
    }

    /// The ids of the letters.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.letters.iter().map(|letter| letter.message_id.as_str())
    }

    /// What to say of letters that were not met in the queue; nothing where all were.
    pub(crate) fn not_in_queue(&self, is_met: impl Fn(&LetterKey) -> bool) -> Option<String> {
        let missing: Vec<&LetterKey> = self.letters.iter().filter(|it| !is_met(it)).collect();
        let first = short(&missing.first()?.message_id);
        let count = count(missing.len(), "letter");
        Some(format!(
            "{count} of which there is a row could not be found in the queue, for example {first}: another program holds or \
             has taken out letters; `ops dlq sync` corrects the rows"
        ))
    }
}

/// How many letters have this id.
pub(crate) fn copies(letter: &LetterKey) -> usize {
    usize::try_from(letter.copies).unwrap_or_default()
}
