//! Tables `stock_withdrawal` and `stock_withdrawn_code`: codes that operators took out of the stock.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use order::CodeState;
use serde::Serialize;

use crate::BeijingTime;
use crate::column::{last_insert_id, now, value};
use crate::json_rows::json;
use crate::schema::{stock_item, stock_withdrawal, stock_withdrawn_code};
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result, StoreError};

/// A withdrawal, without its codes.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = stock_withdrawal)]
pub struct Withdrawal {
    /// Its number.
    pub id: i64,
    /// The product whose codes they were.
    pub product_id: String,
    /// How many.
    pub codes: i32,
    /// Who did it.
    pub taken_by: String,
    /// And why; may be empty.
    pub reason: String,
    /// When.
    pub taken_at: BeijingTime,
    /// When they were put back into sale.
    pub put_back_at: Option<BeijingTime>,
    /// By whom.
    pub put_back_by: Option<String>,
    /// And why.
    pub put_back_reason: Option<String>,
}

/// Who takes codes out, of which product, and why.
#[derive(Debug, Clone, Copy, Insertable)]
#[diesel(table_name = stock_withdrawal)]
pub struct NewWithdrawal<'a> {
    /// The product.
    pub product_id: &'a str,
    /// Who does it.
    pub taken_by: &'a str,
    /// Why; may be empty.
    pub reason: &'a str,
}

/// Moves available codes of a product into a new withdrawal: those named in `codes`, else the `count` that were
/// imported last, which nobody would get soon. What a worker is about to give away is left out. Returns its number;
/// `None` when there was nothing to take. In a transaction of the caller's.
pub fn withdraw(
    connection: &mut MysqlConnection,
    new: &NewWithdrawal<'_>,
    codes: &[&str],
    count: i64,
) -> Result<Option<i64>> {
    let ids: Vec<i64> = if codes.is_empty() {
        stock_item::table
            .filter(stock_item::product_id.eq(new.product_id))
            .filter(stock_item::state.eq(value(CodeState::Available)))
            .order(stock_item::id.desc())
            .limit(count)
            .select(stock_item::id)
            .for_update()
            .skip_locked()
            .load(connection)?
    } else {
        static_sql(include_str!("withdrawal_pick.sql"))
            .text(json(codes)?)
            .text(new.product_id)
            .columns::<BigInt>()
            .load(connection)?
    };
    if ids.is_empty() {
        return Ok(None);
    }
    let picked = ids.len();
    let ids = json(&ids)?;
    diesel::insert_into(stock_withdrawal::table)
        .values((new, stock_withdrawal::codes.eq(i32::try_from(picked).unwrap_or(i32::MAX))))
        .execute(connection)?;
    let withdrawal = last_insert_id(connection)?;
    let moved = static_sql(include_str!("withdrawal_codes.sql"))
        .big_int(withdrawal)
        .text(&ids)
        .execute(connection)?;
    let deleted =
        static_sql(include_str!("withdrawal_delete.sql")).text(&ids).execute(connection)?;
    if (moved, deleted) != (picked, picked) {
        let what = format!("{picked} codes to withdraw, {moved} kept, {deleted} deleted");
        return Err(StoreError::Row { table: "stock_item", what });
    }
    Ok(Some(withdrawal))
}

/// A withdrawal; `None` when there is none of this number. With `lock` its row is locked until the end of the
/// transaction.
pub fn find(connection: &mut MysqlConnection, id: i64, lock: bool) -> Result<Option<Withdrawal>> {
    let query = stock_withdrawal::table.find(id).select(Withdrawal::as_select());
    let found = match lock {
        true => query.for_update().first(connection),
        false => query.first(connection),
    };
    Ok(found.optional()?)
}

/// Its codes, in the order in which they came to stock.
pub fn codes(connection: &mut MysqlConnection, id: i64) -> Result<Vec<String>> {
    Ok(stock_withdrawn_code::table
        .filter(stock_withdrawn_code::withdrawal_id.eq(id))
        .order(stock_withdrawn_code::stock_item_id)
        .select(stock_withdrawn_code::code)
        .load(connection)?)
}

/// The latest withdrawals first, at most `limit`; of one product where it is given.
pub fn list(
    connection: &mut MysqlConnection,
    product_id: Option<&str>,
    limit: i64,
) -> Result<Vec<Withdrawal>> {
    let mut query = stock_withdrawal::table
        .order(stock_withdrawal::id.desc())
        .limit(limit)
        .select(Withdrawal::as_select())
        .into_boxed();
    if let Some(product_id) = product_id {
        query = query.filter(stock_withdrawal::product_id.eq(product_id));
    }
    Ok(query.load(connection)?)
}

/// Notes that the codes were put back into sale.
pub fn note_put_back(
    connection: &mut MysqlConnection,
    id: i64,
    by: &str,
    reason: &str,
) -> Result<()> {
    diesel::update(stock_withdrawal::table.find(id))
        .set((
            stock_withdrawal::put_back_at.eq(now().nullable()),
            stock_withdrawal::put_back_by.eq(by),
            stock_withdrawal::put_back_reason.eq(reason),
        ))
        .execute(connection)?;
    Ok(())
}
