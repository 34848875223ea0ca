//! Table `retry_copy`: copies of messages that wait in a retry tier of the broker.
//!
//! Over AMQP a broker tells how many messages of a queue are *ready*. What a tier holds because its target
//! does not accept it is not ready, and no count shows it. So workers keep their own record: a
//! row is written in the transaction that decided that a message waits, and removed when the copy comes
//! back. A row that is overdue is a copy that is stuck, or lost.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{case_when, count, count_star, min};
use diesel::prelude::*;
use serde::Serialize;

use crate::BeijingTime;
use crate::column::ago;
use crate::json_rows::{execute_rows, load_rows, sql_time};
use crate::schema::retry_copy;
use crate::{MysqlConnection, Result};

/// Seconds after its time at which a copy is overdue: it may wait in the work queue, too.
const OVERDUE_AFTER: i32 = 60;

/// Which copy: the message's id, and the number of retries that the copy has had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CopyKey<'a> {
    /// Hex SHA-256, the same for every repeat.
    pub message_id: &'a str,
    /// Retries, the one that the copy waits for included.
    pub attempt: u32,
}

/// A copy that goes into a tier.
#[derive(Debug, Clone, Serialize)]
pub struct NewCopy<'a> {
    /// Which.
    #[serde(flatten)]
    pub key: CopyKey<'a>,
    /// The tier's queue.
    pub tier: &'a str,
    /// How long it waits there, in seconds.
    pub seconds: u64,
    /// Name of the merchant.
    pub merchant: &'a str,
    /// The order that it is about, where one can be read.
    pub order_id: Option<String>,
    /// When the notification was received first.
    #[serde(serialize_with = "sql_time")]
    pub first_seen: Option<DateTime<Utc>>,
}

/// Writes down copies that go into a tier, sorted by their keys.
pub fn insert(connection: &mut MysqlConnection, sorted_copies: &[NewCopy<'_>]) -> Result<()> {
    execute_rows(connection, include_str!("retry_copy/insert.sql"), sorted_copies)
}

/// Deletes the rows of copies that have come back, sorted. It is no error if there is no row.
pub fn delete(connection: &mut MysqlConnection, sorted_keys: &[CopyKey<'_>]) -> Result<()> {
    execute_rows(connection, include_str!("retry_copy/delete.sql"), sorted_keys)
}

/// What waits for one tier.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize)]
pub struct TierCopies {
    /// The tier's queue.
    pub tier: String,
    /// Copies that have not come back.
    pub copies: i64,
    /// Of these, how many are overdue.
    pub overdue: i64,
    /// When the notification of an overdue one was received, the first of them.
    pub oldest_overdue: Option<BeijingTime>,
}

/// What waits, by tier; a tier without copies is left out.
pub fn by_tier(connection: &mut MysqlConnection) -> Result<Vec<TierCopies>> {
    let is_overdue = retry_copy::due_at.lt(ago(OVERDUE_AFTER));
    Ok(retry_copy::table
        .group_by(retry_copy::tier)
        .order(retry_copy::tier)
        .select((
            retry_copy::tier,
            count_star(),
            count(case_when(is_overdue.clone(), retry_copy::due_at)),
            min(case_when(is_overdue, retry_copy::first_seen)),
        ))
        .load(connection)?)
}

/// One copy that waits.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, QueryableByName, Serialize)]
#[diesel(table_name = retry_copy)]
pub struct WaitingCopy {
    /// Hex SHA-256, the same for every repeat.
    pub message_id: String,
    /// Retries, the one that it waits for included.
    pub attempt: i32,
    /// The tier's queue.
    pub tier: String,
    /// Name of the merchant.
    pub merchant: String,
    /// The order.
    pub order_id: Option<String>,
    /// When the notification was received first.
    pub first_seen: BeijingTime,
    /// When it should be back.
    pub due_at: BeijingTime,
}

impl WaitingCopy {
    /// Whether it is overdue at `now`, the database's time.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        is_overdue(self.due_at, now)
    }
}

/// Whether a copy that was due at this time is overdue at `now`, the database's time.
pub fn is_overdue(due_at: BeijingTime, now: DateTime<Utc>) -> bool {
    due_at.0 < now - TimeDelta::seconds(i64::from(OVERDUE_AFTER))
}

/// The copies that are overdue, the first one first.
pub fn overdue(connection: &mut MysqlConnection, limit: i64) -> Result<Vec<WaitingCopy>> {
    Ok(retry_copy::table
        .filter(retry_copy::due_at.lt(ago(OVERDUE_AFTER)))
        .order((retry_copy::due_at, retry_copy::message_id))
        .limit(limit)
        .select(WaitingCopy::as_select())
        .load(connection)?)
}

/// All copies that wait, of this order where one is given, the first one due first.
pub fn waiting(
    connection: &mut MysqlConnection,
    order_id: Option<&str>,
    limit: i64,
) -> Result<Vec<WaitingCopy>> {
    let mut query = retry_copy::table
        .order((retry_copy::due_at, retry_copy::message_id))
        .limit(limit)
        .select(WaitingCopy::as_select())
        .into_boxed();
    if let Some(order) = order_id {
        query = query.filter(retry_copy::order_id.eq(order));
    }
    Ok(query.load(connection)?)
}

/// The copies of these messages that wait.
pub fn of_messages(
    connection: &mut MysqlConnection,
    message_ids: &[&str],
) -> Result<Vec<WaitingCopy>> {
    load_rows(connection, include_str!("retry_copy/of_messages.sql"), message_ids)
}

/// The copies that wait and name this order, the one that is due first first, at most 1,000.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<WaitingCopy>> {
    waiting(connection, Some(order_id), 1000)
}

/// Deletes the rows of all copies of a message, after a person has handled it. Returns how many there were.
pub fn forget(connection: &mut MysqlConnection, message_id: &str) -> Result<usize> {
    let of_message = retry_copy::table.filter(retry_copy::message_id.eq(message_id));
    Ok(diesel::delete(of_message).execute(connection)?)
}
