//! Table `gateway_query`: orders about which the gateway is to be asked.

mod enrolment;
mod report;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Datetime, Nullable, SmallInt, Text};
use order::{OrderStatus, QueryReason, TradeStatusCode};
use serde::Serialize;

use crate::json_rows::{execute_rows, explained, sql_time, utc, word};
use crate::{MysqlConnection, StoreError};

pub use enrolment::{Pass, Step, enrol_next};
pub use report::{AskedCounts, AskedRow, counts, of_order};

/// An order to ask about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Wish<'a> {
    /// The order.
    pub order_id: &'a str,
    /// Name of the order's merchant.
    pub merchant: &'a str,
    /// Word of an [`order::QueryReason`].
    pub why: &'a str,
    /// 1: now, also where the row is there and due later. 0: as it is, where it is there.
    pub forward: i32,
    /// When it was asked for: a question that went out later answers it. `None`: no question that
    /// went out before this does.
    #[serde(serialize_with = "sql_time")]
    pub requested_at: Option<DateTime<Utc>>,
}

/// Makes sure that the gateway is asked about these orders, sorted. Several wishes for one order are
/// one row, and one question when they come before it.
///
/// # Errors
/// What the database says.
pub fn enrol(
    connection: &mut MysqlConnection,
    sorted_wishes: &[Wish<'_>],
) -> Result<(), StoreError> {
    execute_rows(connection, include_str!("gateway_query/enrol.sql"), sorted_wishes)
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
struct DueRow {
    #[diesel(sql_type = Text)]
    order_id: String,
    #[diesel(sql_type = Text)]
    merchant: String,
    #[diesel(sql_type = Text)]
    why: String,
    #[diesel(sql_type = Datetime)]
    created_at: NaiveDateTime,
    #[diesel(sql_type = Datetime)]
    now: NaiveDateTime,
    #[diesel(sql_type = Nullable<SmallInt>)]
    status: Option<i16>,
    #[diesel(sql_type = Nullable<Bool>)]
    is_finish: Option<bool>,
    #[diesel(sql_type = Nullable<Text>)]
    trade_no: Option<String>,
    #[diesel(sql_type = Nullable<Datetime>)]
    ordered_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Datetime>)]
    updated_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<SmallInt>)]
    trade_status: Option<i16>,
    #[diesel(sql_type = Nullable<Datetime>)]
    expires_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Datetime>)]
    expired_at: Option<NaiveDateTime>,
}

impl DueRow {
    fn read(self) -> Due {
        let order = match (self.status, self.is_finish, self.ordered_at, self.updated_at) {
            (Some(status), Some(is_finish), Some(created_at), Some(updated_at)) => Some(DueOrder {
                // Of a number that is none of ours nothing is known but that it is not unpaid.
                status: OrderStatus::from_code(status).unwrap_or(OrderStatus::Paid),
                is_finish,
                trade_no: self.trade_no,
                created_at: created_at.and_utc(),
                updated_at: updated_at.and_utc(),
                trade_status: self
                    .trade_status
                    .and_then(TradeStatusCode::from_code)
                    .unwrap_or(TradeStatusCode::NoPay),
                expires_at: utc(self.expires_at),
                expired_at: utc(self.expired_at),
            }),
            _ => None,
        };
        Due {
            order_id: self.order_id,
            merchant: self.merchant,
            why: QueryReason::read(&self.why),
            since: self.created_at.and_utc(),
            now: self.now.and_utc(),
            order,
        }
    }
}

/// Locks up to `limit` rows of this merchant that are due, the longest due first, and leaves out
/// those that another worker has locked. To be followed, in the same transaction, by [`move_to`] or
/// [`delete`] for each.
///
/// # Errors
/// What the database says.
pub fn claim(
    connection: &mut MysqlConnection,
    merchant: &str,
    limit: i64,
) -> Result<Vec<Due>, StoreError> {
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
///
/// # Errors
/// What the database says.
pub fn move_to(connection: &mut MysqlConnection, moves: &[Move<'_>]) -> Result<(), StoreError> {
    execute_rows(connection, include_str!("gateway_query/move.sql"), moves)
}

/// Deletes rows: nothing more is to be asked about these orders.
///
/// # Errors
/// What the database says.
pub fn delete(connection: &mut MysqlConnection, order_ids: &[&str]) -> Result<(), StoreError> {
    execute_rows(connection, include_str!("gateway_query/delete.sql"), order_ids)
}

/// What came of a question.
#[derive(Debug, Clone, Serialize)]
pub struct Note<'a> {
    /// The order.
    pub order_id: &'a str,
    /// Why it is asked the next time.
    pub why: &'a str,
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
///
/// # Errors
/// What the database says.
pub fn note(connection: &mut MysqlConnection, notes: &[Note<'_>]) -> Result<(), StoreError> {
    let (over, going_on): (Vec<&Note<'_>>, Vec<&Note<'_>>) =
        notes.iter().partition(|note| note.due_at.is_none());
    execute_rows(connection, include_str!("gateway_query/note.sql"), &going_on)?;
    execute_rows(connection, include_str!("gateway_query/end.sql"), &over)
}
