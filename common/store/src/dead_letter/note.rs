//! Table `dead_letter_note`: what people wrote about a dead letter, or about all letters with one cause.

use diesel::prelude::*;
use serde::Serialize;

use crate::schema::dead_letter_note;
use crate::{BeijingTime, MysqlConnection, Result};

/// What a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteSubject<'a> {
    /// The letter with this message id.
    Letter(&'a str),
    /// All letters with this cause.
    Group(&'a str),
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Serialize)]
#[diesel(table_name = dead_letter_note)]
pub struct NoteRow {
    /// The letter; none of a note on a group.
    pub message_id: Option<String>,
    /// The cause; none of a note on one letter.
    #[serde(skip)]
    pub cause: Option<String>,
    /// What was written.
    pub note: String,
    /// By whom.
    pub noted_by: String,
    /// And when.
    pub noted_at: BeijingTime,
}

/// Adds a note.
pub fn add(
    connection: &mut MysqlConnection,
    subject: NoteSubject<'_>,
    note: &str,
    by: &str,
) -> Result<()> {
    let (message_id, cause) = match subject {
        NoteSubject::Letter(message_id) => (Some(message_id), None),
        NoteSubject::Group(cause) => (None, Some(cause)),
    };
    diesel::insert_into(dead_letter_note::table)
        .values((
            dead_letter_note::message_id.eq(message_id),
            dead_letter_note::cause.eq(cause),
            dead_letter_note::note.eq(note),
            dead_letter_note::noted_by.eq(by),
        ))
        .execute(connection)?;
    Ok(())
}

/// The notes on a letter and on its group, the oldest first, at most 100.
pub fn of_letter(
    connection: &mut MysqlConnection,
    message_id: &str,
    cause: &str,
) -> Result<Vec<NoteRow>> {
    let is_of_letter = dead_letter_note::message_id.eq(message_id);
    Ok(dead_letter_note::table
        .filter(is_of_letter.or(dead_letter_note::cause.eq(cause)).assume_not_null())
        .order(dead_letter_note::id)
        .limit(100)
        .select(NoteRow::as_select())
        .load(connection)?)
}

/// The notes on these groups, the oldest first.
pub fn of_groups(connection: &mut MysqlConnection, causes: &[&str]) -> Result<Vec<NoteRow>> {
    Ok(dead_letter_note::table
        .filter(dead_letter_note::cause.eq_any(causes))
        .order(dead_letter_note::id)
        .select(NoteRow::as_select())
        .load(connection)?)
}
