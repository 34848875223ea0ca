//! Events of an order.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Datetime, Nullable, Text};
use serde::Serialize;

use crate::BeijingTime;
use crate::{MysqlConnection, StoreError};

/// A row of `outbox`.
#[derive(Debug, Clone, QueryableByName, Serialize)]
pub struct OrderEvent {
    /// The routing key, `order.paid` and so on.
    #[diesel(sql_type = Text)]
    pub event: String,
    /// When it became true.
    #[diesel(sql_type = Datetime)]
    pub created_at: BeijingTime,
    /// When the broker confirmed it; `None` while it waits.
    #[diesel(sql_type = Nullable<Datetime>)]
    pub published_at: Option<BeijingTime>,
}

/// The events of this order, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_order(
    connection: &mut MysqlConnection,
    order_id: &str,
) -> Result<Vec<OrderEvent>, StoreError> {
    Ok(sql_query(
        "SELECT event, created_at, published_at FROM outbox WHERE order_id = ? ORDER BY id",
    )
    .bind::<Text, _>(order_id)
    .load(connection)?)
}
