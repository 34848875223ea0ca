//! Table `redelivery`: how often a message came back without an answer.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Text};

use crate::{MysqlConnection, StoreError};

/// Counts a redelivery and returns how many there have been. Commits by itself: the count must
/// outlive the worker that the message may kill.
///
/// # Errors
/// What the database says.
pub fn count_up(connection: &mut MysqlConnection, message_id: &str) -> Result<i32, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        count: i32,
    }
    sql_query(
        "INSERT INTO redelivery (message_id, count) VALUES (?, 1) \
         ON DUPLICATE KEY UPDATE count = count + 1, last_seen = UTC_TIMESTAMP(6)",
    )
    .bind::<Text, _>(message_id)
    .execute(connection)?;
    let row: Row = sql_query("SELECT count FROM redelivery WHERE message_id = ?")
        .bind::<Text, _>(message_id)
        .get_result(connection)?;
    Ok(row.count)
}

/// Writes a row and removes it: whether the database takes writes at all.
///
/// # Errors
/// What the database says.
pub fn probe(connection: &mut MysqlConnection) -> Result<(), StoreError> {
    const PROBE: &str = "probe";
    count_up(connection, PROBE)?;
    forget(connection, PROBE)
}

/// Forgets a message: a worker dealt with it and lives.
///
/// # Errors
/// What the database says.
pub fn forget(connection: &mut MysqlConnection, message_id: &str) -> Result<(), StoreError> {
    sql_query("DELETE FROM redelivery WHERE message_id = ?")
        .bind::<Text, _>(message_id)
        .execute(connection)?;
    Ok(())
}
