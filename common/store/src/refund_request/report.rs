//! Refunds that were asked for, by operators and by workers.

use alipay::Fen;
use diesel::dsl::sql;
use diesel::prelude::*;
use order::RefundRequestState;
use serde::Serialize;

use crate::column::{Moment, ago, value};
use crate::schema::refund_request;
use crate::{BeijingTime, MysqlConnection, Result};

/// A row of `refund_request`. Amounts are fen.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Serialize)]
#[diesel(table_name = refund_request)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct RefundRequestLine {
    pub request_no: String,
    pub merchant: String,
    pub order_id: String,
    pub trade_no: String,
    pub amount: i64,
    pub is_rest: bool,
    pub reason: String,
    pub asked_by: String,
    pub state: String,
    pub error: Option<String>,
    pub running_total: Option<i64>,
    pub created_at: BeijingTime,
    pub asked_at: Option<BeijingTime>,
    pub ended_at: Option<BeijingTime>,
    pub due_at: Option<BeijingTime>,
    pub of_rejected: bool,
}

/// Which requests to list; everything that is given must hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct RefundRequestFilter<'a> {
    /// Of this order.
    pub order: Option<&'a str>,
    /// Of this merchant.
    pub merchant: Option<&'a str>,
    /// In this state.
    pub state: Option<RefundRequestState>,
}

/// The requests that match, the latest first, at most `limit`.
pub fn list(
    connection: &mut MysqlConnection,
    filter: &RefundRequestFilter<'_>,
    limit: i64,
) -> Result<Vec<RefundRequestLine>> {
    let mut query = refund_request::table
        .order((refund_request::created_at.desc(), refund_request::request_no))
        .limit(limit)
        .select(RefundRequestLine::as_select())
        .into_boxed();
    if let Some(order) = filter.order {
        query = query.filter(refund_request::order_id.eq(order));
    }
    if let Some(merchant) = filter.merchant {
        query = query.filter(refund_request::merchant.eq(merchant));
    }
    if let Some(state) = filter.state {
        query = query.filter(refund_request::state.eq(value(state)));
    }
    Ok(query.load(connection)?)
}

/// The requests over this amount of a trade that an operator who requests the same again may mean, the
/// latest first: those without a known result, and those that were requested or made within so many seconds by the database's clock. Those that Alipay refused are left out.
pub fn equal(
    connection: &mut MysqlConnection,
    order: &str,
    trade_no: &str,
    amount: i64,
    seconds: i32,
) -> Result<Vec<RefundRequestLine>> {
    let latest = sql::<Moment>(
        "GREATEST(created_at, COALESCE(asked_at, created_at), COALESCE(ended_at, created_at))",
    );
    Ok(refund_request::table
        .filter(refund_request::order_id.eq(order))
        .filter(refund_request::trade_no.eq(trade_no))
        .filter(refund_request::amount.eq(value(Fen::new(amount))))
        .filter(refund_request::state.ne(value(RefundRequestState::Refused)))
        .filter(
            refund_request::state
                .eq(value(RefundRequestState::Unknown))
                .or(latest.gt(ago(seconds))),
        )
        .order((refund_request::created_at.desc(), refund_request::request_no))
        .select(RefundRequestLine::as_select())
        .load(connection)?)
}
