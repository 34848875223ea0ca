//! Table `order_expired`: orders whose time limit had passed when Alipay had nothing to close; a lane
//! applies the rows to the orders.

use chrono::{DateTime, Utc};
use diesel::dsl::DuplicatedKeys;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::Serialize;

use crate::column::{now, value};
use crate::json_rows::{execute_rows, load_rows, sql_time};
use crate::schema::order_expired;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// Writes down that Alipay had nothing to close, `said_at`, for an order whose time was
/// `expires_at`. If it is said again, the row is open again.
pub fn write(
    connection: &mut MysqlConnection,
    order_id: &str,
    expires_at: DateTime<Utc>,
    said_at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(order_expired::table)
        .values((
            order_expired::order_id.eq(order_id),
            order_expired::expires_at.eq(value(expires_at)),
            order_expired::said_at.eq(value(said_at)),
        ))
        .on_conflict(DuplicatedKeys)
        .do_update()
        .set((
            order_expired::said_at.eq(value(said_at)),
            order_expired::written_at.eq(now()),
            order_expired::ended_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(connection)?;
    Ok(())
}

/// A row of `order_expired`.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(table_name = order_expired)]
pub struct Expired {
    /// `user_order.id`.
    pub order_id: String,
    /// The order's time limit that had passed.
    pub expires_at: DateTime<Utc>,
    /// When Alipay had nothing to close.
    pub said_at: DateTime<Utc>,
    /// When a lane applied it to the order.
    pub ended_at: Option<DateTime<Utc>>,
}

/// The rows of these orders, which should be locked.
pub fn of_orders(connection: &mut MysqlConnection, order_ids: &[&str]) -> Result<Vec<Expired>> {
    load_rows(connection, include_str!("order_expired/of_orders.sql"), order_ids)
}

#[derive(Serialize)]
struct OrderAndLimit<'a> {
    order_id: &'a str,
    #[serde(serialize_with = "sql_time")]
    expires_at: Option<DateTime<Utc>>,
}

/// Ends rows that were applied to their orders.
pub fn end(connection: &mut MysqlConnection, applied: &[(&str, DateTime<Utc>)]) -> Result<()> {
    let keys: Vec<OrderAndLimit<'_>> = applied
        .iter()
        .map(|(order_id, expires_at)| OrderAndLimit { order_id, expires_at: Some(*expires_at) })
        .collect();
    execute_rows(connection, include_str!("order_expired/end.sql"), &keys)
}

/// A row that no lane has processed.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(table_name = order_expired)]
pub struct OpenExpired {
    /// `user_order.id`.
    pub order_id: String,
    /// The order's merchant.
    #[diesel(sql_type = Text)]
    pub merchant: String,
    /// The order's time limit that had passed.
    pub expires_at: DateTime<Utc>,
    /// When the row was written.
    pub written_at: DateTime<Utc>,
}

/// At most `limit` rows that have been open for longer than `age` seconds, the oldest first, behind the row `after`. A time in the
/// future was written while the clock was wrong.
pub fn open(
    connection: &mut MysqlConnection,
    after: Option<&OpenExpired>,
    age: i64,
    limit: i64,
) -> Result<Vec<OpenExpired>> {
    let written_at = after.map_or(DateTime::UNIX_EPOCH, |row| row.written_at);
    let order_id = after.map_or("", |row| row.order_id.as_str());
    Ok(static_sql(
        "SELECT e.order_id, o.merchant, e.expires_at, e.written_at \
         FROM order_expired AS e FORCE INDEX (order_expired_open) \
         STRAIGHT_JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = e.order_id \
         WHERE e.ended_at IS NULL AND (e.written_at < UTC_TIMESTAMP(6) - INTERVAL ? SECOND \
         OR e.written_at > UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE) \
         AND e.written_at >= CAST(? AS DATETIME(6)) AND (e.written_at > CAST(? AS DATETIME(6)) OR e.order_id > ?) \
         ORDER BY e.written_at, e.order_id LIMIT ?",
    )
    .big_int(age)
    .moment(written_at)
    .moment(written_at)
    .text(order_id)
    .big_int(limit)
    .load(connection)?)
}
