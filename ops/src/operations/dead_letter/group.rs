//! Dead letters with the same cause.

use std::collections::BTreeMap;

use serde::Serialize;
use store::dead_letter::note::{self, NoteRow};
use store::dead_letter::{self, LetterGroup, LetterSearch};
use store::{BeijingTime, MysqlConnection, StoreError};

/// Letters that died for the same reason with the same kind of error.
#[derive(Debug, Serialize)]
pub(crate) struct Group {
    pub(crate) reason: Option<String>,
    /// The error without what differs from letter to letter.
    pub(crate) fingerprint: String,
    pub(crate) letters: i64,
    /// How many orders they are about.
    pub(crate) orders: i64,
    pub(crate) first_died: Option<BeijingTime>,
    pub(crate) last_died: Option<BeijingTime>,
    /// Versions of the workers that gave them up.
    pub(crate) worker_versions: Vec<String>,
    /// The letter that died last.
    pub(crate) example: String,
    /// What people wrote about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<NoteRow>,
}

/// The letters that match by their causes, with the notes on each.
pub(crate) fn groups(
    connection: &mut MysqlConnection,
    search: &LetterSearch,
) -> Result<Vec<Group>, StoreError> {
    let groups = dead_letter::groups(connection, search)?;
    let causes: Vec<&str> = groups.iter().map(|group| group.cause.as_str()).collect();
    let mut notes: BTreeMap<String, Vec<NoteRow>> = BTreeMap::new();
    for note in note::of_groups(connection, &causes)? {
        notes.entry(note.cause.clone().unwrap_or_default()).or_default().push(note);
    }
    let with_notes = |group: LetterGroup| {
        let notes = notes.remove(&group.cause).unwrap_or_default();
        Group::of(group, notes)
    };
    Ok(groups.into_iter().map(with_notes).collect())
}

impl Group {
    fn of(group: LetterGroup, notes: Vec<NoteRow>) -> Group {
        Group {
            notes,
            reason: group.reason,
            fingerprint: group.fingerprint,
            letters: group.letters,
            orders: group.orders,
            first_died: group.first_died_at.map(BeijingTime),
            last_died: group.last_died_at.map(BeijingTime),
            worker_versions: group.worker_versions,
            example: group.example,
        }
    }
}
