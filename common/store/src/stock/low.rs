//! Products with little stock.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Text};
use serde::Serialize;

use crate::{MysqlConnection, Result};

/// A product whose available codes are at its threshold or below.
#[derive(Debug, Clone, QueryableByName, Serialize)]
pub struct LowStock {
    /// The product.
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// Codes that can be sold.
    #[diesel(sql_type = BigInt)]
    pub available: i64,
    /// The threshold.
    #[diesel(sql_type = Integer)]
    pub low_stock: i32,
}

/// All products on sale at their threshold or below, by id.
pub fn low(connection: &mut MysqlConnection) -> Result<Vec<LowStock>> {
    Ok(sql_query(
        "SELECT * FROM (SELECT p.id AS product_id, p.low_stock, (SELECT COUNT(*) FROM stock_item AS s \
         WHERE s.product_id = p.id AND s.state = 'available') AS available FROM product AS p \
         WHERE p.low_stock IS NOT NULL AND p.on_sale) AS counted WHERE available <= low_stock ORDER BY product_id",
    )
    .load(connection)?)
}
