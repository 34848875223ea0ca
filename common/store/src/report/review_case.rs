//! One review.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use super::ReviewRow;
use crate::{MysqlConnection, StoreError};

/// The review with this number.
///
/// # Errors
/// What the database says.
pub fn review(connection: &mut MysqlConnection, id: i64) -> Result<Option<ReviewRow>, StoreError> {
    Ok(sql_query(
        "SELECT id, order_id, reason, evidence, state, raised_at, ended_at, decision, decided_by, \
         note FROM review WHERE id = ?",
    )
    .bind::<BigInt, _>(id)
    .get_result(connection)
    .optional()?)
}
