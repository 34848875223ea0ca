//! Table `fulfillment`: what was done with the goods of an order.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Text};
use order::FulfillmentState;
use serde::Serialize;

use crate::json_rows::{execute_rows, load_rows};
use crate::{MysqlConnection, StoreError};

#[derive(QueryableByName)]
struct StateRow {
    #[diesel(sql_type = Text)]
    order_id: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Bool)]
    is_imported: bool,
}

/// What was done with the goods of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goods {
    /// Their state.
    pub state: FulfillmentState,
    /// Another system delivered them before the order was imported.
    pub is_imported: bool,
}

/// The state of the goods of these orders, as (order id, goods). Orders without a row are left out.
///
/// # Errors
/// What the database says.
pub fn of_orders(
    connection: &mut MysqlConnection,
    order_ids: &[&str],
) -> Result<Vec<(String, Goods)>, StoreError> {
    let rows: Vec<StateRow> =
        load_rows(connection, include_str!("sql/fulfillment_of_orders.sql"), order_ids)?;
    rows.into_iter()
        .map(|row| match FulfillmentState::from_column(&row.state) {
            Some(state) => Ok((row.order_id, Goods { state, is_imported: row.is_imported })),
            None => Err(StoreError::Row { table: "fulfillment", what: row.state }),
        })
        .collect()
}

/// A change of the goods of one order.
#[derive(Debug, Clone, Serialize)]
pub struct Change<'a> {
    /// The order.
    pub order_id: &'a str,
    /// The product sold.
    pub product_id: &'a str,
    /// The new state.
    pub state: FulfillmentState,
    /// Units ordered.
    pub units: i32,
}

/// Writes new states, sorted by order. `given` follows: all units once delivered, none before.
///
/// # Errors
/// What the database says.
pub fn upsert(
    connection: &mut MysqlConnection,
    sorted_changes: &[Change<'_>],
) -> Result<(), StoreError> {
    execute_rows(connection, include_str!("sql/fulfillment_upsert.sql"), sorted_changes)
}

#[derive(QueryableByName)]
struct ProductRow {
    #[diesel(sql_type = Text)]
    product_id: String,
}

/// The products that paid orders wait for.
///
/// # Errors
/// What the database says.
pub fn awaited_products(connection: &mut MysqlConnection) -> Result<Vec<String>, StoreError> {
    let rows: Vec<ProductRow> =
        sql_query("SELECT DISTINCT product_id FROM fulfillment WHERE state = 'awaiting_stock'")
            .load(connection)?;
    Ok(rows.into_iter().map(|row| row.product_id).collect())
}

#[derive(QueryableByName)]
struct WaitingRow {
    #[diesel(sql_type = Text)]
    order_id: String,
}

/// Orders that wait for this product and that `available` units could serve whole, oldest payment
/// first: an order for ten must not hide an order for one.
///
/// # Errors
/// What the database says.
pub fn awaiting_stock(
    connection: &mut MysqlConnection,
    product_id: &str,
    available: i64,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let rows: Vec<WaitingRow> = sql_query(
        "SELECT f.order_id FROM fulfillment AS f JOIN user_order AS o ON o.id = f.order_id \
         WHERE f.state = 'awaiting_stock' AND f.product_id = ? AND f.units <= ? \
         AND o.status IN (8, 4, 106) ORDER BY o.paid_dtime, o.id LIMIT ?",
    )
    .bind::<Text, _>(product_id)
    .bind::<BigInt, _>(available)
    .bind::<BigInt, _>(limit)
    .load(connection)?;
    Ok(rows.into_iter().map(|row| row.order_id).collect())
}
