//! Table `refund_request`: refunds that operators asked for, and those that workers make by
//! themselves ([`ask_late`]), written before Alipay is asked.
//!
//! An order's row is locked while its requests are read and one is added, so that two operators see
//! each other's requests. Nothing is locked while Alipay is asked.

mod due;
mod end_notified;
mod late_refund;
mod of_rejected;
mod report;

use alipay::{Fen, TradeRef, TradeRefund};
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use order::RefundRequestState;

use crate::column::{Value, after, now, value};
use crate::json_rows::{explanation, load_rows};
use crate::schema::{refund_request, user_order};
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

pub use due::{ClaimedRefund, claim, put_off};
pub use end_notified::end_notified;
pub use late_refund::{LateRefund, ask_late, late_number, on_its_way, withdraw_late};
pub use of_rejected::{given_back, lock_number, of_payment, of_rejected, unlock_number};
pub use report::{RefundRequestFilter, RefundRequestLine, equal, list};

/// `error` while a call is under way, and after a crash in it.
pub const NO_ANSWER_YET: &str = "no_answer_yet: the call was begun and nobody has noted its end";

/// A refund that was requested.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName, Insertable)]
#[diesel(table_name = refund_request)]
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
    #[diesel(serialize_as = Value<Fen>)]
    pub amount: Fen,
    /// Whether all that was left was requested.
    pub is_rest: bool,
    /// Why; at most 256 characters.
    pub reason: String,
    /// Who asked first.
    pub asked_by: String,
    /// Its outcome.
    #[diesel(serialize_as = Value<RefundRequestState>)]
    pub state: RefundRequestState,
    /// Why it is refused or unknown.
    #[diesel(skip_insertion)]
    pub error: Option<String>,
    /// All refunds of the trade with this one, as Alipay answered.
    #[diesel(skip_insertion)]
    pub running_total: Option<Fen>,
    /// The payment was rejected: no order has its trade, and `order_id` is the number that it names.
    pub of_rejected: bool,
}

impl RefundRequest {
    /// What is asked of the Open Platform. Repeated it is the same refund.
    pub fn refund(&self) -> TradeRefund<'_> {
        TradeRefund {
            which: TradeRef::TradeNo(&self.trade_no),
            amount: self.amount,
            out_request_no: &self.request_no,
            reason: &self.reason,
        }
    }
}

/// Locks an order until the end of the transaction; waits for the transaction that holds it. Says whether there is
/// one.
pub fn lock_order(connection: &mut MysqlConnection, order_id: &str) -> Result<bool> {
    let order = user_order::table.find(order_id).select(user_order::id).for_update();
    Ok(order.get_result::<String>(connection).optional()?.is_some())
}

/// The requests of an order, the oldest first.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<RefundRequest>> {
    Ok(static_sql("SELECT request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, state, \
         error, running_total, of_rejected FROM refund_request FORCE INDEX (refund_request_order) \
         WHERE order_id = ? ORDER BY created_at, request_no")
    .text(order_id)
    .load(connection)?)
}

/// The requests with these numbers. Number, trade and amount of one never change.
pub fn by_numbers(
    connection: &mut MysqlConnection,
    request_nos: &[&str],
) -> Result<Vec<RefundRequest>> {
    load_rows(connection, include_str!("refund_request/by_numbers.sql"), request_nos)
}

/// Writes a new request. Its order should be locked.
///
/// # Errors
/// What the database says; `UniqueViolation` when the number is taken.
pub fn insert(connection: &mut MysqlConnection, new: &RefundRequest) -> Result<()> {
    diesel::insert_into(refund_request::table).values(new.clone()).execute(connection)?;
    Ok(())
}

/// How long until Alipay may be called about the trade, in microseconds: 3 s after the call before. A time far ahead was
/// written while the clock was wrong.
fn until_next_call(connection: &mut MysqlConnection, request: &RefundRequest) -> Result<i64> {
    let rest = sql::<BigInt>(
        "CAST(GREATEST(0, COALESCE(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), \
         MAX(IF(asked_at > UTC_TIMESTAMP(6) + INTERVAL 10 MINUTE, NULL, asked_at)) + INTERVAL 3 SECOND), 0)) AS SIGNED)",
    );
    Ok(refund_request::table
        .filter(refund_request::order_id.eq(&request.order_id))
        .filter(refund_request::trade_no.eq(&request.trade_no))
        .select(rest)
        .get_result(connection)?)
}

/// Books the next call of Alipay about the trade, by the database's clock. Returns how long to wait for it, in
/// microseconds. The order should be locked.
pub fn book_call(connection: &mut MysqlConnection, request: &RefundRequest) -> Result<u64> {
    let wait = until_next_call(connection, request)?;
    diesel::update(refund_request::table.find(&request.request_no))
        .set(refund_request::asked_at.eq(after(wait).nullable()))
        .execute(connection)?;
    Ok(wait.unsigned_abs())
}

/// Writes the outcome of a request. One that was accepted stays so; a worker does not repeat one that has
/// ended.
pub fn note(
    connection: &mut MysqlConnection,
    request_no: &str,
    state: RefundRequestState,
    error: Option<&str>,
    running_total: Option<Fen>,
) -> Result<()> {
    let has_ended = state.has_ended();
    let never = None::<DateTime<Utc>>;
    let is_open = refund_request::state.ne(value(RefundRequestState::Accepted));
    diesel::update(refund_request::table.find(request_no).filter(is_open))
        .set((
            refund_request::state.eq(value(state)),
            refund_request::error.eq(error.map(explanation)),
            refund_request::running_total.eq(running_total),
            has_ended.then(|| refund_request::ended_at.eq(now().nullable())),
            (!has_ended).then(|| refund_request::ended_at.eq(never)),
            has_ended.then(|| refund_request::due_at.eq(never)),
        ))
        .execute(connection)?;
    Ok(())
}
