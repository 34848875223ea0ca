//! Table `decision`: operators' decisions about reviews, for a worker to apply.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Text;
use order::DecisionState;
use serde::Serialize;

use crate::column::last_insert_id;
use crate::json_rows::{execute_rows, explained, load_rows};
use crate::schema::decision;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// A decision that is not written yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Insertable)]
#[diesel(table_name = decision)]
pub struct NewDecision<'a> {
    /// `review.id`.
    pub review_id: i64,
    /// `user_order.id`.
    pub order_id: &'a str,
    /// The trade that it is about; none where it is about the order.
    pub trade_no: Option<&'a str>,
    /// The word of the decision: `paid`, `refunded`, `accepted`, `delivered`, `taken_back`, `noted`.
    #[diesel(column_name = word)]
    pub decision: &'a str,
    /// Who decided, at most 255 characters.
    pub decided_by: &'a str,
    /// Why; may be empty.
    pub note: &'a str,
}

/// Writes a decision down and returns its number. This alone notifies no worker, but workers also look for
/// decisions that have stayed open.
pub fn insert(connection: &mut MysqlConnection, new: &NewDecision<'_>) -> Result<i64> {
    diesel::insert_into(decision::table).values(new).execute(connection)?;
    Ok(last_insert_id(connection)?)
}

/// A row of `decision`.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(table_name = decision)]
pub struct DecisionRow {
    /// Its number.
    pub id: i64,
    /// `review.id`.
    pub review_id: i64,
    /// `user_order.id`.
    pub order_id: String,
    /// The trade that it is about.
    pub trade_no: Option<String>,
    /// The word of the decision.
    #[diesel(column_name = word)]
    pub decision: String,
    /// Who decided.
    pub decided_by: String,
    /// Why; may be empty.
    pub note: String,
    /// When, by the database's clock.
    pub decided_at: DateTime<Utc>,
    /// Its outcome.
    pub state: DecisionState,
    /// Why it was refused.
    pub error: Option<String>,
}

/// The decisions with these numbers. Their orders should be locked: then no other transaction ends them.
pub fn by_ids(connection: &mut MysqlConnection, ids: &[i64]) -> Result<Vec<DecisionRow>> {
    load_rows(connection, include_str!("decision/by_ids.sql"), ids)
}

/// The outcome of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndedDecision<'a> {
    /// Its number.
    pub id: i64,
    /// Applied or refused.
    pub state: DecisionState,
    /// Why it was refused.
    #[serde(serialize_with = "explained")]
    pub error: Option<&'a str>,
}

/// Ends open decisions, sorted by number. What has ended stays as it is.
pub fn end(connection: &mut MysqlConnection, sorted_decisions: &[EndedDecision<'_>]) -> Result<()> {
    execute_rows(connection, include_str!("decision/end.sql"), sorted_decisions)
}

/// A decision that no worker has processed.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(table_name = decision)]
pub struct OpenDecision {
    /// Its number.
    pub id: i64,
    /// `user_order.id`.
    pub order_id: String,
    /// The order's merchant.
    #[diesel(sql_type = Text)]
    pub merchant: String,
}

/// At most `limit` decisions above a number that have been open for longer than `age` seconds, the
/// oldest first: their message was lost, or waits behind others. A time in the future was written while the clock was wrong.
pub fn open(
    connection: &mut MysqlConnection,
    above: i64,
    age: i64,
    limit: i64,
) -> Result<Vec<OpenDecision>> {
    Ok(static_sql("SELECT d.id, d.order_id, o.merchant FROM decision AS d FORCE INDEX (decision_state) \
         STRAIGHT_JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = d.order_id \
         WHERE d.state = 'open' AND d.id > ? AND (d.decided_at < UTC_TIMESTAMP(6) - INTERVAL ? SECOND \
         OR d.decided_at > UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE) \
         ORDER BY d.id LIMIT ?")
    .big_int(above)
    .big_int(age)
    .big_int(limit)
    .load(connection)?)
}
