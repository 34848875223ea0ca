//! What a person must look at.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Nullable, Text};
use serde::Serialize;

use crate::BeijingTime;
use crate::{MysqlConnection, StoreError};

/// A row of `review`.
#[derive(Debug, Clone, QueryableByName, Serialize)]
pub struct ReviewRow {
    /// `review.id`.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The order.
    #[diesel(sql_type = Text)]
    pub order_id: String,
    /// Word of [`order::ReviewReason`].
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// What makes it this case.
    #[diesel(sql_type = Text)]
    pub evidence: String,
    /// `open`, `settled` or `decided`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// When it was opened.
    #[diesel(sql_type = Datetime)]
    pub raised_at: BeijingTime,
    /// When it was settled or decided.
    #[diesel(sql_type = Nullable<Datetime>)]
    pub ended_at: Option<BeijingTime>,
    /// What a person decided.
    #[diesel(sql_type = Nullable<Text>)]
    pub decision: Option<String>,
    /// Who.
    #[diesel(sql_type = Nullable<Text>)]
    pub decided_by: Option<String>,
    /// And why.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
}

const SELECT: &str = "SELECT id, order_id, reason, evidence, state, raised_at, ended_at, decision, \
                      decided_by, note FROM review";

/// Which reviews to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewFilter {
    /// Those that wait for a person.
    Open,
    /// Also those that ended.
    All,
}

/// Reviews of all orders, oldest first, at most `limit`.
///
/// # Errors
/// What the database says.
pub fn list(
    connection: &mut MysqlConnection,
    filter: ReviewFilter,
    limit: i64,
) -> Result<Vec<ReviewRow>, StoreError> {
    let mut query = sql_query(SELECT).into_boxed();
    if filter == ReviewFilter::Open {
        query = query.sql(" WHERE state = 'open'");
    }
    Ok(query.sql(" ORDER BY id LIMIT ?").bind::<BigInt, _>(limit).load(connection)?)
}

/// The review with this number.
///
/// # Errors
/// What the database says.
pub fn find(connection: &mut MysqlConnection, id: i64) -> Result<Option<ReviewRow>, StoreError> {
    Ok(sql_query(SELECT)
        .into_boxed()
        .sql(" WHERE id = ?")
        .bind::<BigInt, _>(id)
        .get_result(connection)
        .optional()?)
}

/// All reviews of this order, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_order(
    connection: &mut MysqlConnection,
    order_id: &str,
) -> Result<Vec<ReviewRow>, StoreError> {
    Ok(sql_query(SELECT)
        .into_boxed()
        .sql(" WHERE order_id = ? ORDER BY id")
        .bind::<Text, _>(order_id)
        .load(connection)?)
}
