//! Products with little stock.

use diesel::prelude::*;
use order::CodeState;
use serde::Serialize;

use crate::column::value;
use crate::schema::{product, stock_item};
use crate::{MysqlConnection, Result};

/// A product whose available codes are at its threshold or below.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct LowStock {
    /// The product.
    pub product_id: String,
    /// Codes that can be sold.
    pub available: i64,
    /// The threshold.
    pub low_stock: i32,
}

/// All products on sale at their threshold or below, by id.
pub fn low(connection: &mut MysqlConnection) -> Result<Vec<LowStock>> {
    let available = stock_item::table
        .filter(stock_item::product_id.eq(product::id))
        .filter(stock_item::state.eq(value(CodeState::Available)))
        .count();
    let products: Vec<LowStock> = product::table
        .filter(product::on_sale.and(product::low_stock.is_not_null()))
        .order(product::id)
        .select((
            product::id,
            available.single_value().assume_not_null(),
            product::low_stock.assume_not_null(),
        ))
        .load(connection)?;
    let is_low = |product: &LowStock| product.available <= i64::from(product.low_stock);
    Ok(products.into_iter().filter(is_low).collect())
}
