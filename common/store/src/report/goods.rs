//! What was done with the goods of an order.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Datetime, Integer, Nullable, Text};
use serde::Serialize;

use super::BeijingTime;
use crate::{MysqlConnection, StoreError};

/// A row of `fulfillment`.
#[derive(Debug, Clone, QueryableByName, Serialize)]
pub struct Fulfillment {
    /// Word of [`order::FulfillmentState`].
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Units ordered.
    #[diesel(sql_type = Integer)]
    pub units: i32,
    /// Units with the buyer now, or before they were returned.
    #[diesel(sql_type = Integer)]
    pub given: i32,
    /// Another system delivered them before the order was imported.
    #[diesel(sql_type = Bool)]
    pub is_imported: bool,
    /// Since when it waits, or waited.
    #[diesel(sql_type = Nullable<Datetime>)]
    pub waiting_since: Option<BeijingTime>,
    /// When the goods went out.
    #[diesel(sql_type = Nullable<Datetime>)]
    pub delivered_at: Option<BeijingTime>,
    /// When they came back.
    #[diesel(sql_type = Nullable<Datetime>)]
    pub returned_at: Option<BeijingTime>,
}

/// What was done with the goods of this order; `None` while nothing was.
///
/// # Errors
/// What the database says.
pub fn fulfillment_of(
    connection: &mut MysqlConnection,
    order_id: &str,
) -> Result<Option<Fulfillment>, StoreError> {
    Ok(sql_query(
        "SELECT state, units, given, is_imported, waiting_since, delivered_at, returned_at FROM fulfillment \
         WHERE order_id = ?",
    )
    .bind::<Text, _>(order_id)
    .get_result(connection)
    .optional()?)
}

/// A code of a stock product.
#[derive(Debug, Clone, QueryableByName, Serialize)]
pub struct Code {
    /// The code.
    #[diesel(sql_type = Text)]
    pub code: String,
    /// `delivered`, `returned`, or `resold`: it came back and a person put it on sale again.
    #[diesel(sql_type = Text)]
    pub state: String,
}

/// The codes that this order got, in the order in which they came to stock.
///
/// # Errors
/// What the database says.
pub fn codes_of(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<Code>, StoreError> {
    Ok(sql_query(
        "SELECT code, state FROM (SELECT id, code, CAST(state AS CHAR) AS state FROM stock_item WHERE order_id = ? \
         UNION ALL SELECT stock_item_id, code, 'resold' FROM stock_resale WHERE order_id = ?) AS goods \
         ORDER BY id",
    )
        .bind::<Text, _>(order_id)
        .bind::<Text, _>(order_id)
        .load(connection)?)
}

/// A row of `entitlement`: the subscription that an order bought.
#[derive(Debug, Clone, QueryableByName, Serialize)]
pub struct Entitlement {
    /// Whom it belongs to.
    #[diesel(sql_type = Text)]
    pub account: String,
    /// The product.
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// Length in days.
    #[diesel(sql_type = Integer)]
    pub days: i32,
    /// The payment.
    #[diesel(sql_type = Datetime)]
    pub starts_at: BeijingTime,
    /// Until when the account has the product, by all orders that it has paid.
    #[diesel(sql_type = Datetime)]
    pub account_until: BeijingTime,
}

/// The subscription of this order; `None` when it was taken back or is none.
///
/// # Errors
/// What the database says.
pub fn entitlement_of(
    connection: &mut MysqlConnection,
    order_id: &str,
) -> Result<Option<Entitlement>, StoreError> {
    Ok(sql_query(
        "SELECT e.account, e.product_id, e.days, e.starts_at, \
         (SELECT ends_at FROM entitlement_end AS u \
          WHERE u.account = e.account AND u.product_id = e.product_id) AS account_until \
         FROM entitlement AS e WHERE e.order_id = ?",
    )
    .bind::<Text, _>(order_id)
    .get_result(connection)
    .optional()?)
}
