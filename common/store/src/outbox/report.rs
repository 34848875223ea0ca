//! Events of an order.

use diesel::prelude::*;
use serde::Serialize;

use crate::BeijingTime;
use crate::schema::outbox;
use crate::{MysqlConnection, Result};

/// A row of `outbox`.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = outbox)]
pub struct OrderEvent {
    /// The routing key, `order.paid` and so on.
    pub event: String,
    /// When it became true.
    pub created_at: BeijingTime,
    /// When the broker confirmed it; `None` while it waits.
    pub published_at: Option<BeijingTime>,
}

/// The events of this order, oldest first.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<OrderEvent>> {
    Ok(outbox::table
        .filter(outbox::order_id.eq(order_id))
        .order(outbox::id)
        .select(OrderEvent::as_select())
        .load(connection)?)
}
