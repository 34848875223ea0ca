//! Trades of the orders of a batch.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use order::Trade;
use serde::Serialize;

use super::row::TradeRow;
use crate::json_rows::{execute_rows, load_rows, sql_time};
use crate::schema::trade;
use crate::user_order::PartyColumns;
use crate::{MysqlConnection, StoreError};

/// Names one trade of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct TradeKey<'a> {
    /// `user_order.id`.
    pub order_id: &'a str,
    /// Alipay's number.
    pub trade_no: &'a str,
}

/// Makes sure that a row exists for each trade. Sorted keys keep two batches from a deadlock.
///
/// # Errors
/// What the database says.
pub fn insert_missing(
    connection: &mut MysqlConnection,
    sorted_keys: &[TradeKey<'_>],
) -> Result<(), StoreError> {
    execute_rows(connection, include_str!("insert_missing.sql"), sorted_keys)
}

/// All trades of these orders, as (order id, trade).
///
/// # Errors
/// What the database says.
pub fn of_orders(
    connection: &mut MysqlConnection,
    order_ids: &[&str],
) -> Result<Vec<(String, Trade)>, StoreError> {
    let rows: Vec<TradeRow> = load_rows(connection, include_str!("of_orders.sql"), order_ids)?;
    Ok(rows.into_iter().map(TradeRow::read).collect())
}

#[derive(QueryableByName)]
#[diesel(table_name = trade)]
struct LinkRow {
    order_id: String,
    trade_no: String,
}

/// The orders that know these trade numbers, as (trade_no, order id), of any merchant.
///
/// A locking read: it waits for a batch that is just inserting such a trade, so that of "refund row
/// first, then look for the trade" and "trade row first, then look for refunds" at least one sees
/// the other.
///
/// # Errors
/// What the database says.
pub fn orders_of(
    connection: &mut MysqlConnection,
    trade_nos: &[&str],
) -> Result<Vec<(String, String)>, StoreError> {
    let rows: Vec<LinkRow> = load_rows(connection, include_str!("orders_of.sql"), trade_nos)?;
    Ok(rows.into_iter().map(|row| (row.trade_no, row.order_id)).collect())
}

/// The orders that have this trade, of any merchant. Locks nothing and waits for nobody.
///
/// # Errors
/// What the database says.
pub fn holders(
    connection: &mut MysqlConnection,
    trade_no: &str,
) -> Result<Vec<String>, StoreError> {
    Ok(trade::table
        .filter(trade::trade_no.eq(trade_no))
        .limit(100)
        .select(trade::order_id)
        .load(connection)?)
}

#[derive(Serialize)]
struct TradeColumns<'a> {
    order_id: &'a str,
    trade_no: &'a str,
    facts: String,
    #[serde(serialize_with = "sql_time")]
    gmt_create: Option<DateTime<Utc>>,
    #[serde(serialize_with = "sql_time")]
    gmt_payment: Option<DateTime<Utc>>,
    #[serde(serialize_with = "sql_time")]
    gmt_refund: Option<DateTime<Utc>>,
    #[serde(serialize_with = "sql_time")]
    gmt_close: Option<DateTime<Utc>>,
    #[serde(serialize_with = "sql_time")]
    notify_time: Option<DateTime<Utc>>,
    #[serde(serialize_with = "sql_time")]
    confirmed_at: Option<DateTime<Utc>>,
    refunded_fee: i64,
    #[serde(flatten)]
    parties: PartyColumns<'a>,
}

/// Writes trades of locked orders, as (order id, trade).
///
/// # Errors
/// What the database says.
pub fn update(
    connection: &mut MysqlConnection,
    trades: &[(&str, &Trade)],
) -> Result<(), StoreError> {
    let rows: Vec<TradeColumns<'_>> = trades
        .iter()
        .map(|(order_id, trade)| TradeColumns {
            order_id,
            trade_no: &trade.trade_no,
            facts: trade.facts.to_column(),
            gmt_create: trade.gmt_create,
            gmt_payment: trade.gmt_payment,
            gmt_refund: trade.gmt_refund,
            gmt_close: trade.gmt_close,
            notify_time: trade.notify_time,
            confirmed_at: trade.confirmed_at,
            refunded_fee: trade.refunded_fee.get(),
            parties: (&trade.parties).into(),
        })
        .collect();
    execute_rows(connection, include_str!("update.sql"), &rows)
}
