//! Notes on a letter, or on all letters with its cause.

use std::collections::BTreeSet;

use serde::Serialize;
use store::MysqlConnection;
use store::dead_letter::note::{self, NoteSubject};
use store::dead_letter::{self, LetterSearch};

use crate::failure::Failure;

/// What is noted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoteOn {
    /// This letter alone.
    Letter,
    /// All letters with its cause, those that die later too.
    Group,
}

/// A note that was added.
#[derive(Debug, Serialize)]
pub(crate) struct AddedNote {
    /// The letter that was named.
    pub(crate) id: String,
    /// Whether the note is on its group.
    pub(crate) group: bool,
}

/// Adds a note. `id`: of a letter in the queue, or how its id begins.
pub(crate) fn add_note(
    connection: &mut MysqlConnection,
    id: &str,
    on: NoteOn,
    text: &str,
    by: &str,
) -> Result<AddedNote, Failure> {
    let search = LetterSearch { ids: BTreeSet::from([id.to_owned()]), ..LetterSearch::default() };
    let Some(letter) = dead_letter::list(connection, &search, 0, 1)?.into_iter().next() else {
        return Err(Failure::Refused(format!("there is no dead letter {id}")));
    };
    let subject = match on {
        NoteOn::Letter => NoteSubject::Letter(&letter.message_id),
        NoteOn::Group => NoteSubject::Group(&letter.cause),
    };
    note::add(connection, subject, text, by)?;
    Ok(AddedNote { id: letter.message_id, group: on == NoteOn::Group })
}
