//! Refunds that were asked for, by operators and by workers.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Datetime, Integer, Nullable, Text};
use serde::Serialize;

use crate::BeijingTime;
use crate::{MysqlConnection, StoreError};
use order::RefundRequestState;

/// A row of `refund_request`. Amounts are fen.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName, Serialize)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct RefundRequestLine {
    #[diesel(sql_type = Text)]
    pub request_no: String,
    #[diesel(sql_type = Text)]
    pub merchant: String,
    #[diesel(sql_type = Text)]
    pub order_id: String,
    #[diesel(sql_type = Text)]
    pub trade_no: String,
    #[diesel(sql_type = BigInt)]
    pub amount: i64,
    #[diesel(sql_type = Bool)]
    pub is_rest: bool,
    #[diesel(sql_type = Text)]
    pub reason: String,
    #[diesel(sql_type = Text)]
    pub asked_by: String,
    #[diesel(sql_type = Text)]
    pub state: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub error: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub running_total: Option<i64>,
    #[diesel(sql_type = Datetime)]
    pub created_at: BeijingTime,
    #[diesel(sql_type = Nullable<Datetime>)]
    pub asked_at: Option<BeijingTime>,
    #[diesel(sql_type = Nullable<Datetime>)]
    pub ended_at: Option<BeijingTime>,
    #[diesel(sql_type = Nullable<Datetime>)]
    pub due_at: Option<BeijingTime>,
    #[diesel(sql_type = Bool)]
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

const SELECT: &str = "SELECT request_no, merchant, order_id, trade_no, amount, is_rest, reason, \
                      asked_by, state, error, running_total, created_at, asked_at, ended_at, due_at, of_rejected \
                      FROM refund_request WHERE TRUE";

/// The requests that match, the latest first, at most `limit`.
///
/// # Errors
/// What the database says.
pub fn list(
    connection: &mut MysqlConnection,
    filter: &RefundRequestFilter<'_>,
    limit: i64,
) -> Result<Vec<RefundRequestLine>, StoreError> {
    let mut query = sql_query(SELECT).into_boxed();
    if let Some(order) = filter.order {
        query = query.sql(" AND order_id = ?").bind::<Text, _>(order);
    }
    if let Some(merchant) = filter.merchant {
        query = query.sql(" AND merchant = ?").bind::<Text, _>(merchant);
    }
    if let Some(state) = filter.state {
        query = query.sql(" AND state = ?").bind::<Text, _>(state.as_str());
    }
    let query = query.sql(" ORDER BY created_at DESC, request_no LIMIT ?").bind::<BigInt, _>(limit);
    Ok(query.load(connection)?)
}

/// The requests over this amount of a trade that may be what somebody means who asks once more, the
/// latest first: whatever nobody knows the end of, and what was asked for or made within so many seconds
/// by the database's clock. What Alipay refused is left out.
///
/// # Errors
/// What the database says.
pub fn equal(
    connection: &mut MysqlConnection,
    order: &str,
    trade_no: &str,
    amount: i64,
    seconds: i32,
) -> Result<Vec<RefundRequestLine>, StoreError> {
    Ok(sql_query(SELECT)
        .into_boxed()
        .sql(
            " AND order_id = ? AND trade_no = ? AND amount = ? AND state <> 'refused' AND (state = 'unknown' \
             OR GREATEST(created_at, COALESCE(asked_at, created_at), COALESCE(ended_at, created_at)) \
             > UTC_TIMESTAMP(6) - INTERVAL ? SECOND) ORDER BY created_at DESC, request_no",
        )
        .bind::<Text, _>(order)
        .bind::<Text, _>(trade_no)
        .bind::<BigInt, _>(amount)
        .bind::<Integer, _>(seconds)
        .load(connection)?)
}
