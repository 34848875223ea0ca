//! Events of an order, and those that are not published.

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use serde::Serialize;

use crate::BeijingTime;
use crate::column::value;
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

/// Events that wait too long.
#[derive(Debug, Clone, Queryable)]
pub struct Unpublished {
    /// How many.
    pub count: i64,
    /// The one that waits longest.
    pub oldest: Option<DateTime<Utc>>,
}

/// The events that were written before `before` and are not published.
pub fn unpublished(connection: &mut MysqlConnection, before: DateTime<Utc>) -> Result<Unpublished> {
    Ok(outbox::table
        .filter(outbox::published_at.is_null().and(outbox::created_at.lt(value(before))))
        .select((count_star(), min(outbox::created_at)))
        .get_result(connection)?)
}
