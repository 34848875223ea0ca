//! Trades of the orders of a batch.

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use order::Trade;

use super::row::TradeRow;
use crate::bulk::{BulkRow, Values, write_rows};
use crate::column::{ColumnsOf, FactSet, Moment, Money};
use crate::json_rows::load_columns;
use crate::schema::trade;
use crate::{MysqlConnection, Result};

/// Names one trade of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TradeKey<'a> {
    /// `user_order.id`.
    pub order_id: &'a str,
    /// Alipay's number.
    pub trade_no: &'a str,
}

impl BulkRow for TradeKey<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        values.push::<Text, str>(self.order_id)?;
        values.push::<Text, str>(self.trade_no)
    }
}

/// Makes sure that a row exists for each trade. Sorted keys keep two batches from a deadlock.
pub fn insert_missing(
    connection: &mut MysqlConnection,
    sorted_keys: &[TradeKey<'_>],
) -> Result<()> {
    write_rows(connection, include_str!("insert_missing.sql"), sorted_keys)
}

/// All trades of these orders, as (order id, trade).
pub fn of_orders(
    connection: &mut MysqlConnection,
    order_ids: &[&str],
) -> Result<Vec<(String, Trade)>> {
    let rows: Vec<TradeRow> = load_columns::<ColumnsOf<TradeRow>, _, _>(
        connection,
        include_str!("of_orders.sql"),
        order_ids,
    )?;
    Ok(rows.into_iter().map(TradeRow::read).collect())
}

/// The orders that know these trade numbers, as (trade_no, order id), of any merchant.
///
/// A locking read: it waits for a batch that is just inserting such a trade, so that of "refund row
/// first, then look for the trade" and "trade row first, then look for refunds" at least one sees
/// the other.
pub fn orders_of(
    connection: &mut MysqlConnection,
    trade_nos: &[&str],
) -> Result<Vec<(String, String)>> {
    load_columns::<(Text, Text), _, _>(connection, include_str!("orders_of.sql"), trade_nos)
}

/// The orders that have this trade, of any merchant. Locks nothing and waits for nothing.
pub fn holders(connection: &mut MysqlConnection, trade_no: &str) -> Result<Vec<String>> {
    Ok(trade::table
        .filter(trade::trade_no.eq(trade_no))
        .limit(100)
        .select(trade::order_id)
        .load(connection)?)
}

impl BulkRow for (&str, &Trade) {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        let (order_id, trade) = self;
        let Trade { gmt_create, gmt_payment, gmt_refund, gmt_close, notify_time, .. } = trade;
        values.push::<Text, str>(order_id)?;
        values.push::<Text, _>(&trade.trade_no)?;
        values.push::<FactSet, _>(&trade.facts)?;
        values.push_all::<Nullable<Moment>, _>([
            gmt_create,
            gmt_payment,
            gmt_refund,
            gmt_close,
            notify_time,
            &trade.confirmed_at,
        ])?;
        trade.parties.bind(values)?;
        values.push::<Money, _>(&trade.refunded_fee)
    }
}

/// Writes trades of locked orders, as (order id, trade).
pub fn update(connection: &mut MysqlConnection, trades: &[(&str, &Trade)]) -> Result<()> {
    write_rows(connection, include_str!("update.sql"), trades)
}
