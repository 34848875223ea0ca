//! Table `redelivery`: how often a message was redelivered without an acknowledgement.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Nullable, Text};
use serde::Serialize;

use crate::BeijingTime;
use crate::schema::redelivery;
use crate::{MysqlConnection, Result};

/// A message that was redelivered.
#[derive(Debug, Clone, Copy, Default)]
pub struct RedeliveredMessage<'a> {
    /// Hex SHA-256, the same for every repeat.
    pub message_id: &'a str,
    /// The merchant that it is for.
    pub merchant: Option<&'a str>,
    /// The order that it names, at most 64 bytes.
    pub order_id: Option<&'a str>,
}

/// Counts a redelivery and returns how many there have been. Commits by itself: the count must remain
/// if the message kills the worker.
pub fn count_up(connection: &mut MysqlConnection, message: &RedeliveredMessage<'_>) -> Result<i32> {
    sql_query(
        "INSERT INTO redelivery (message_id, count, merchant, order_id) VALUES (?, 1, ?, ?) \
         ON DUPLICATE KEY UPDATE count = count + 1, last_seen = UTC_TIMESTAMP(6), \
         merchant = COALESCE(merchant, VALUES(merchant)), order_id = COALESCE(order_id, VALUES(order_id))",
    )
    .bind::<Text, _>(message.message_id)
    .bind::<Nullable<Text>, _>(message.merchant)
    .bind::<Nullable<Text>, _>(message.order_id)
    .execute(connection)?;
    Ok(redelivery::table.find(message.message_id).select(redelivery::count).first(connection)?)
}

/// Writes a row and removes it, to find out whether the database accepts writes.
pub fn probe(connection: &mut MysqlConnection) -> Result<()> {
    const PROBE: &str = "probe";
    count_up(
        connection,
        &RedeliveredMessage { message_id: PROBE, ..RedeliveredMessage::default() },
    )?;
    forget(connection, PROBE)
}

/// A message that was redelivered without an acknowledgement, and has not been finished since.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = redelivery)]
pub struct RedeliveryRow {
    /// Hex SHA-256.
    pub message_id: String,
    /// How often it was redelivered.
    pub count: i32,
    /// When last.
    pub last_seen: BeijingTime,
}

/// The messages that name this order and were redelivered without an acknowledgement.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<RedeliveryRow>> {
    Ok(redelivery::table
        .filter(redelivery::order_id.eq(order_id))
        .order((redelivery::last_seen, redelivery::message_id))
        .select(RedeliveryRow::as_select())
        .load(connection)?)
}

/// Removes the count: a worker has finished the message.
pub fn forget(connection: &mut MysqlConnection, message_id: &str) -> Result<()> {
    diesel::delete(redelivery::table.find(message_id)).execute(connection)?;
    Ok(())
}
