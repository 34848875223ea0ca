//! Table `dead_letter_audit`: what operators did with dead letters.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Nullable, Text};
use serde::Serialize;

use crate::BeijingTime;
use crate::json_rows::{execute_rows, short};
use crate::{MysqlConnection, StoreError};

/// What was done with a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Sent back to work.
    Replayed,
    /// Thrown away, with its body kept in the row.
    Discarded,
}

/// One act of an operator.
#[derive(Debug, Clone, Serialize)]
pub struct Entry<'a> {
    /// What was done.
    pub action: Action,
    /// The letter's message id.
    pub message_id: &'a str,
    /// The order that the letter names; a stranger's letter can name one that is longer than any.
    #[serde(serialize_with = "short")]
    pub order_id: Option<&'a str>,
    /// Who did it.
    pub done_by: &'a str,
    /// And why.
    pub note: Option<&'a str>,
    /// JSON text: what the letter said about its death.
    pub headers: String,
    /// The body of a discarded letter.
    pub body: Option<String>,
}

/// Adds entries.
///
/// # Errors
/// What the database says.
pub fn insert(connection: &mut MysqlConnection, entries: &[Entry<'_>]) -> Result<(), StoreError> {
    execute_rows(connection, include_str!("history_insert.sql"), entries)
}

/// An entry as an operator reads it; without the body.
#[derive(Debug, Clone, QueryableByName, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct Row {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Datetime)]
    pub done_at: BeijingTime,
    #[diesel(sql_type = Text)]
    pub action: String,
    #[diesel(sql_type = Text)]
    pub message_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub order_id: Option<String>,
    #[diesel(sql_type = Text)]
    pub done_by: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
    #[diesel(sql_type = Text)]
    pub headers: String,
}

const SELECT: &str = "SELECT id, done_at, action, message_id, order_id, done_by, note, headers \
                      FROM dead_letter_audit";

/// The latest entries first, at most `limit`; of one message where `message_id` is given.
///
/// # Errors
/// What the database says.
pub fn list(
    connection: &mut MysqlConnection,
    message_id: Option<&str>,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    let mut query = sql_query(SELECT).into_boxed();
    if let Some(id) = message_id {
        query = query.sql(" WHERE message_id = ?").bind::<Text, _>(id);
    }
    Ok(query.sql(" ORDER BY id DESC LIMIT ?").bind::<BigInt, _>(limit).load(connection)?)
}

/// The entries whose letter names this order, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<Row>, StoreError> {
    Ok(sql_query(SELECT)
        .into_boxed()
        .sql(" WHERE order_id = ? ORDER BY id LIMIT 1000")
        .bind::<Text, _>(order_id)
        .load(connection)?)
}
