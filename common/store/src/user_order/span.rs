//! Orders of a span of time.

use chrono::{DateTime, Utc};
use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::BeijingTime;
use crate::column::value;
use crate::schema::user_order;
use crate::{MysqlConnection, Result};

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
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = user_order)]
pub struct SpanOrder {
    /// Its number.
    pub id: String,
    /// Its merchant.
    pub merchant: String,
    /// When it was placed.
    pub created_at: BeijingTime,
}

type Filter<'a> = Box<dyn BoxableExpression<user_order::table, Mysql, SqlType = Bool> + 'a>;

impl<'a> OrderSpan<'a> {
    fn filter(&self) -> Filter<'a> {
        let placed = user_order::created_at
            .ge(value(self.since))
            .and(user_order::created_at.lt(value(self.until)));
        let unfinished = user_order::is_finish.eq(false);
        match (self.finished_too, self.merchant) {
            (true, None) => Box::new(placed),
            (false, None) => Box::new(placed.and(unfinished)),
            (true, Some(merchant)) => Box::new(placed.and(user_order::merchant.eq(merchant))),
            (false, Some(merchant)) => {
                Box::new(placed.and(unfinished).and(user_order::merchant.eq(merchant)))
            }
        }
    }
}

/// How many orders the span has.
pub fn count_in_span(connection: &mut MysqlConnection, span: &OrderSpan<'_>) -> Result<i64> {
    Ok(user_order::table.filter(span.filter()).count().get_result(connection)?)
}

/// Orders of the span in the order in which they were placed, at most `limit`; those after `after`.
pub fn in_span(
    connection: &mut MysqlConnection,
    span: &OrderSpan<'_>,
    after: Option<&SpanOrder>,
    limit: i64,
) -> Result<Vec<SpanOrder>> {
    let since = after.map_or(span.since, |last| last.created_at.0);
    let mut query = user_order::table
        .filter(OrderSpan { since, ..*span }.filter())
        .order((user_order::created_at, user_order::id))
        .limit(limit)
        .select(SpanOrder::as_select())
        .into_boxed();
    if let Some(last) = after {
        query =
            query.filter(user_order::created_at.gt(value(since)).or(user_order::id.gt(&last.id)));
    }
    Ok(query.load(connection)?)
}
