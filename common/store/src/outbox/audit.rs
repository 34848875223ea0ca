//! Events that nobody publishes.

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, min};
use diesel::prelude::*;

use crate::column::value;
use crate::schema::outbox;
use crate::{MysqlConnection, Result};

/// Events that wait too long.
#[derive(Debug, Clone, Queryable)]
pub struct Unpublished {
    /// How many.
    pub count: i64,
    /// The one that waits longest.
    pub oldest: Option<DateTime<Utc>>,
}

/// The events that were written before `before` and are not published.
pub fn unpublished(connection: &mut MysqlConnection, before: DateTime<Utc>) -> Result<Unpublished> {
    Ok(outbox::table
        .filter(outbox::published_at.is_null().and(outbox::created_at.lt(value(before))))
        .select((count_star(), min(outbox::created_at)))
        .get_result(connection)?)
}
