//! Finds the orders that have been unpaid or silent for too long, and those whose time is over.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use order::{OrderStatus, PaymentState, QueryReason, TradeStatusCode};

use super::{NewQuery, enrol};
use crate::column::{Moment, now, value};
use crate::schema::{gateway_query_cursor, user_order};
use crate::{MysqlConnection, Result};

/// One pass over all orders, from the oldest to the newest that are old enough. A pass looks at each
/// order once. The pass with the reason `expired` is ordered by `expires_at`, all others by `created_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnrolmentPass {
    /// `gateway_query_cursor.name`.
    pub name: &'static str,
    /// `gateway_query.why` of what it finds: `unpaid` and `expired` take placed orders, `silent` all
    /// that are not finished.
    pub why: QueryReason,
    /// The age of an order at which it is looked at; with `expired`, how long its time has been over.
    pub age: Duration,
}

/// How far one step of a pass went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnrolmentStep {
    /// Orders that were added to `gateway_query`.
    pub enrolled: usize,
    /// There may be more orders that are old enough.
    pub more: bool,
    /// So far the cursor was in the future, and was moved back.
    pub ahead: Option<TimeDelta>,
}

/// No pass can have come to a time so far in the future: such a cursor was written while the database's clock was ahead.
///
const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// How far back a cursor is set that was in the future. Orders that were placed since the clock was corrected are after it; a
/// worker notices within a second, and one that starts later has a day. An order that is looked at twice stays as it is.
const BACK: TimeDelta = TimeDelta::days(1);

#[derive(QueryableByName)]
#[diesel(table_name = user_order)]
struct CandidateRow {
    id: String,
    merchant: String,
    status: OrderStatus,
    trade_status: TradeStatusCode,
    is_finish: bool,
    /// The time that the pass is ordered by.
    #[diesel(sql_type = Moment)]
    at: DateTime<Utc>,
}

impl CandidateRow {
    fn is_for(&self, pass: EnrolmentPass) -> bool {
        let payment = PaymentState::of(self.status, self.trade_status, self.is_finish);
        match pass.why {
            QueryReason::Unpaid => self.status == OrderStatus::Placed,
            QueryReason::Expired => payment == PaymentState::Unpaid,
            _ => !self.is_finish,
        }
    }

    fn query(&self, pass: EnrolmentPass) -> NewQuery<'_> {
        // An order that was queried before its time limit is queried again, and closed.
        let expired = pass.why == QueryReason::Expired;
        NewQuery {
            order_id: &self.id,
            merchant: &self.merchant,
            why: pass.why,
            forward: i32::from(expired),
            requested_at: expired.then_some(self.at),
        }
    }
}

/// Looks at the next `limit` orders of a pass and enrols those that it is for, of `merchants` alone;
/// an order that is enrolled stays as it is, unless its time is over: then it is due now. One worker at
/// a time: for the others there is nothing to do. To be run in a transaction.
pub fn enrol_next(
    connection: &mut MysqlConnection,
    pass: EnrolmentPass,
    merchants: &[&str],
    limit: i64,
) -> Result<EnrolmentStep> {
    let cursor: Option<(DateTime<Utc>, String, DateTime<Utc>)> = gateway_query_cursor::table
        .find(pass.name)
        .select((gateway_query_cursor::reached, gateway_query_cursor::reached_id, now()))
        .for_update()
        .skip_locked()
        .first(connection)
        .optional()?;
    let nothing = EnrolmentStep { enrolled: 0, more: false, ahead: None };
    let Some((reached, reached_id, now)) = cursor else { return Ok(nothing) };
    let until: DateTime<Utc> = now - pass.age;
    let ahead = reached - now;
    if ahead > AHEAD {
        set_cursor(connection, pass, until - BACK, "")?;
        return Ok(EnrolmentStep { more: true, ahead: Some(ahead), ..nothing });
    }
    let candidates = match pass.why {
        QueryReason::Expired => include_str!("expired.sql"),
        _ => include_str!("candidates.sql"),
    };
    let rows: Vec<CandidateRow> = sql_query(candidates)
        .bind::<Moment, _>(reached)
        .bind::<Text, _>(&reached_id)
        .bind::<BigInt, _>(limit)
        .bind::<Moment, _>(reached)
        .bind::<Moment, _>(until)
        .bind::<BigInt, _>(limit)
        .bind::<BigInt, _>(limit)
        .load(connection)?;
    let Some(last) = rows.last() else { return Ok(nothing) };
    let mut queries: Vec<NewQuery<'_>> = rows
        .iter()
        .filter(|row| row.is_for(pass))
        .filter(|row| merchants.contains(&row.merchant.as_str()))
        .map(|row| row.query(pass))
        .collect();
    queries.sort();
    enrol(connection, &queries)?;
    set_cursor(connection, pass, last.at, &last.id)?;
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= limit;
    Ok(EnrolmentStep { enrolled: queries.len(), more: full, ahead: None })
}

fn set_cursor(
    connection: &mut MysqlConnection,
    pass: EnrolmentPass,
    reached: DateTime<Utc>,
    reached_id: &str,
) -> Result<()> {
    diesel::update(gateway_query_cursor::table.find(pass.name))
        .set((
            gateway_query_cursor::reached.eq(value(reached)),
            gateway_query_cursor::reached_id.eq(reached_id),
        ))
        .execute(connection)?;
    Ok(())
}
