//! Table `dead_letter`: letters that name an order and have no row in `notification`.

pub mod history;

use diesel::dsl::DuplicatedKeys;
use diesel::prelude::*;
use serde::Serialize;

use crate::BeijingTime;
use crate::column::now;
use crate::json_rows::{execute_rows, explanation};
use crate::schema::dead_letter;
use crate::{MysqlConnection, Result};

/// A letter that is about to be published.
#[derive(Debug, Clone, Copy, Insertable, AsChangeset)]
#[diesel(table_name = dead_letter, primary_key(message_id))]
pub struct NewDeadLetterRow<'a> {
    /// Its message id; a publisher's own id can be longer than the column and is cut.
    pub message_id: &'a str,
    /// The merchant that the message names.
    pub merchant: &'a str,
    /// The order that it names, at most 64 bytes.
    pub order_id: &'a str,
    /// Why it was rejected.
    pub reason: &'a str,
    /// The evidence.
    pub error: &'a str,
}

/// Writes it down. A letter with the same id that is there already is replaced.
pub fn write(connection: &mut MysqlConnection, letter: &NewDeadLetterRow<'_>) -> Result<()> {
    let error = explanation(letter.error);
    let letter = NewDeadLetterRow {
        message_id: cut(letter.message_id),
        merchant: cut(letter.merchant),
        error: &error,
        ..*letter
    };
    diesel::insert_into(dead_letter::table)
        .values(letter)
        .on_conflict(DuplicatedKeys)
        .do_update()
        .set((letter, dead_letter::died_at.eq(now())))
        .execute(connection)?;
    Ok(())
}

/// A dead letter, as the story of its order shows it.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = dead_letter)]
pub struct DeadLetterRow {
    /// Its message id.
    pub message_id: String,
    /// The merchant that the message names.
    pub merchant: String,
    /// Why it was rejected.
    pub reason: String,
    /// The evidence.
    pub error: String,
    /// When.
    pub died_at: BeijingTime,
}

/// The letters that name this order, the oldest first, at most 1,000.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<DeadLetterRow>> {
    Ok(dead_letter::table
        .filter(dead_letter::order_id.eq(order_id))
        .order((dead_letter::died_at, dead_letter::message_id))
        .limit(1000)
        .select(DeadLetterRow::as_select())
        .load(connection)?)
}

/// Deletes the rows of letters that were replayed or discarded.
pub fn remove(connection: &mut MysqlConnection, message_ids: &[&str]) -> Result<()> {
    let ids: Vec<&str> = message_ids.iter().copied().map(cut).collect();
    execute_rows(connection, include_str!("dead_letter/remove.sql"), &ids)
}

/// The beginning, as long as the column is.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(64)]
}
