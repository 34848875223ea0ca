//! What workers and operators write.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Integer, Nullable, Text};
use order::{DeadLetterState, LetterAction};
use serde::Serialize;

use super::row::{LONGEST_BODY, NewDeadLetter};
use crate::bulk::{BulkRow, Values, write_rows};
use crate::column::{Moment, bounded, now, value};
use crate::json_rows::{execute_rows, explanation};
use crate::schema::dead_letter;
use crate::{MysqlConnection, Result};

/// Bytes of a word of a header that its column holds.
const LONGEST_WORD: usize = 64;

/// The values of a row, cut to what its columns hold.
struct LetterColumns<'a> {
    letter: &'a NewDeadLetter,
    merchant: Option<&'a str>,
    reason: Option<&'a str>,
    worker_version: Option<&'a str>,
    error: Option<String>,
    first_seen: DateTime<Utc>,
    died_at: Option<DateTime<Utc>>,
}

impl<'a> LetterColumns<'a> {
    fn of(letter: &'a NewDeadLetter) -> LetterColumns<'a> {
        let word = |text: &'a Option<String>| {
            text.as_deref().map(|text| &text[..text.floor_char_boundary(LONGEST_WORD)])
        };
        LetterColumns {
            merchant: word(&letter.merchant),
            reason: word(&letter.reason),
            worker_version: word(&letter.worker_version),
            error: letter.error.as_deref().map(|error| explanation(error).into_owned()),
            first_seen: bounded(letter.first_seen),
            died_at: letter.died_at.map(bounded),
            letter,
        }
    }
}

impl BulkRow for LetterColumns<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        let letter = self.letter;
        values.push::<Text, _>(&letter.message_id)?;
        values.push::<Nullable<Text>, _>(&letter.kind)?;
        values.push::<Nullable<Text>, _>(&self.merchant)?;
        values.push_all::<Nullable<Text>, _>([&letter.order_id, &letter.trade_no])?;
        values.push::<Nullable<Text>, _>(&self.reason)?;
        values.push::<Nullable<Text>, _>(&self.error)?;
        values.push_all::<Text, _>([&letter.fingerprint, &letter.cause])?;
        values.push::<Integer, _>(&letter.attempts)?;
        values.push::<Moment, _>(&self.first_seen)?;
        values.push::<Nullable<Text>, _>(&letter.traceparent)?;
        values.push::<Nullable<Text>, _>(&self.worker_version)?;
        values
            .push_all::<Nullable<Moment>, Option<DateTime<Utc>>>([&self.died_at, &self.died_at])?;
        values.push::<Bool, _>(&letter.is_recorded)
    }
}

/// A body, as it is written.
struct BodyColumns<'a>(&'a NewDeadLetter);

impl BulkRow for BodyColumns<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        values.push::<Text, _>(&self.0.message_id)?;
        values.push::<Binary, _>(&self.0.body)
    }
}

/// Writes letters that are about to be published, sorted by their ids: each is one more in the queue. Call it in a
/// transaction, and publish before the commit.
pub fn write(connection: &mut MysqlConnection, sorted_letters: &[NewDeadLetter]) -> Result<()> {
    write_by(connection, sorted_letters, include_str!("upsert.sql"))
}

/// The same by this statement, which says what becomes of a row that is there.
pub(super) fn write_by(
    connection: &mut MysqlConnection,
    sorted_letters: &[NewDeadLetter],
    statement: &'static str,
) -> Result<()> {
    let rows: Vec<LetterColumns<'_>> = sorted_letters.iter().map(LetterColumns::of).collect();
    write_rows(connection, statement, &rows)?;
    let is_kept = |letter: &&NewDeadLetter| letter.body.len() <= LONGEST_BODY;
    let bodies: Vec<BodyColumns<'_>> =
        sorted_letters.iter().filter(is_kept).map(BodyColumns).collect();
    write_rows(connection, include_str!("upsert_body.sql"), &bodies)
}

/// What an operator has done with letters of one id.
#[derive(Debug, Clone, Copy, Serialize)]
struct MovedLetters<'a> {
    message_id: &'a str,
    copies: usize,
    state: DeadLetterState,
}

/// Notes that letters of these ids leave the queue, so many of each. Call it in a transaction.
pub fn moved<'a>(
    connection: &mut MysqlConnection,
    action: LetterAction,
    copies: impl IntoIterator<Item = (&'a str, usize)>,
) -> Result<()> {
    let state = action.leads_to();
    let mut rows: Vec<MovedLetters<'_>> = copies
        .into_iter()
        .map(|(message_id, copies)| MovedLetters { message_id, copies, state })
        .collect();
    rows.sort_by_key(|row| row.message_id);
    execute_rows(connection, include_str!("last_moved.sql"), &rows)?;
    execute_rows(connection, include_str!("moved.sql"), &rows)
}

/// Notes that the discarded letter with this id is put into the queue again; `false`: it is not discarded any more.
pub fn restored(connection: &mut MysqlConnection, message_id: &str) -> Result<bool> {
    let discarded = dead_letter::table
        .find(message_id)
        .filter(dead_letter::state.eq(value(DeadLetterState::Discarded)));
    let rows = diesel::update(discarded)
        .set((
            dead_letter::state.eq(value(DeadLetterState::Waiting)),
            dead_letter::copies.eq(dead_letter::copies + 1),
            dead_letter::changed_at.eq(now()),
        ))
        .execute(connection)?;
    Ok(rows > 0)
}
