//! The whole system in a few numbers.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Nullable, SmallInt};
use serde::Serialize;

use crate::BeijingTime;
use crate::{MysqlConnection, StoreError};

/// How many orders have a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName, Serialize)]
pub struct StatusCount {
    /// `user_order.status`.
    #[diesel(sql_type = SmallInt)]
    pub status: i16,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
}

/// Something that waits, and since when.
#[derive(Debug, Clone, Copy, QueryableByName, Serialize)]
pub struct Waiting {
    /// How many rows.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// The one that waits longest.
    #[diesel(sql_type = Nullable<Datetime>)]
    pub oldest: Option<BeijingTime>,
}

/// What the database says about the work that is done and the work that waits.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Orders by status; a status that no order has is left out.
    pub orders: Vec<StatusCount>,
    /// Events that are not published yet.
    pub unpublished: Waiting,
    /// Paid orders without stock.
    pub awaiting_stock: Waiting,
    /// Paid orders that a person has to deliver.
    pub awaiting_manual: Waiting,
    /// Paid subscriptions whose order names no account.
    pub awaiting_account: Waiting,
    /// Open reviews.
    pub open_reviews: Waiting,
    /// Of these, orders that are paid here and not at Alipay.
    pub not_at_alipay: Waiting,
    /// Refunds of which nobody knows whether they were made.
    pub refunds_unknown: Waiting,
}

/// Counts.
///
/// # Errors
/// What the database says.
pub fn counts(connection: &mut MysqlConnection) -> Result<Counts, StoreError> {
    Ok(Counts {
        orders: sql_query(
            "SELECT status, COUNT(*) AS orders FROM user_order GROUP BY status ORDER BY status",
        )
        .load(connection)?,
        unpublished: sql_query(
            "SELECT COUNT(*) AS count, MIN(created_at) AS oldest FROM outbox \
             WHERE published_at IS NULL",
        )
        .get_result(connection)?,
        awaiting_stock: sql_query(
            "SELECT COUNT(*) AS count, MIN(waiting_since) AS oldest FROM fulfillment \
             WHERE state = 'awaiting_stock'",
        )
        .get_result(connection)?,
        awaiting_manual: sql_query(
            "SELECT COUNT(*) AS count, MIN(waiting_since) AS oldest FROM fulfillment \
             WHERE state = 'awaiting_manual'",
        )
        .get_result(connection)?,
        awaiting_account: sql_query(
            "SELECT COUNT(*) AS count, MIN(waiting_since) AS oldest FROM fulfillment \
             WHERE state = 'awaiting_account'",
        )
        .get_result(connection)?,
        open_reviews: sql_query(
            "SELECT COUNT(*) AS count, MIN(raised_at) AS oldest FROM review WHERE state = 'open'",
        )
        .get_result(connection)?,
        not_at_alipay: sql_query(
            "SELECT COUNT(*) AS count, MIN(raised_at) AS oldest FROM review \
             WHERE state = 'open' AND reason = 'not_at_alipay'",
        )
        .get_result(connection)?,
        refunds_unknown: sql_query(
            "SELECT COUNT(*) AS count, MIN(created_at) AS oldest FROM refund_request \
             WHERE state = 'unknown'",
        )
        .get_result(connection)?,
    })
}
