//! Events that nobody publishes.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Nullable};

use crate::{MysqlConnection, StoreError};

/// Events that wait too long.
#[derive(Debug, Clone, QueryableByName)]
pub struct Unpublished {
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// The one that waits longest, UTC.
    #[diesel(sql_type = Nullable<Datetime>)]
    pub oldest: Option<NaiveDateTime>,
}

/// The events that were written before `before` (UTC) and are not published.
///
/// # Errors
/// What the database says.
pub fn unpublished(
    connection: &mut MysqlConnection,
    before: NaiveDateTime,
) -> Result<Unpublished, StoreError> {
    Ok(sql_query(
        "SELECT COUNT(*) AS count, MIN(created_at) AS oldest FROM outbox \
         WHERE published_at IS NULL AND created_at < ?",
    )
    .bind::<Datetime, _>(before)
    .get_result(connection)?)
}
