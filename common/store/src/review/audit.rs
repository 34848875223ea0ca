//! Review cases of a range of orders that a person has or had before them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Text};

use crate::IdRange;
use crate::schema::review;
use crate::{MysqlConnection, Result};

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
    Ok(sql_query(
        "SELECT order_id, reason, evidence, state = 'open' AS open, raised_at FROM review \
         FORCE INDEX (review_case) WHERE order_id BETWEEN ? AND ? AND state IN ('open', 'decided')",
    )
    .bind::<Text, _>(&range.from)
    .bind::<Text, _>(&range.to)
    .load(connection)?)
}
