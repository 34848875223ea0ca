//! Table `stock_item`: codes, available → delivered → returned.

use std::time::Instant;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;

use crate::bulk::{BulkRow, Values, write_rows};
use crate::json_rows::{execute_rows, json};
use crate::schema::stock_item;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result, StoreError, named_lock};

/// The longest code, in bytes: licence files of 4 KB in base64, cards with a PIN and an address. What the column holds.
pub const MAX_CODE: usize = 8192;

/// Locks up to `units` available codes of a product, leaving out what another transaction is about to give away. They are
/// the oldest of those behind a cursor of this connection, which is at the beginning once a second: see
/// `cursor.rs`. Where fewer than `units` are behind it, they are the oldest of all.
pub fn pick(connection: &mut MysqlConnection, product_id: &str, units: i64) -> Result<Vec<i64>> {
    let now = Instant::now();
    let mut behind = connection.stock_cursors.start(product_id, now);
    let mut ids = pick_behind(connection, product_id, behind.unwrap_or(0), units)?;
    if behind.is_some() && (ids.len() as i64) < units {
        behind = None;
        ids = pick_behind(connection, product_id, 0, units)?;
    }
    connection.stock_cursors.advance(product_id, behind, ids.last().copied(), now);
    Ok(ids)
}

fn pick_behind(
    connection: &mut MysqlConnection,
    product_id: &str,
    id: i64,
    units: i64,
) -> Result<Vec<i64>> {
    Ok(static_sql(include_str!("pick.sql"))
        .text(product_id)
        .big_int(id)
        .big_int(units)
        .columns::<BigInt>()
        .load(connection)?)
}

/// How many codes of a product are available, counted up to `limit`.
pub fn available(connection: &mut MysqlConnection, product_id: &str, limit: i64) -> Result<i64> {
    let count =
        sql::<BigInt>("(SELECT COUNT(*) FROM (SELECT id FROM stock_item WHERE product_id = ")
            .bind::<Text, _>(product_id)
            .sql(" AND state = 'available' LIMIT ")
            .bind::<BigInt, _>(limit)
            .sql(") AS some)");
    Ok(diesel::select(count).get_result(connection)?)
}

/// A picked code and the order that gets it.
#[derive(Debug, Clone, Copy)]
pub struct GivenCode<'a> {
    /// `stock_item.id`.
    pub id: i64,
    /// The order.
    pub order_id: &'a str,
}

impl BulkRow for GivenCode<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        values.push::<BigInt, _>(&self.id)?;
        values.push::<Text, str>(self.order_id)
    }
}

/// Gives picked codes to orders.
pub fn give(connection: &mut MysqlConnection, given: &[GivenCode<'_>]) -> Result<()> {
    write_rows(connection, include_str!("give.sql"), given)
}

/// Takes back the codes of these orders. A returned code has been seen by the buyer and is not sold
/// again, unless its product says so.
pub fn take_back(connection: &mut MysqlConnection, order_ids: &[&str]) -> Result<()> {
    execute_rows(connection, include_str!("take_back.sql"), order_ids)
}

/// Lets one import of codes run at a time: what other products have is looked at first, and must still be true at the end.
/// A lock of the server's by name and not of a row: an import takes long, and sales must not wait for it. `false` when
/// another connection has held it for `seconds`. It ends with the connection.
pub fn lock_import(connection: &mut MysqlConnection, seconds: i64) -> Result<bool> {
    let name = "CONCAT(?, LEFT(SHA2(DATABASE(), 256), 32))";
    named_lock::take(connection, name, "alipay_stock.", seconds)
}

/// Adds codes; those that the product has already are left as they are. Returns how many were new,
/// also if another import adds the same codes at the same time. In a transaction of the caller's, which ends with
/// [`forget_if_above`](crate::stock::notice::forget_if_above).
///
/// # Errors
/// What the database says; [`StoreError::Row`] when it did not take every code: there is no such
/// product, or a code is longer than [`MAX_CODE`]. Then roll back.
pub fn import(connection: &mut MysqlConnection, product_id: &str, codes: &[&str]) -> Result<usize> {
    if codes.is_empty() {
        return Ok(0);
    }
    // Of the statements that skip duplicates only this one counts what it inserted. It also skips
    // what the table cannot hold, or shortens it: so the codes are looked for afterwards.
    let new = static_sql(include_str!("import.sql"))
        .text(product_id)
        .text(json(codes)?)
        .execute(connection)?;
    let missing = codes.len().saturating_sub(existing(connection, product_id, codes)?.len());
    if missing > 0 {
        let what = format!("{missing} codes for product {product_id} were not taken");
        return Err(StoreError::Row { table: "stock_item", what });
    }
    Ok(new)
}

/// Which of these codes the product has already, whatever their state. `codes` without repeats.
pub fn existing(
    connection: &mut MysqlConnection,
    product_id: &str,
    codes: &[&str],
) -> Result<Vec<String>> {
    Ok(static_sql(include_str!("existing.sql"))
        .text(json(codes)?)
        .text(product_id)
        .columns::<Text>()
        .load(connection)?)
}

/// A code that another product has, too.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName, Serialize)]
#[diesel(table_name = stock_item)]
pub struct Elsewhere {
    /// The code.
    pub code: String,
    /// The other product.
    pub product_id: String,
}

/// Which of these codes other products have, whatever their state. `codes` without repeats.
pub fn elsewhere(
    connection: &mut MysqlConnection,
    product_id: &str,
    codes: &[&str],
) -> Result<Vec<Elsewhere>> {
    Ok(static_sql(include_str!("elsewhere.sql"))
        .text(json(codes)?)
        .text(product_id)
        .load(connection)?)
}
