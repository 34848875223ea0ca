//! What a person must look at, and what an audit compares it with.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use order::ReviewState;
use serde::Serialize;

use crate::column::value;
use crate::schema::review;
use crate::typed_sql::static_sql;
use crate::{BeijingTime, IdRange, MysqlConnection, Result};

/// A row of `review`.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = review)]
pub struct ReviewRow {
    /// `review.id`.
    pub id: i64,
    /// The order.
    pub order_id: String,
    /// Word of [`order::ReviewReason`].
    pub reason: String,
    /// What makes it this case.
    pub evidence: String,
    /// Whether it is over.
    pub state: ReviewState,
    /// When it was opened.
    pub raised_at: BeijingTime,
    /// When it was settled or decided.
    pub ended_at: Option<BeijingTime>,
    /// What a person decided.
    pub decision: Option<String>,
    /// Who.
    pub decided_by: Option<String>,
    /// And why.
    pub note: Option<String>,
}

/// Which reviews to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewFilter {
    /// Those that wait for a person.
    Open,
    /// Also those that ended.
    All,
}

/// Reviews of all orders, oldest first, at most `limit`.
pub fn list(
    connection: &mut MysqlConnection,
    filter: ReviewFilter,
    limit: i64,
) -> Result<Vec<ReviewRow>> {
    let mut query =
        review::table.order(review::id).limit(limit).select(ReviewRow::as_select()).into_boxed();
    if filter == ReviewFilter::Open {
        query = query.filter(review::state.eq(value(ReviewState::Open)));
    }
    Ok(query.load(connection)?)
}

/// The review with this number.
pub fn find(connection: &mut MysqlConnection, id: i64) -> Result<Option<ReviewRow>> {
    Ok(review::table.find(id).select(ReviewRow::as_select()).first(connection).optional()?)
}

/// All reviews of this order, oldest first.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<ReviewRow>> {
    Ok(review::table
        .filter(review::order_id.eq(order_id))
        .order(review::id)
        .select(ReviewRow::as_select())
        .load(connection)?)
}

/// A row of `review` that is open or was decided.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = review)]
pub struct AuditedCase {
    /// The order.
    pub order_id: String,
    /// Word of [`order::ReviewReason`].
    pub reason: String,
    /// What makes it this case.
    pub evidence: String,
    /// Still open, else decided.
    #[diesel(sql_type = Bool)]
    pub open: bool,
    /// When it was opened.
    pub raised_at: DateTime<Utc>,
}

/// The open and the decided cases of a range.
pub fn in_range(connection: &mut MysqlConnection, range: &IdRange) -> Result<Vec<AuditedCase>> {
    Ok(static_sql(
        "SELECT order_id, reason, evidence, state = 'open' AS open, raised_at FROM review \
         FORCE INDEX (review_case) WHERE order_id BETWEEN ? AND ? AND state IN ('open', 'decided')",
    )
    .text(&range.from)
    .text(&range.to)
    .load(connection)?)
}
