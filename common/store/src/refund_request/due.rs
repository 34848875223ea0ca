//! Refunds that a worker carries out, one row at a time.
//!
//! ```text
//! asked ──claim──▶ unknown, under a lease ──the call──▶ accepted | refused | unknown, due later
//! ```
//!
//! Whoever dies after the claim leaves `unknown`: when the lease runs out another worker repeats the
//! call with the same number, which refunds once.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Text};

use order::RefundRequestState;

use super::{Locked, NO_ANSWER_YET, RefundRequest, Row, turn};
use crate::json_rows::explanation;
use crate::{MysqlConnection, StoreError};

/// A refund that is carried out now. The row says `unknown` until its end is noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedRefund {
    /// The request, as it was before: `asked`, or `unknown` after a call of which nobody knows the
    /// end.
    pub request: RefundRequest,
    /// When it was first wanted.
    pub since: DateTime<Utc>,
    /// The database's clock.
    pub now: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct DueRow {
    #[diesel(embed)]
    request: Row,
    #[diesel(sql_type = Datetime)]
    created_at: NaiveDateTime,
    #[diesel(sql_type = Datetime)]
    now: NaiveDateTime,
}

/// Takes up to `limit` refunds of this merchant that are due and whose turn it is to call Alipay: 3 s
/// after any other call about the trade. The others come in their turn. To be run in a transaction.
///
/// # Errors
/// What the database says.
pub fn claim(
    connection: &mut MysqlConnection,
    merchant: &str,
    limit: i64,
    lease: Duration,
) -> Result<Vec<ClaimedRefund>, StoreError> {
    let rows: Vec<DueRow> = sql_query(include_str!("lock_due.sql"))
        .bind::<Text, _>(merchant)
        .bind::<BigInt, _>(limit)
        .load(connection)?;
    let lease = TimeDelta::from_std(lease).unwrap_or(TimeDelta::MAX);
    let mut claimed = Vec::new();
    for DueRow { request, created_at, now } in rows {
        let now = now.and_utc();
        let request = RefundRequest::try_from(request)?;
        // Turns are taken with the order locked. Its rows are locked already here, so nobody may be
        // waited for.
        let order: Vec<Locked> =
            sql_query("SELECT id FROM user_order WHERE id = ? FOR UPDATE SKIP LOCKED")
                .bind::<Text, _>(&request.order_id)
                .load(connection)?;
        let wait = match order.is_empty() {
            true => TimeDelta::seconds(1),
            false => TimeDelta::microseconds(turn(connection, &request)?),
        };
        if wait > TimeDelta::zero() {
            later(connection, &request.request_no, now + wait)?;
            continue;
        }
        sql_query(
            "UPDATE refund_request SET state = 'unknown', error = COALESCE(error, ?), \
             asked_at = UTC_TIMESTAMP(6), due_at = ? WHERE request_no = ?",
        )
        .bind::<Text, _>(NO_ANSWER_YET)
        .bind::<Datetime, _>((now + lease).naive_utc())
        .bind::<Text, _>(&request.request_no)
        .execute(connection)?;
        claimed.push(ClaimedRefund { request, since: created_at.and_utc(), now });
    }
    Ok(claimed)
}

fn later(
    connection: &mut MysqlConnection,
    request_no: &str,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql_query("UPDATE refund_request SET due_at = ? WHERE request_no = ?")
        .bind::<Datetime, _>(due_at.naive_utc())
        .bind::<Text, _>(request_no)
        .execute(connection)?;
    Ok(())
}

/// Writes down that a claimed refund has not ended, why, and when it is taken up again. `asked`: the
/// gateway never saw it.
///
/// # Errors
/// What the database says.
pub fn put_off(
    connection: &mut MysqlConnection,
    request_no: &str,
    state: RefundRequestState,
    error: &str,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql_query(
        "UPDATE refund_request SET state = ?, error = ?, due_at = ? \
         WHERE request_no = ? AND state = 'unknown'",
    )
    .bind::<Text, _>(state.as_str())
    .bind::<Text, _>(explanation(error))
    .bind::<Datetime, _>(due_at.naive_utc())
    .bind::<Text, _>(request_no)
    .execute(connection)?;
    Ok(())
}
