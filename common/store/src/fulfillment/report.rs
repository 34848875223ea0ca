//! What was done with the goods of an order.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Datetime, Integer, Nullable, Text};
use serde::Serialize;

use crate::BeijingTime;
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
pub fn of_order(
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
