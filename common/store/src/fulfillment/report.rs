//! What was done with the goods of an order.

use diesel::prelude::*;
use order::FulfillmentState;
use serde::Serialize;

use crate::BeijingTime;
use crate::schema::fulfillment;
use crate::{MysqlConnection, Result};

/// A row of `fulfillment`.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = fulfillment)]
pub struct Fulfillment {
    /// Their state.
    pub state: FulfillmentState,
    /// Units ordered.
    pub units: i32,
    /// Units that the buyer has, or had before they were returned.
    pub given: i32,
    /// Another system delivered them before the order was imported.
    pub is_imported: bool,
    /// Since when it waits, or waited.
    pub waiting_since: Option<BeijingTime>,
    /// When the goods went out.
    pub delivered_at: Option<BeijingTime>,
    /// When they came back.
    pub returned_at: Option<BeijingTime>,
}

/// What was done with the goods of this order; `None` while nothing was.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Option<Fulfillment>> {
    Ok(fulfillment::table
        .find(order_id)
        .select(Fulfillment::as_select())
        .first(connection)
        .optional()?)
}
