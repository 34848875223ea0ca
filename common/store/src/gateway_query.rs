//! Table `gateway_query`: orders about which the gateway is to be asked.

mod enrolment;
mod report;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use order::{OrderStatus, QueryReason, TradeStatusCode};
use serde::Serialize;

use crate::column::{Code, Deadline, Moment};
use crate::json_rows::{execute_rows, explained, sql_time, word};
use crate::schema::gateway_query;
use crate::{MysqlConnection, Result};

pub use enrolment::{Pass, Step, enrol_next};
pub use report::{AskedCounts, AskedRow, counts, of_order};

/// An order to ask about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NewQuery<'a> {
    /// The order.
    pub order_id: &'a str,
    /// Name of the order's merchant.
    pub merchant: &'a str,
    /// Why.
    pub why: QueryReason,
    /// 1: now, also where the row is there and due later. 0: as it is, where it is there.
    pub forward: i32,
    /// When it was asked for: a question that went out later answers it. `None`: no question that
    /// went out before this does.
    #[serde(serialize_with = "sql_time")]
    pub requested_at: Option<DateTime<Utc>>,
}

/// Makes sure that the gateway is asked about these orders, sorted. Several queries for one order are
/// one row, and one question when they come before it.
pub fn enrol(connection: &mut MysqlConnection, sorted_queries: &[NewQuery<'_>]) -> Result<()> {
    execute_rows(connection, include_str!("gateway_query/enrol.sql"), sorted_queries)
}

/// A row that is due, and its order as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The order.
    pub order_id: String,
    /// Name of the merchant.
    pub merchant: String,
    /// Why it is asked.
    pub why: QueryReason,
    /// When the row was made.
    pub since: DateTime<Utc>,
    /// The database's clock.
    pub now: DateTime<Utc>,
    /// The order; `None` when it is gone.
    pub order: Option<DueOrder>,
}

/// What the sweeper wants to know of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueOrder {
    /// `status`.
    pub status: OrderStatus,
    /// Nothing more is expected.
    pub is_finish: bool,
    /// The trade that it goes by.
    pub trade_no: Option<String>,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// When a worker last wrote it.
    pub updated_at: DateTime<Utc>,
    /// `trade_status`.
    pub trade_status: TradeStatusCode,
    /// Until when it can be paid.
    pub expires_at: Option<DateTime<Utc>>,
    /// When Alipay said, after that, that there is nothing to close.
    pub expired_at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
#[diesel(table_name = gateway_query)]
struct DueRow {
    order_id: String,
    merchant: String,
    why: QueryReason,
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Moment)]
    now: DateTime<Utc>,
    // Of the order, where there is one.
    #[diesel(sql_type = Nullable<Code<OrderStatus>>)]
    status: Option<OrderStatus>,
    #[diesel(sql_type = Nullable<Bool>)]
    is_finish: Option<bool>,
    #[diesel(sql_type = Nullable<Text>)]
    trade_no: Option<String>,
    #[diesel(sql_type = Nullable<Moment>)]
    ordered_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Moment>)]
    updated_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Code<TradeStatusCode>>)]
    trade_status: Option<TradeStatusCode>,
    #[diesel(sql_type = Nullable<Moment>, deserialize_as = Deadline)]
    expires_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Moment>)]
    expired_at: Option<DateTime<Utc>>,
}

impl DueRow {
    fn order(&self) -> Option<DueOrder> {
        Some(DueOrder {
            status: self.status?,
            is_finish: self.is_finish?,
            trade_no: self.trade_no.clone(),
            created_at: self.ordered_at?,
            updated_at: self.updated_at?,
            trade_status: self.trade_status?,
            expires_at: self.expires_at,
            expired_at: self.expired_at,
        })
    }

    fn read(self) -> Due {
        Due {
            order: self.order(),
            order_id: self.order_id,
            merchant: self.merchant,
            why: self.why,
            since: self.created_at,
            now: self.now,
        }
    }
}

/// Locks up to `limit` rows of this merchant that are due, the longest due first, and leaves out
/// those that another worker has locked. To be followed, in the same transaction, by [`move_to`] or
/// [`delete`] for each.
pub fn claim(connection: &mut MysqlConnection, merchant: &str, limit: i64) -> Result<Vec<Due>> {
    let rows: Vec<DueRow> = sql_query(include_str!("gateway_query/lock_due.sql"))
        .bind::<Text, _>(merchant)
        .bind::<BigInt, _>(limit)
        .load(connection)?;
    Ok(rows.into_iter().map(DueRow::read).collect())
}

/// A claimed row's next time.
#[derive(Debug, Clone, Serialize)]
pub struct Move<'a> {
    /// The order.
    pub order_id: &'a str,
    /// When it is due again. For a row that is asked now this is the lease: the time after which
    /// another worker asks, should this one die.
    #[serde(serialize_with = "sql_time")]
    pub due_at: Option<DateTime<Utc>>,
    /// 1: it is asked now.
    pub asking: i32,
}

/// Moves claimed rows.
pub fn move_to(connection: &mut MysqlConnection, moves: &[Move<'_>]) -> Result<()> {
    execute_rows(connection, include_str!("gateway_query/move.sql"), moves)
}

/// Deletes rows: nothing more is to be asked about these orders.
pub fn delete(connection: &mut MysqlConnection, order_ids: &[&str]) -> Result<()> {
    execute_rows(connection, include_str!("gateway_query/delete.sql"), order_ids)
}

/// What came of a question.
#[derive(Debug, Clone, Serialize)]
pub struct Note<'a> {
    /// The order.
    pub order_id: &'a str,
    /// Why it is asked the next time.
    pub why: QueryReason,
    /// The lease that it was asked under.
    #[serde(serialize_with = "sql_time")]
    pub leased_until: Option<DateTime<Utc>>,
    /// When it is asked again; `None` ends it.
    #[serde(serialize_with = "sql_time")]
    pub due_at: Option<DateTime<Utc>>,
    /// The answer, in Alipay's word. Counts as a question that was answered.
    #[serde(serialize_with = "word")]
    pub answer: Option<&'a str>,
    /// Why there is none.
    #[serde(serialize_with = "explained")]
    pub error: Option<&'a str>,
}

/// Writes down what came of questions.
pub fn note(connection: &mut MysqlConnection, notes: &[Note<'_>]) -> Result<()> {
    let (over, going_on): (Vec<&Note<'_>>, Vec<&Note<'_>>) =
        notes.iter().partition(|note| note.due_at.is_none());
    execute_rows(connection, include_str!("gateway_query/note.sql"), &going_on)?;
    execute_rows(connection, include_str!("gateway_query/end.sql"), &over)
}
