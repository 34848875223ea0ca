//! Orders of a span of time.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Text};

use crate::BeijingTime;
use crate::{MysqlConnection, StoreError};

/// Which orders: those placed from `since` until before `until`.
#[derive(Debug, Clone, Copy)]
pub struct OrderSpan<'a> {
    /// From this moment on.
    pub since: DateTime<Utc>,
    /// Until before this one.
    pub until: DateTime<Utc>,
    /// Only this merchant's.
    pub merchant: Option<&'a str>,
    /// Also those of which nothing more is expected.
    pub finished_too: bool,
}

/// An order of the span.
#[derive(Debug, Clone, QueryableByName)]
pub struct SpanOrder {
    /// Its number.
    #[diesel(sql_type = Text)]
    pub id: String,
    /// Its merchant.
    #[diesel(sql_type = Text)]
    pub merchant: String,
    /// When it was placed.
    #[diesel(sql_type = Datetime)]
    pub created_at: BeijingTime,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many orders the span has.
///
/// # Errors
/// What the database says.
pub fn count_in_span(
    connection: &mut MysqlConnection,
    span: &OrderSpan<'_>,
) -> Result<i64, StoreError> {
    let mut query = sql_query(
        "SELECT COUNT(*) AS count FROM user_order WHERE created_at >= ? AND created_at < ?",
    )
    .into_boxed()
    .bind::<Datetime, _>(span.since.naive_utc())
    .bind::<Datetime, _>(span.until.naive_utc());
    if !span.finished_too {
        query = query.sql(" AND NOT is_finish");
    }
    if let Some(merchant) = span.merchant {
        query = query.sql(" AND merchant = ?").bind::<Text, _>(merchant);
    }
    let row: Count = query.get_result(connection)?;
    Ok(row.count)
}

/// Orders of the span in the order in which they were placed, at most `limit`; those after `after`.
///
/// # Errors
/// What the database says.
pub fn in_span(
    connection: &mut MysqlConnection,
    span: &OrderSpan<'_>,
    after: Option<&SpanOrder>,
    limit: i64,
) -> Result<Vec<SpanOrder>, StoreError> {
    let since = after.map_or(span.since, |last| last.created_at.0);
    let mut query = sql_query(
        "SELECT id, merchant, created_at FROM user_order WHERE created_at >= ? AND created_at < ?",
    )
    .into_boxed()
    .bind::<Datetime, _>(since.naive_utc())
    .bind::<Datetime, _>(span.until.naive_utc());
    if let Some(last) = after {
        query = query
            .sql(" AND (created_at > ? OR id > ?)")
            .bind::<Datetime, _>(since.naive_utc())
            .bind::<Text, _>(&last.id);
    }
    if !span.finished_too {
        query = query.sql(" AND NOT is_finish");
    }
    if let Some(merchant) = span.merchant {
        query = query.sql(" AND merchant = ?").bind::<Text, _>(merchant);
    }
    Ok(query.sql(" ORDER BY created_at, id LIMIT ?").bind::<BigInt, _>(limit).load(connection)?)
}
