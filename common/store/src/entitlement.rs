//! Table `entitlement`: one row per order and account of a subscription.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::json_rows::{execute_rows, sql_time};
use crate::{MysqlConnection, StoreError};

/// A subscription that an order bought.
#[derive(Debug, Clone, Serialize)]
pub struct Entitlement<'a> {
    /// The order.
    pub order_id: &'a str,
    /// Whom it belongs to.
    pub account: &'a str,
    /// The subscription.
    pub product_id: &'a str,
    /// Length: the product's days times the order's quantity.
    pub days: i64,
    /// The payment.
    #[serde(serialize_with = "sql_time")]
    pub starts_at: Option<DateTime<Utc>>,
}

/// Grants subscriptions, sorted by order; one that is there already stays as it is.
///
/// # Errors
/// What the database says.
pub fn grant(
    connection: &mut MysqlConnection,
    sorted: &[Entitlement<'_>],
) -> Result<(), StoreError> {
    execute_rows(connection, include_str!("sql/entitlement_grant.sql"), sorted)
}

/// Takes subscriptions back.
///
/// # Errors
/// What the database says.
pub fn revoke(connection: &mut MysqlConnection, order_ids: &[&str]) -> Result<(), StoreError> {
    execute_rows(
        connection,
        "DELETE e FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k \
         STRAIGHT_JOIN entitlement AS e FORCE INDEX (PRIMARY) ON e.order_id = k.id",
        order_ids,
    )
}
