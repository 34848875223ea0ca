//! Queries to the gateway.

use diesel::dsl::{case_when, count, count_star, min};
use diesel::prelude::*;
use order::QueryReason;
use serde::Serialize;

use crate::BeijingTime;
use crate::column::{now, value};
use crate::schema::gateway_query;
use crate::{MysqlConnection, Result};

/// What is asked about an order, and the result. The row is gone when nothing more is asked.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = gateway_query)]
pub struct AskedRow {
    /// `unpaid`, `silent`, `in_doubt`, or who asks.
    pub why: String,
    /// When the gateway is asked next.
    pub due_at: BeijingTime,
    /// Queries that were answered.
    pub asked: i32,
    /// The latest query.
    pub asked_at: Option<BeijingTime>,
    /// The latest answer, in Alipay's terms.
    pub answer: Option<String>,
    /// Why the latest query has no answer.
    pub error: Option<String>,
}

/// What is asked about this order.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Option<AskedRow>> {
    Ok(gateway_query::table
        .find(order_id)
        .select(AskedRow::as_select())
        .first(connection)
        .optional()?)
}

/// Counts of queries.
#[derive(Debug, Clone, Copy, Queryable, Serialize)]
pub struct AskedCounts {
    /// Orders about which the gateway is asked.
    pub orders: i64,
    /// Of these it should have been asked already.
    pub due: i64,
    /// Of these the latest query has no answer.
    pub failed: i64,
    /// Orders whose goods wait for the gateway's confirmation.
    pub confirming: i64,
    /// The one of these that has waited longest.
    pub oldest_confirming: Option<BeijingTime>,
    /// The one that is due longest.
    pub oldest_due: Option<BeijingTime>,
}

/// Counts.
pub fn counts(connection: &mut MysqlConnection) -> Result<AskedCounts> {
    use gateway_query::{created_at, due_at, error, why};
    let is_due = due_at.le(now());
    let confirms = why.eq(value(QueryReason::Confirm));
    Ok(gateway_query::table
        .select((
            count_star(),
            count(case_when(is_due.clone(), due_at)),
            count(error),
            count(case_when(confirms, created_at)),
            min(case_when(confirms, created_at)),
            min(case_when(is_due, due_at)),
        ))
        .get_result(connection)?)
}
