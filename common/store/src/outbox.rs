//! Table `outbox`: events for the shop, published after the commit.

use chrono::NaiveDateTime;
use diesel::mysql::MysqlConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Nullable, SmallInt, Text};
use serde::Serialize;

use crate::StoreError;
use crate::json_rows::execute_rows;

/// An event that became true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NewEvent<'a> {
    /// The order.
    pub order_id: &'a str,
    /// The routing key, `order.paid` and so on.
    pub event: &'a str,
}

/// Writes events; one that the order had already stays as it is.
///
/// # Errors
/// What the database says.
pub fn insert(
    connection: &mut MysqlConnection,
    sorted_events: &[NewEvent<'_>],
) -> Result<(), StoreError> {
    execute_rows(
        connection,
        "INSERT INTO outbox (order_id, event) SELECT j.order_id, j.event FROM JSON_TABLE(?, '$[*]' \
         COLUMNS (order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.order_id', event VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.event')) AS j \
         ON DUPLICATE KEY UPDATE event = j.event",
        sorted_events,
    )
}

/// An event that waits to be published, with what the shop wants to know of its order.
#[derive(Debug, Clone, QueryableByName)]
pub struct Waiting {
    /// `outbox.id`.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The order.
    #[diesel(sql_type = Text)]
    pub order_id: String,
    /// The routing key.
    #[diesel(sql_type = Text)]
    pub event: String,
    /// When it became true, UTC.
    #[diesel(sql_type = Datetime)]
    pub created_at: NaiveDateTime,
    /// Name of the merchant.
    #[diesel(sql_type = Text)]
    pub merchant: String,
    /// The order's trade.
    #[diesel(sql_type = Nullable<Text>)]
    pub trade_no: Option<String>,
    /// Status of the order now.
    #[diesel(sql_type = SmallInt)]
    pub status: i16,
    /// Amount, fen.
    #[diesel(sql_type = BigInt)]
    pub total_fee: i64,
    /// Refunded so far, fen.
    #[diesel(sql_type = BigInt)]
    pub refunded_fee: i64,
}

/// Locks up to `limit` unpublished events, oldest first, leaving out what another relay has.
///
/// # Errors
/// What the database says.
pub fn lock_unpublished(
    connection: &mut MysqlConnection,
    limit: i64,
) -> Result<Vec<Waiting>, StoreError> {
    Ok(sql_query(include_str!("sql/outbox_lock_unpublished.sql"))
        .bind::<BigInt, _>(limit)
        .load(connection)?)
}

/// Marks events as published.
///
/// # Errors
/// What the database says.
pub fn mark_published(connection: &mut MysqlConnection, ids: &[i64]) -> Result<(), StoreError> {
    execute_rows(
        connection,
        "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS j STRAIGHT_JOIN outbox AS x FORCE INDEX (PRIMARY) \
         ON x.id = j.id SET x.published_at = UTC_TIMESTAMP(6)",
        ids,
    )
}
