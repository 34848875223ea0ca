//! Goods of the orders of a batch, and those that wait.

use std::time::Duration;

use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use order::FulfillmentState;

use crate::bulk::{BulkRow, Values, write_rows};
use crate::column::{ColumnsOf, EnumText, value};
use crate::json_rows::{json, load_columns, microseconds};
use crate::schema::fulfillment;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// What was done with the goods of one order: the columns in the order in which `of_orders.sql` names them.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = fulfillment)]
pub struct Goods {
    /// The order.
    pub order_id: String,
    /// Their state.
    pub state: FulfillmentState,
    /// Another system delivered them before the order was imported.
    pub is_imported: bool,
}

/// The state of the goods of these orders. Orders without a row are left out.
pub fn of_orders(connection: &mut MysqlConnection, order_ids: &[&str]) -> Result<Vec<Goods>> {
    load_columns::<ColumnsOf<Goods>, _, _>(connection, include_str!("of_orders.sql"), order_ids)
}

/// A change of the goods of one order.
#[derive(Debug, Clone)]
pub struct GoodsChange<'a> {
    /// The order.
    pub order_id: &'a str,
    /// The product sold.
    pub product_id: &'a str,
    /// The new state.
    pub state: FulfillmentState,
    /// Units ordered.
    pub units: i32,
}

impl BulkRow for GoodsChange<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        use FulfillmentState::{Delivered, Returned};
        const NONE: i32 = 0;
        let state = self.state;
        values.push_all::<Text, &str>([&self.order_id, &self.product_id])?;
        values.push::<EnumText<FulfillmentState>, _>(&self.state)?;
        values.push::<Integer, _>(&self.units)?;
        values.push::<Integer, _>(if state.is_given() { &self.units } else { &NONE })?;
        values.push_flags([state.is_waiting(), state == Delivered, state == Returned])
    }
}

/// Writes new states, sorted by order. `given` follows: all units once delivered, none before.
pub fn upsert(connection: &mut MysqlConnection, sorted_changes: &[GoodsChange<'_>]) -> Result<()> {
    write_rows(connection, include_str!("upsert.sql"), sorted_changes)
}

/// The products that paid orders wait for.
pub fn awaited_products(connection: &mut MysqlConnection) -> Result<Vec<String>> {
    Ok(fulfillment::table
        .filter(fulfillment::state.eq(value(FulfillmentState::AwaitingStock)))
        .select(fulfillment::product_id)
        .distinct()
        .load(connection)?)
}

/// Goods that operators let wait, although they could be delivered.
#[derive(Debug, Clone, Default)]
pub struct PausedGoods<'a> {
    /// Of orders of these merchants.
    pub merchants: Vec<&'a str>,
    /// Of orders of these products.
    pub products: Vec<&'a str>,
}

/// Orders that wait for this product and that `available` units can fulfil completely, oldest payment
/// first. An order for ten units does not delay an order for one unit until it has waited for `overtake_limit`: after that, no order that was paid later is returned.
/// A paused order is left out: later ones may be served meanwhile.
pub fn awaiting_stock(
    connection: &mut MysqlConnection,
    product_id: &str,
    available: i64,
    overtake_limit: Duration,
    paused: &PausedGoods<'_>,
    limit: i64,
) -> Result<Vec<String>> {
    Ok(static_sql(include_str!("in_turn.sql"))
        .text(product_id)
        .big_int(available)
        .big_int(microseconds(overtake_limit))
        .text(product_id)
        .big_int(available)
        .text(json(&paused.merchants)?)
        .text(json(&paused.products)?)
        .big_int(limit)
        .columns::<Text>()
        .load(connection)?)
}

/// Those of these products for which a paid order has waited longer than `overtake_limit`: new codes are kept for
/// it.
pub fn kept_products(
    connection: &mut MysqlConnection,
    product_ids: &[&str],
    overtake_limit: Duration,
) -> Result<Vec<String>> {
    Ok(static_sql(include_str!("kept_products.sql"))
        .text(json(product_ids)?)
        .big_int(microseconds(overtake_limit))
        .columns::<Text>()
        .load(connection)?)
}

/// Up to `limit` paid orders of subscriptions that waited for an account, and name one now.
pub fn accounts_named(
    connection: &mut MysqlConnection,
    paused: &PausedGoods<'_>,
    limit: i64,
) -> Result<Vec<String>> {
    Ok(static_sql(include_str!("accounts_named.sql"))
        .text(json(&paused.merchants)?)
        .text(json(&paused.products)?)
        .big_int(limit)
        .columns::<Text>()
        .load(connection)?)
}

/// How many units of a product the orders want that wait for its stock.
pub fn awaited_units(connection: &mut MysqlConnection, product_id: &str) -> Result<i64> {
    Ok(fulfillment::table
        .filter(fulfillment::state.eq(value(FulfillmentState::AwaitingStock)))
        .filter(fulfillment::product_id.eq(product_id))
        .select(sql::<BigInt>("CAST(COALESCE(SUM(units), 0) AS SIGNED)"))
        .get_result(connection)?)
}

/// How many paid orders wait for stock, and how long the first of them has, in seconds.
pub fn stock_queue(connection: &mut MysqlConnection) -> Result<(i64, i64)> {
    let seconds = "COALESCE(TIMESTAMPDIFF(SECOND, MIN(waiting_since), UTC_TIMESTAMP(6)), 0)";
    Ok(fulfillment::table
        .filter(fulfillment::state.eq(value(FulfillmentState::AwaitingStock)))
        .select((count_star(), sql::<BigInt>(seconds)))
        .get_result(connection)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed_sql::tests::assert_same_columns;

    #[test]
    fn the_statement_names_the_columns_in_the_order_of_the_row() {
        let row = fulfillment::table.select(Goods::as_select());
        assert_same_columns(include_str!("of_orders.sql"), &row);
    }
}
