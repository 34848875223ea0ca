//! Table `gateway_query`: orders about which the gateway is to be asked.

mod enrolment;
mod report;

use chrono::{DateTime, Utc};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use order::{OrderStatus, PaymentState, QueryReason, TradeStatusCode};
use serde::Serialize;

use crate::column::{ColumnsOf, Deadline, Moment, now};
use crate::json_rows::{execute_rows, explained, sql_time, word};
use crate::schema::{gateway_query, user_order};
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

pub use enrolment::{EnrolmentPass, EnrolmentStep, enrol_next};
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
    /// 1: due now, also if the row exists and is due later. 0: an existing row stays as it is.
    pub forward: i32,
    /// When it was asked for: a query that went out later answers it. `None`: no query that
    /// went out before this does.
    #[serde(serialize_with = "sql_time")]
    pub requested_at: Option<DateTime<Utc>>,
}

/// Makes sure that the gateway is asked about these orders, sorted. Several requests for one order are one
/// row, and one query if they come before it is sent.
pub fn enrol(connection: &mut MysqlConnection, sorted_queries: &[NewQuery<'_>]) -> Result<()> {
    execute_rows(connection, include_str!("gateway_query/enrol.sql"), sorted_queries)
}

/// A row that is due, and its order as it is now. Its columns in the order in which the statement names them.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = gateway_query)]
pub struct DueQuery {
    /// The order.
    pub order_id: String,
    /// Name of the merchant.
    pub merchant: String,
    /// Why it is asked.
    pub why: QueryReason,
    /// When the row was made.
    #[diesel(column_name = created_at)]
    pub since: DateTime<Utc>,
    /// The database's clock.
    #[diesel(select_expression = now(), select_expression_type = SqlLiteral<Moment>)]
    pub now: DateTime<Utc>,
    /// The order; `None` when it is gone.
    #[diesel(embed)]
    pub order: Option<DueOrder>,
}

/// What the sweeper needs to know about an order.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = user_order)]
pub struct DueOrder {
    /// `status`.
    pub status: OrderStatus,
    /// Nothing more is expected.
    pub is_finish: bool,
    /// The trade that determines its state.
    pub trade_no: Option<String>,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// When a worker last wrote it.
    pub updated_at: DateTime<Utc>,
    /// `trade_status`.
    pub trade_status: TradeStatusCode,
    /// Until when it can be paid.
    #[diesel(deserialize_as = Deadline)]
    pub expires_at: Option<DateTime<Utc>>,
    /// When Alipay said, after that, that there is nothing to close.
    pub expired_at: Option<DateTime<Utc>>,
}

impl DueOrder {
    /// Whether it is paid.
    pub fn payment(&self) -> PaymentState {
        PaymentState::of(self.status, self.trade_status, self.is_finish)
    }
}

/// Locks up to `limit` rows of this merchant that are due, the longest due first, and leaves out
/// those that another worker has locked. To be followed, in the same transaction, by [`move_to`] or
/// [`delete`] for each.
pub fn claim(
    connection: &mut MysqlConnection,
    merchant: &str,
    limit: i64,
) -> Result<Vec<DueQuery>> {
    Ok(static_sql(include_str!("gateway_query/lock_due.sql"))
        .text(merchant)
        .big_int(limit)
        .columns::<ColumnsOf<DueQuery>>()
        .load(connection)?)
}

/// A claimed row's next time.
#[derive(Debug, Clone, Serialize)]
pub struct QueryMove<'a> {
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
pub fn move_to(connection: &mut MysqlConnection, moves: &[QueryMove<'_>]) -> Result<()> {
    execute_rows(connection, include_str!("gateway_query/move.sql"), moves)
}

/// Deletes rows: nothing more is to be asked about these orders.
pub fn delete(connection: &mut MysqlConnection, order_ids: &[&str]) -> Result<()> {
    execute_rows(connection, include_str!("gateway_query/delete.sql"), order_ids)
}

/// The result of a query.
#[derive(Debug, Clone, Serialize)]
pub struct QueryNote<'a> {
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
    /// The answer, in Alipay's terms. Counts as a query that was answered.
    #[serde(serialize_with = "word")]
    pub answer: Option<&'a str>,
    /// Why there is none.
    #[serde(serialize_with = "explained")]
    pub error: Option<&'a str>,
}

/// Writes down the results of queries.
pub fn note(connection: &mut MysqlConnection, notes: &[QueryNote<'_>]) -> Result<()> {
    let (over, going_on): (Vec<&QueryNote<'_>>, Vec<&QueryNote<'_>>) =
        notes.iter().partition(|note| note.due_at.is_none());
    execute_rows(connection, include_str!("gateway_query/note.sql"), &going_on)?;
    execute_rows(connection, include_str!("gateway_query/end.sql"), &over)
}
