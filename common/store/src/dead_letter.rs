//! Table `dead_letter`: letters that name an order and have no row in `notification`.

pub mod history;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Datetime, Text};
use serde::Serialize;

use crate::BeijingTime;
use crate::json_rows::{execute_rows, explanation};
use crate::{MysqlConnection, StoreError};

/// A letter that is about to be published.
#[derive(Debug, Clone, Copy)]
pub struct NewLetter<'a> {
    /// What the letter is called; a publisher's own id can be longer than the column and is cut.
    pub message_id: &'a str,
    /// The merchant that the message names.
    pub merchant: &'a str,
    /// The order that it names, at most 64 bytes.
    pub order_id: &'a str,
    /// Why it dies.
    pub reason: &'a str,
    /// The evidence.
    pub error: &'a str,
}

/// Writes it down. A letter with the same id that is there already is replaced.
///
/// # Errors
/// What the database says.
pub fn write(connection: &mut MysqlConnection, letter: &NewLetter<'_>) -> Result<(), StoreError> {
    sql_query(
        "INSERT INTO dead_letter (message_id, merchant, order_id, reason, error) VALUES (?, ?, ?, ?, ?) \
         ON DUPLICATE KEY UPDATE merchant = VALUES(merchant), order_id = VALUES(order_id), \
         reason = VALUES(reason), error = VALUES(error), died_at = UTC_TIMESTAMP(6)",
    )
    .bind::<Text, _>(cut(letter.message_id))
    .bind::<Text, _>(cut(letter.merchant))
    .bind::<Text, _>(letter.order_id)
    .bind::<Text, _>(letter.reason)
    .bind::<Text, _>(explanation(letter.error))
    .execute(connection)?;
    Ok(())
}

/// A letter, as the story of its order tells of it.
#[derive(Debug, Clone, QueryableByName, Serialize)]
pub struct Letter {
    /// What the letter is called.
    #[diesel(sql_type = Text)]
    pub message_id: String,
    /// The merchant that the message names.
    #[diesel(sql_type = Text)]
    pub merchant: String,
    /// Why it died.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// The evidence.
    #[diesel(sql_type = Text)]
    pub error: String,
    /// When.
    #[diesel(sql_type = Datetime)]
    pub died_at: BeijingTime,
}

/// The letters that name this order, the oldest first, at most 1,000.
///
/// # Errors
/// What the database says.
pub fn of_order(
    connection: &mut MysqlConnection,
    order_id: &str,
) -> Result<Vec<Letter>, StoreError> {
    Ok(sql_query(
        "SELECT message_id, merchant, reason, error, died_at FROM dead_letter WHERE order_id = ? \
         ORDER BY died_at, message_id LIMIT 1000",
    )
    .bind::<Text, _>(order_id)
    .load(connection)?)
}

/// These letters have been replayed or discarded.
///
/// # Errors
/// What the database says.
pub fn remove(connection: &mut MysqlConnection, message_ids: &[&str]) -> Result<(), StoreError> {
    let ids: Vec<&str> = message_ids.iter().copied().map(cut).collect();
    execute_rows(connection, include_str!("dead_letter/remove.sql"), &ids)
}

/// The beginning that the column holds.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(64)]
}
