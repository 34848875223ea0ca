//! Table `order_expired`: orders whose time was over when Alipay had nothing to close, for a lane to
//! tell the order.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Text};
use serde::Serialize;

use crate::json_rows::{execute_rows, load_rows, sql_time};
use crate::{MysqlConnection, StoreError};

/// Writes down that Alipay had nothing to close, `said_at`, for an order whose time was
/// `expires_at`. Said again, the row is open again.
///
/// # Errors
/// What the database says.
pub fn write(
    connection: &mut MysqlConnection,
    order_id: &str,
    expires_at: DateTime<Utc>,
    said_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql_query(
        "INSERT INTO order_expired (order_id, expires_at, said_at) VALUES (?, ?, ?) \
         ON DUPLICATE KEY UPDATE said_at = VALUES(said_at), written_at = UTC_TIMESTAMP(6), \
         ended_at = NULL",
    )
    .bind::<Text, _>(order_id)
    .bind::<Datetime, _>(expires_at.naive_utc())
    .bind::<Datetime, _>(said_at.naive_utc())
    .execute(connection)?;
    Ok(())
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// `user_order.id`.
    pub order_id: String,
    /// The order's time that was over.
    pub expires_at: DateTime<Utc>,
    /// When Alipay had nothing to close.
    pub said_at: DateTime<Utc>,
    /// A lane has told the order.
    pub ended: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    order_id: String,
    #[diesel(sql_type = Datetime)]
    expires_at: NaiveDateTime,
    #[diesel(sql_type = Datetime)]
    said_at: NaiveDateTime,
    #[diesel(sql_type = BigInt)]
    ended: i64,
}

/// The rows of these orders, which should be locked.
///
/// # Errors
/// What the database says.
pub fn of_orders(
    connection: &mut MysqlConnection,
    order_ids: &[&str],
) -> Result<Vec<Expired>, StoreError> {
    let rows: Vec<Row> =
        load_rows(connection, include_str!("order_expired/of_orders.sql"), order_ids)?;
    Ok(rows
        .into_iter()
        .map(|row| Expired {
            order_id: row.order_id,
            expires_at: row.expires_at.and_utc(),
            said_at: row.said_at.and_utc(),
            ended: row.ended != 0,
        })
        .collect())
}

#[derive(Serialize)]
struct Key<'a> {
    order_id: &'a str,
    #[serde(serialize_with = "sql_time")]
    expires_at: Option<DateTime<Utc>>,
}

/// Ends rows: their orders have been told.
///
/// # Errors
/// What the database says.
pub fn end(
    connection: &mut MysqlConnection,
    told: &[(&str, DateTime<Utc>)],
) -> Result<(), StoreError> {
    let keys: Vec<Key<'_>> = told
        .iter()
        .map(|(order_id, expires_at)| Key { order_id, expires_at: Some(*expires_at) })
        .collect();
    execute_rows(connection, include_str!("order_expired/end.sql"), &keys)
}

/// A row that no lane has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenExpired {
    /// `user_order.id`.
    pub order_id: String,
    /// The order's merchant.
    pub merchant: String,
    /// The order's time that was over.
    pub expires_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct OpenRow {
    #[diesel(sql_type = Text)]
    order_id: String,
    #[diesel(sql_type = Text)]
    merchant: String,
    #[diesel(sql_type = Datetime)]
    expires_at: NaiveDateTime,
}

/// At most `limit` rows that have been open for longer than `age` seconds, the oldest first, behind
/// the first `offset`. One of the future was written while the clock was wrong.
///
/// # Errors
/// What the database says.
pub fn open(
    connection: &mut MysqlConnection,
    offset: i64,
    age: i64,
    limit: i64,
) -> Result<Vec<OpenExpired>, StoreError> {
    let rows: Vec<OpenRow> = sql_query(
        "SELECT e.order_id, o.merchant, e.expires_at \
         FROM order_expired AS e FORCE INDEX (order_expired_open) \
         STRAIGHT_JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = e.order_id \
         WHERE e.ended_at IS NULL AND (e.written_at < UTC_TIMESTAMP(6) - INTERVAL ? SECOND \
         OR e.written_at > UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE) \
         ORDER BY e.written_at, e.order_id LIMIT ? OFFSET ?",
    )
    .bind::<BigInt, _>(age)
    .bind::<BigInt, _>(limit)
    .bind::<BigInt, _>(offset)
    .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|row| OpenExpired {
            order_id: row.order_id,
            merchant: row.merchant,
            expires_at: row.expires_at.and_utc(),
        })
        .collect())
}
