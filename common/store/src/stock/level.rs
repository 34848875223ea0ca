//! How much stock there is, and who waits for it.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;

use crate::schema::product;
use crate::{MysqlConnection, Result};

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
    /// Whether the available codes are at the threshold or below, and somebody could buy one.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.on_sale
            && self.low_stock.is_some_and(|threshold| self.available <= i64::from(threshold))
    }
}

/// All stock products by id.
pub fn levels(connection: &mut MysqlConnection) -> Result<Vec<StockLevel>> {
    Ok(sql_query(include_str!("level.sql")).load(connection)?)
}
