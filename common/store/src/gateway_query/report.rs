//! Questions to the gateway.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable};
use serde::Serialize;

use crate::BeijingTime;
use crate::column::Moment;
use crate::schema::gateway_query;
use crate::{MysqlConnection, Result};

/// What is asked about an order, and what came of it. The row is gone when nothing more is asked.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = gateway_query)]
pub struct AskedRow {
    /// `unpaid`, `silent`, `in_doubt`, or who asks.
    pub why: String,
    /// When the gateway is asked next.
    pub due_at: BeijingTime,
    /// Questions that were answered.
    pub asked: i32,
    /// The latest question.
    pub asked_at: Option<BeijingTime>,
    /// The latest answer, in Alipay's word.
    pub answer: Option<String>,
    /// Why the latest question has no answer.
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

/// Questions in numbers.
#[derive(Debug, Clone, Copy, QueryableByName, Serialize)]
pub struct AskedCounts {
    /// Orders about which the gateway is asked.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
    /// Of these it should have been asked already.
    #[diesel(sql_type = BigInt)]
    pub due: i64,
    /// Of these the latest question has no answer.
    #[diesel(sql_type = BigInt)]
    pub failed: i64,
    /// Orders whose goods wait for the gateway's word.
    #[diesel(sql_type = BigInt)]
    pub confirming: i64,
    /// The one of these that has waited longest.
    #[diesel(sql_type = Nullable<Moment>)]
    pub oldest_confirming: Option<BeijingTime>,
    /// The one that is due longest.
    #[diesel(sql_type = Nullable<Moment>)]
    pub oldest_due: Option<BeijingTime>,
}

/// Counts.
pub fn counts(connection: &mut MysqlConnection) -> Result<AskedCounts> {
    Ok(sql_query(
        "SELECT COUNT(*) AS orders, COUNT(IF(due_at <= UTC_TIMESTAMP(6), 1, NULL)) AS due, \
         COUNT(error) AS failed, COUNT(IF(why = 'confirm', 1, NULL)) AS confirming, \
         MIN(IF(why = 'confirm', created_at, NULL)) AS oldest_confirming, MIN(IF(due_at <= UTC_TIMESTAMP(6), due_at, NULL)) AS oldest_due \
         FROM gateway_query",
    )
    .get_result(connection)?)
}
