//! How much stock there is and who waits for it; the codes of orders.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use order::CodeState;
use serde::Serialize;

use crate::column::{EnumText, value};
use crate::schema::{product, stock_item};
use crate::stock::is_low;
use crate::typed_sql::static_sql;
use crate::{IdRange, MysqlConnection, Result};

/// The codes of one stock product.
#[derive(Debug, Clone, QueryableByName, Serialize)]
#[diesel(table_name = product)]
pub struct StockLevel {
    /// The product.
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// Its name.
    pub name: String,
    /// Codes that can be sold.
    #[diesel(sql_type = BigInt)]
    pub available: i64,
    /// Codes with buyers.
    #[diesel(sql_type = BigInt)]
    pub delivered: i64,
    /// Codes that came back and are not sold again.
    #[diesel(sql_type = BigInt)]
    pub returned: i64,
    /// Paid orders that wait for stock.
    #[diesel(sql_type = BigInt)]
    pub waiting_orders: i64,
    /// Units that they wait for.
    #[diesel(sql_type = BigInt)]
    pub waiting_units: i64,
    /// With so many available codes or fewer the stock is low.
    pub low_stock: Option<i32>,
    /// Whether it takes new orders.
    pub on_sale: bool,
}

impl StockLevel {
    /// Whether the available codes are at the threshold or below, and the product is on sale.
    pub fn is_low(&self) -> bool {
        self.on_sale
            && self.low_stock.is_some_and(|threshold| self.available <= i64::from(threshold))
    }
}

/// All stock products by id.
pub fn levels(connection: &mut MysqlConnection) -> Result<Vec<StockLevel>> {
    Ok(static_sql(include_str!("level.sql")).load(connection)?)
}

/// A product whose available codes are at its threshold or below.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize)]
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
    Ok(products.into_iter().filter(|it| is_low(it.available, it.low_stock)).collect())
}

/// A code of a stock product.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct StockCode {
    /// The code.
    pub code: String,
    /// With the buyer, returned, or sold again.
    pub state: CodeState,
}

/// The codes that this order got, in the order in which they came to stock.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<StockCode>> {
    Ok(static_sql("SELECT code, state FROM (SELECT id, code, CAST(state AS CHAR) AS state FROM stock_item WHERE order_id = ? \
         UNION ALL SELECT stock_item_id, code, 'resold' FROM stock_resale WHERE order_id = ?) AS goods \
         ORDER BY id")
    .text(order_id)
    .text(order_id)
    .columns::<(Text, EnumText<CodeState>)>()
    .load(connection)?)
}

/// A row of `stock_item` that names an order, which need not exist.
#[derive(Debug, Clone, Queryable)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct AuditedCode {
    pub id: i64,
    pub order_id: String,
    pub product_id: String,
    pub state: CodeState,
    pub code: Vec<u8>,
}

/// All codes that name an order number of a range.
pub fn in_range(connection: &mut MysqlConnection, range: &IdRange) -> Result<Vec<AuditedCode>> {
    Ok(static_sql(
        "SELECT id, order_id, product_id, state, code FROM stock_item \
         FORCE INDEX (stock_item_order) WHERE order_id BETWEEN ? AND ?",
    )
    .text(&range.from)
    .text(&range.to)
    .columns::<(BigInt, Text, Text, EnumText<CodeState>, Binary)>()
    .load(connection)?)
}
