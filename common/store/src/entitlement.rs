//! Table `entitlement`: one row per order and account of a subscription.

mod report;

pub use report::{Subscription, SubscriptionOrder, of_account, subscriptions};

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use serde::Serialize;

use crate::column::Moment;
use crate::json_rows::{execute_rows, sql_time};
use crate::schema::entitlement;
use crate::{BeijingTime, MysqlConnection, Result};

/// A subscription that an order bought.
#[derive(Debug, Clone, Serialize)]
pub struct NewEntitlement<'a> {
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
pub fn grant(connection: &mut MysqlConnection, sorted: &[NewEntitlement<'_>]) -> Result<()> {
    execute_rows(connection, include_str!("entitlement/grant.sql"), sorted)
}

/// Takes subscriptions back.
pub fn revoke(connection: &mut MysqlConnection, order_ids: &[&str]) -> Result<()> {
    execute_rows(
        connection,
        "DELETE e FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k \
         STRAIGHT_JOIN entitlement AS e FORCE INDEX (PRIMARY) ON e.order_id = k.id",
        order_ids,
    )
}

/// A row of `entitlement`: the subscription that an order bought.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct Entitlement {
    /// Whom it belongs to.
    pub account: String,
    /// The product.
    pub product_id: String,
    /// Length in days.
    pub days: i32,
    /// The payment.
    pub starts_at: BeijingTime,
    /// Until when the account has the product, by all orders that it has paid.
    pub account_until: BeijingTime,
}

/// The subscription of this order; `None` when it was taken back or is none.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Option<Entitlement>> {
    use entitlement::{account, days, product_id, starts_at};
    let until = "(SELECT ends_at FROM entitlement_end AS u \
                 WHERE u.account = entitlement.account AND u.product_id = entitlement.product_id)";
    Ok(entitlement::table
        .find(order_id)
        .select((account, product_id, days, starts_at, sql::<Moment>(until)))
        .first(connection)
        .optional()?)
}
