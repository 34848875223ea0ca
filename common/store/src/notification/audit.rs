//! Notifications that were worked on and left no trade.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Nullable, Text};

use crate::{MysqlConnection, StoreError};

/// A notification of a trade that the order does not know.
#[derive(Debug, Clone, QueryableByName)]
pub struct LostNotification {
    /// `notification.id`.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The order it names.
    #[diesel(sql_type = Text)]
    pub order_id: String,
    /// The trade it names.
    #[diesel(sql_type = Nullable<Text>)]
    pub trade_no: Option<String>,
    /// Why it counts for nothing, where that is so.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// When a worker last saw it, UTC.
    #[diesel(sql_type = Datetime)]
    pub last_seen: NaiveDateTime,
}

/// Notifications with an id above `after` and up to `to` that a worker says it has applied, and whose
/// trade row is not there.
///
/// # Errors
/// What the database says.
pub fn lost(
    connection: &mut MysqlConnection,
    after: i64,
    to: i64,
) -> Result<Vec<LostNotification>, StoreError> {
    Ok(sql_query(include_str!("audit.sql"))
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(to)
        .load(connection)?)
}

/// The greatest id of a notification; 0 where there is none.
///
/// # Errors
/// What the database says.
pub fn last_id(connection: &mut MysqlConnection) -> Result<i64, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        last: i64,
    }
    let row: Row = sql_query("SELECT COALESCE(MAX(id), 0) AS last FROM notification")
        .get_result(connection)?;
    Ok(row.last)
}
