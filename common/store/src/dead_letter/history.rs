//! Table `dead_letter_audit`: what operators did with dead letters.

use diesel::prelude::*;
use order::LetterAction;
use serde::Serialize;

use crate::BeijingTime;
use crate::json_rows::{execute_rows, short};
use crate::schema::dead_letter_audit;
use crate::{MysqlConnection, Result};

/// One action of an operator.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryEntry<'a> {
    /// What was done.
    pub action: LetterAction,
    /// The letter's message id.
    pub message_id: &'a str,
    /// The order that the letter names; in a message of another program it can be longer than any order number.
    #[serde(serialize_with = "short")]
    pub order_id: Option<&'a str>,
    /// Who did it.
    pub done_by: &'a str,
    /// And why.
    pub note: Option<&'a str>,
    /// JSON text: the letter's headers about its rejection.
    pub headers: String,
    /// The body of a discarded letter.
    pub body: Option<String>,
}

/// Adds entries.
pub fn insert(connection: &mut MysqlConnection, entries: &[HistoryEntry<'_>]) -> Result<()> {
    execute_rows(connection, include_str!("history_insert.sql"), entries)
}

/// An entry as an operator reads it; without the body.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = dead_letter_audit)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct HistoryRow {
    pub id: i64,
    pub done_at: BeijingTime,
    pub action: LetterAction,
    pub message_id: String,
    pub order_id: Option<String>,
    pub done_by: String,
    pub note: Option<String>,
    pub headers: String,
}

/// The latest entries first, at most `limit`; of one message where `message_id` is given.
pub fn list(
    connection: &mut MysqlConnection,
    message_id: Option<&str>,
    limit: i64,
) -> Result<Vec<HistoryRow>> {
    let mut query = dead_letter_audit::table
        .order(dead_letter_audit::id.desc())
        .limit(limit)
        .select(HistoryRow::as_select())
        .into_boxed();
    if let Some(id) = message_id {
        query = query.filter(dead_letter_audit::message_id.eq(id));
    }
    Ok(query.load(connection)?)
}

/// The entries whose letter names this order, oldest first.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<HistoryRow>> {
    Ok(dead_letter_audit::table
        .filter(dead_letter_audit::order_id.eq(order_id))
        .order(dead_letter_audit::id)
        .limit(1000)
        .select(HistoryRow::as_select())
        .load(connection)?)
}
