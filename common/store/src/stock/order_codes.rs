//! The codes of an order.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use order::CodeState;
use serde::Serialize;

use crate::schema::stock_item;
use crate::{MysqlConnection, Result};

/// A code of a stock product.
#[derive(Debug, Clone, QueryableByName, Serialize)]
#[diesel(table_name = stock_item)]
pub struct Code {
    /// The code.
    pub code: String,
    /// With the buyer, returned, or sold again.
    pub state: CodeState,
}

/// The codes that this order got, in the order in which they came to stock.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<Code>> {
    Ok(sql_query(
        "SELECT code, state FROM (SELECT id, code, CAST(state AS CHAR) AS state FROM stock_item WHERE order_id = ? \
         UNION ALL SELECT stock_item_id, code, 'resold' FROM stock_resale WHERE order_id = ?) AS goods \
         ORDER BY id",
    )
        .bind::<Text, _>(order_id)
        .bind::<Text, _>(order_id)
        .load(connection)?)
}
