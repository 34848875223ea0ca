//! Refunds that a worker carries out, one row at a time.
//!
//! ```text
//! asked ──claim──▶ unknown, under a lease ──the call──▶ accepted | refused | unknown, due later
//! ```
//!
//! A worker that crashes after the claim leaves `unknown`: when the lease has expired, another worker
//! repeats the call with the same number, which refunds once.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use order::RefundRequestState;

use super::{NO_ANSWER_YET, RefundRequest, until_next_call};
use crate::column::{Moment, value};
use crate::json_rows::{explanation, json};
use crate::schema::{refund_request, user_order};
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// A refund that is carried out now. The row says `unknown` until its result is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedRefund {
    /// The request, as it was before: `asked`, or `unknown` after a call whose result is not known.
    ///
    pub request: RefundRequest,
    /// When it was requested first.
    pub since: DateTime<Utc>,
    /// The database's clock.
    pub now: DateTime<Utc>,
}

#[derive(QueryableByName)]
#[diesel(table_name = refund_request)]
struct DueRow {
    #[diesel(embed)]
    request: RefundRequest,
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Moment)]
    now: DateTime<Utc>,
}

/// Takes up to `limit` refunds of this merchant that are due and whose trade Alipay may be called about: 3 s
/// after any other call. The others are due then. Those of orders of `paused_products` are left out. To be run in a
/// transaction.
pub fn claim(
    connection: &mut MysqlConnection,
    merchant: &str,
    paused_products: &[&str],
    limit: i64,
    lease: Duration,
) -> Result<Vec<ClaimedRefund>> {
    let rows: Vec<DueRow> = static_sql(include_str!("lock_due.sql"))
        .text(merchant)
        .text(json(paused_products)?)
        .big_int(limit)
        .load(connection)?;
    let lease = TimeDelta::from_std(lease).unwrap_or(TimeDelta::MAX);
    let mut claimed = Vec::new();
    for DueRow { request, created_at, now } in rows {
        // Calls are booked with the order locked. Its rows are locked already here, so this must not wait
        // for another lock.
        let order = user_order::table.find(&request.order_id).select(user_order::id);
        let order: Option<String> =
            order.for_update().skip_locked().get_result(connection).optional()?;
        let wait = match order {
            None => TimeDelta::seconds(1),
            Some(_) => TimeDelta::microseconds(until_next_call(connection, &request)?),
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
        .bind::<Moment, _>(now + lease)
        .bind::<Text, _>(&request.request_no)
        .execute(connection)?;
        claimed.push(ClaimedRefund { request, since: created_at, now });
    }
    Ok(claimed)
}

fn later(connection: &mut MysqlConnection, request_no: &str, due_at: DateTime<Utc>) -> Result<()> {
    diesel::update(refund_request::table.find(request_no))
        .set(refund_request::due_at.eq(Some(due_at)))
        .execute(connection)?;
    Ok(())
}

/// Writes down that a claimed refund has not ended, why, and when it is tried again. `asked`: the gateway
/// never received it.
pub fn put_off(
    connection: &mut MysqlConnection,
    request_no: &str,
    state: RefundRequestState,
    error: &str,
    due_at: DateTime<Utc>,
) -> Result<()> {
    let under_way = refund_request::table
        .find(request_no)
        .filter(refund_request::state.eq(value(RefundRequestState::Unknown)));
    diesel::update(under_way)
        .set((
            refund_request::state.eq(value(state)),
            refund_request::error.eq(Some(explanation(error))),
            refund_request::due_at.eq(Some(due_at)),
        ))
        .execute(connection)?;
    Ok(())
}
