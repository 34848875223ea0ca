//! Codes that name an order of a range.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Binary, Text};
use order::CodeState;

use crate::IdRange;
use crate::schema::stock_item;
use crate::{MysqlConnection, Result};

/// A row of `stock_item` that names an order, which need not exist.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = stock_item)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct AuditedCode {
    pub id: i64,
    #[diesel(sql_type = Text)]
    pub order_id: String,
    pub product_id: String,
    pub state: CodeState,
    #[diesel(sql_type = Binary)]
    pub code: Vec<u8>,
}

/// All codes that name an order number of a range.
pub fn in_range(connection: &mut MysqlConnection, range: &IdRange) -> Result<Vec<AuditedCode>> {
    Ok(sql_query(
        "SELECT id, order_id, product_id, state, code FROM stock_item \
         FORCE INDEX (stock_item_order) WHERE order_id BETWEEN ? AND ?",
    )
    .bind::<Text, _>(&range.from)
    .bind::<Text, _>(&range.to)
    .load(connection)?)
}
