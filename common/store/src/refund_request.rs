//! Table `refund_request`: refunds that operators asked for, and those that workers make by
//! themselves ([`ask_late`]), written before Alipay is asked.
//!
//! An order's row is locked while its requests are looked through and one is added, so that two
//! operators see each other's. Nothing is locked while Alipay is asked.

mod due;
mod late;
mod rejected;
mod report;
mod settle;

use alipay::{Fen, TradeRef, TradeRefund};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use order::RefundRequestState;

use crate::json_rows::{explanation, load_rows};
use crate::{MysqlConnection, StoreError};

pub use due::{ClaimedRefund, claim, put_off};
pub use late::{LateRefund, ask_late, late_number, on_its_way, withdraw_late};
pub use rejected::{lock_number, of_rejected, unlock_number};
pub use report::{RefundRequestFilter, RefundRequestLine, equal, list};
pub use settle::settle;

/// `error` while a call is under way, and after a crash in it.
pub const NO_ANSWER_YET: &str = "no_answer_yet: the call was begun and nobody has noted its end";

/// A refund that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// `out_request_no`, or `batch_no` of the legacy gateway.
    pub request_no: String,
    /// Name in the configuration.
    pub merchant: String,
    /// `user_order.id`.
    pub order_id: String,
    /// Alipay's number.
    pub trade_no: String,
    /// The amount, above zero.
    pub amount: Fen,
    /// Whether all that was left was wanted.
    pub is_rest: bool,
    /// Why; at most 256 characters.
    pub reason: String,
    /// Who asked first.
    pub asked_by: String,
    /// What became of it.
    pub state: RefundRequestState,
    /// Why it is refused or unknown.
    pub error: Option<String>,
    /// All refunds of the trade with this one, as Alipay answered.
    pub running_total: Option<Fen>,
    /// The payment was rejected: no order has its trade, and `order_id` is the number that it names.
    pub of_rejected: bool,
}

impl RefundRequest {
    /// What is asked of the Open Platform. Repeated it is the same refund.
    #[must_use]
    pub fn refund(&self) -> TradeRefund<'_> {
        TradeRefund {
            which: TradeRef::TradeNo(&self.trade_no),
            amount: self.amount,
            out_request_no: &self.request_no,
            reason: &self.reason,
        }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    request_no: String,
    #[diesel(sql_type = Text)]
    merchant: String,
    #[diesel(sql_type = Text)]
    order_id: String,
    #[diesel(sql_type = Text)]
    trade_no: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = Bool)]
    is_rest: bool,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = Text)]
    asked_by: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Text>)]
    error: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    running_total: Option<i64>,
    #[diesel(sql_type = Bool)]
    of_rejected: bool,
}

impl TryFrom<Row> for RefundRequest {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<RefundRequest, StoreError> {
        let state = row.state.parse().ok();
        let state = state
            .ok_or_else(|| StoreError::Row { table: "refund_request", what: row.state.clone() })?;
        Ok(RefundRequest {
            request_no: row.request_no,
            merchant: row.merchant,
            order_id: row.order_id,
            trade_no: row.trade_no,
            amount: Fen::new(row.amount),
            is_rest: row.is_rest,
            reason: row.reason,
            asked_by: row.asked_by,
            state,
            error: row.error,
            running_total: row.running_total.map(Fen::new),
            of_rejected: row.of_rejected,
        })
    }
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Text)]
    #[expect(dead_code, reason = "that there is a row is the answer")]
    id: String,
}

/// Locks an order until the end of the transaction; waits for whoever has it. Says whether there is
/// one.
///
/// # Errors
/// What the database says.
pub fn lock_order(connection: &mut MysqlConnection, order_id: &str) -> Result<bool, StoreError> {
    let locked = sql_query("SELECT id FROM user_order WHERE id = ? FOR UPDATE")
        .bind::<Text, _>(order_id)
        .load::<Locked>(connection)?;
    Ok(!locked.is_empty())
}

/// The requests of an order, the oldest first.
///
/// # Errors
/// What the database says.
pub fn of_order(
    connection: &mut MysqlConnection,
    order_id: &str,
) -> Result<Vec<RefundRequest>, StoreError> {
    let rows: Vec<Row> = sql_query(
        "SELECT request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, state, \
         error, running_total, of_rejected FROM refund_request FORCE INDEX (refund_request_order) \
         WHERE order_id = ? ORDER BY created_at, request_no",
    )
    .bind::<Text, _>(order_id)
    .load(connection)?;
    rows.into_iter().map(RefundRequest::try_from).collect()
}

/// The requests with these numbers. Number, trade and amount of one never change.
///
/// # Errors
/// What the database says.
pub fn by_numbers(
    connection: &mut MysqlConnection,
    request_nos: &[&str],
) -> Result<Vec<RefundRequest>, StoreError> {
    let rows: Vec<Row> =
        load_rows(connection, include_str!("refund_request/by_numbers.sql"), request_nos)?;
    rows.into_iter().map(RefundRequest::try_from).collect()
}

/// Writes a new request. Its order should be locked.
///
/// # Errors
/// What the database says; `UniqueViolation` when the number is taken.
pub fn insert(connection: &mut MysqlConnection, new: &RefundRequest) -> Result<(), StoreError> {
    sql_query(
        "INSERT INTO refund_request \
         (request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, state, of_rejected) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind::<Text, _>(&new.request_no)
    .bind::<Text, _>(&new.merchant)
    .bind::<Text, _>(&new.order_id)
    .bind::<Text, _>(&new.trade_no)
    .bind::<BigInt, _>(new.amount.get())
    .bind::<Bool, _>(new.is_rest)
    .bind::<Text, _>(&new.reason)
    .bind::<Text, _>(&new.asked_by)
    .bind::<Text, _>(new.state.as_str())
    .bind::<Bool, _>(new.of_rejected)
    .execute(connection)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Wait {
    #[diesel(sql_type = BigInt)]
    microseconds: i64,
}

/// How long the trade's next turn is away, in microseconds. A turn that is further away was taken while the clock was wrong.
fn turn(connection: &mut MysqlConnection, request: &RefundRequest) -> Result<i64, StoreError> {
    let wait: Wait = sql_query(
        "SELECT CAST(GREATEST(0, COALESCE(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), \
         MAX(IF(asked_at > UTC_TIMESTAMP(6) + INTERVAL 10 MINUTE, NULL, asked_at)) + INTERVAL 3 SECOND), 0)) AS SIGNED) \
         AS microseconds \
         FROM refund_request FORCE INDEX (refund_request_order) WHERE order_id = ? AND trade_no = ?",
    )
    .bind::<Text, _>(&request.order_id)
    .bind::<Text, _>(&request.trade_no)
    .get_result(connection)?;
    Ok(wait.microseconds)
}

/// Takes the next turn to call Alipay about the trade, 3 s after the one before, by the database's
/// clock. Returns how long to wait for it, in microseconds. The order should be locked.
///
/// # Errors
/// What the database says.
pub fn take_turn(
    connection: &mut MysqlConnection,
    request: &RefundRequest,
) -> Result<u64, StoreError> {
    let wait = turn(connection, request)?;
    sql_query(
        "UPDATE refund_request SET asked_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND \
         WHERE request_no = ?",
    )
    .bind::<BigInt, _>(wait)
    .bind::<Text, _>(&request.request_no)
    .execute(connection)?;
    Ok(wait.unsigned_abs())
}

/// Writes what became of a request. One that was accepted stays so; one that has ended is nothing
/// for a worker any more.
///
/// # Errors
/// What the database says.
pub fn note(
    connection: &mut MysqlConnection,
    request_no: &str,
    state: RefundRequestState,
    error: Option<&str>,
    running_total: Option<Fen>,
) -> Result<(), StoreError> {
    let ended = matches!(state, RefundRequestState::Accepted | RefundRequestState::Refused);
    sql_query(
        "UPDATE refund_request SET state = ?, error = ?, running_total = ?, \
         ended_at = IF(?, UTC_TIMESTAMP(6), NULL), due_at = IF(?, NULL, due_at) \
         WHERE request_no = ? AND state <> 'accepted'",
    )
    .bind::<Text, _>(state.as_str())
    .bind::<Nullable<Text>, _>(error.map(explanation))
    .bind::<Nullable<BigInt>, _>(running_total.map(Fen::get))
    .bind::<Bool, _>(ended)
    .bind::<Bool, _>(ended)
    .bind::<Text, _>(request_no)
    .execute(connection)?;
    Ok(())
}
