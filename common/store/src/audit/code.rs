//! Codes that name an order of a span.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Text};

use super::Span;
use crate::{MysqlConnection, StoreError};

/// A row of `stock_item` that names an order, which need not exist.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct CodeRow {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Text)]
    pub order_id: String,
    #[diesel(sql_type = Text)]
    pub product_id: String,
    #[diesel(sql_type = Text)]
    pub state: String,
    #[diesel(sql_type = Binary)]
    pub code: Vec<u8>,
}

/// All codes that name an order number of a span.
///
/// # Errors
/// What the database says.
pub fn codes(connection: &mut MysqlConnection, span: &Span) -> Result<Vec<CodeRow>, StoreError> {
    Ok(sql_query(
        "SELECT id, order_id, product_id, state, code FROM stock_item \
         FORCE INDEX (stock_item_order) WHERE order_id BETWEEN ? AND ?",
    )
    .bind::<Text, _>(&span.from)
    .bind::<Text, _>(&span.to)
    .load(connection)?)
}
