//! Orders of an old system: written with the time they were made and with what had been done with their goods.
//!
//! All of it is meant for one transaction, in which the orders that are here already are locked.

use alipay::Fen;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};
use order::FulfillmentState;
use serde::Serialize;

use crate::column::EnumText;
use crate::entitlement::{self, NewEntitlement};
use crate::json_rows::{execute_rows, load_rows, sql_time};
use crate::schema::user_order;
use crate::{MysqlConnection, Result};

/// An order as the old system knew it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedOrder {
    /// `out_trade_no`: 1 to 64 bytes.
    pub id: String,
    /// Name of the merchant in the configuration.
    pub merchant: String,
    /// Whom a subscription belongs to; '' otherwise.
    pub account: String,
    /// The product sold.
    pub product_id: String,
    /// Units.
    pub quantity: i32,
    /// Title, at most 256 characters.
    pub subject: String,
    /// Amount, fen.
    pub total_fee: Fen,
    /// When the old system took the order; always there.
    #[serde(serialize_with = "sql_time")]
    pub created_at: Option<DateTime<Utc>>,
    /// The old system delivered the goods.
    #[serde(skip)]
    pub delivered: bool,
    /// The days of a subscription, quantity counted; `None` for other products.
    #[serde(skip)]
    pub days: Option<i64>,
}

/// An order that is here already.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = user_order)]
pub struct KnownOrder {
    /// `out_trade_no`.
    pub id: String,
    /// Name in the configuration.
    pub merchant: String,
    /// Whom a subscription belongs to.
    pub account: String,
    /// The product sold.
    pub product_id: String,
    /// Units.
    pub quantity: i32,
    /// Amount, fen.
    pub total_fee: Fen,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<EnumText<FulfillmentState>>)]
    state: Option<FulfillmentState>,
    #[diesel(sql_type = Nullable<Bool>)]
    is_imported: Option<bool>,
}

impl KnownOrder {
    /// What was done with its goods, and whether another system did it; `None` while nothing was.
    pub fn goods(&self) -> Option<(FulfillmentState, bool)> {
        Some((self.state?, self.is_imported.unwrap_or(false)))
    }
}

/// Locks the orders with these ids that are here; waits for the transactions that hold them.
pub fn lock_known(
    connection: &mut MysqlConnection,
    sorted_ids: &[&str],
) -> Result<Vec<KnownOrder>> {
    load_rows(connection, include_str!("import_known.sql"), sorted_ids)
}

/// Writes orders that are not here, without their goods. They can be paid forever.
pub fn insert(connection: &mut MysqlConnection, orders: &[&ImportedOrder]) -> Result<()> {
    execute_rows(connection, include_str!("import_insert.sql"), orders)
}

/// Gives orders that are here, and locked, the time at which they were made.
pub fn correct(connection: &mut MysqlConnection, orders: &[&ImportedOrder]) -> Result<()> {
    execute_rows(connection, include_str!("import_correct.sql"), orders)
}

/// Writes down that another system delivered the goods of these orders, of which nothing was done here. A
/// subscription begins with its order, so that a refund ends it as any other.
pub fn deliver(connection: &mut MysqlConnection, orders: &[&ImportedOrder]) -> Result<()> {
    execute_rows(connection, include_str!("import_goods.sql"), orders)?;
    execute_rows(connection, include_str!("import_sent.sql"), orders)?;
    let mut granted: Vec<NewEntitlement<'_>> = orders
        .iter()
        .filter_map(|order| {
            Some(NewEntitlement {
                order_id: &order.id,
                account: &order.account,
                product_id: &order.product_id,
                days: order.days?,
                starts_at: order.created_at,
            })
        })
        .collect();
    granted.sort_by_key(|entitlement| entitlement.order_id);
    entitlement::grant(connection, &granted)
}
