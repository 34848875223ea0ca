//! Tables `stock_withdrawal` and `stock_withdrawn_code`: codes that operators took out of the stock.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Integer, Nullable, Text};
use serde::Serialize;

use crate::BeijingTime;
use crate::json_rows::json;
use crate::{MysqlConnection, StoreError};

/// A withdrawal, without its codes.
#[derive(Debug, Clone, QueryableByName, Serialize)]
pub struct Withdrawal {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The product whose codes they were.
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// How many.
    #[diesel(sql_type = Integer)]
    pub codes: i32,
    /// Who did it.
    #[diesel(sql_type = Text)]
    pub taken_by: String,
    /// And why; may be empty.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// When.
    #[diesel(sql_type = Datetime)]
    pub taken_at: BeijingTime,
    /// When they were put back into sale.
    #[diesel(sql_type = Nullable<Datetime>)]
    pub put_back_at: Option<BeijingTime>,
    /// By whom.
    #[diesel(sql_type = Nullable<Text>)]
    pub put_back_by: Option<String>,
    /// And why.
    #[diesel(sql_type = Nullable<Text>)]
    pub put_back_reason: Option<String>,
}

/// Who takes codes out, of which product, and why.
#[derive(Debug, Clone, Copy)]
pub struct NewWithdrawal<'a> {
    /// The product.
    pub product_id: &'a str,
    /// Who does it.
    pub taken_by: &'a str,
    /// Why; may be empty.
    pub reason: &'a str,
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

#[derive(QueryableByName)]
struct CodeRow {
    #[diesel(sql_type = Text)]
    code: String,
}

/// Moves available codes of a product into a new withdrawal: those named in `codes`, else the `count` that were
/// imported last, which nobody would get soon. What a worker is about to give away is left out. Returns its number;
/// `None` when there was nothing to take. In a transaction of the caller's.
///
/// # Errors
/// What the database says.
pub fn withdraw(
    connection: &mut MysqlConnection,
    new: &NewWithdrawal<'_>,
    codes: &[&str],
    count: i64,
) -> Result<Option<i64>, StoreError> {
    let picked: Vec<IdRow> = if codes.is_empty() {
        sql_query(
            "SELECT id FROM stock_item WHERE product_id = ? AND state = 'available' \
             ORDER BY id DESC LIMIT ? FOR UPDATE SKIP LOCKED",
        )
        .bind::<Text, _>(new.product_id)
        .bind::<BigInt, _>(count)
        .load(connection)?
    } else {
        sql_query(include_str!("withdrawal_pick.sql"))
            .bind::<Text, _>(json(codes)?)
            .bind::<Text, _>(new.product_id)
            .load(connection)?
    };
    let ids: Vec<i64> = picked.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(None);
    }
    let ids = json(&ids)?;
    sql_query(
        "INSERT INTO stock_withdrawal (product_id, codes, taken_by, reason) VALUES (?, ?, ?, ?)",
    )
    .bind::<Text, _>(new.product_id)
    .bind::<BigInt, _>(picked.len() as i64)
    .bind::<Text, _>(new.taken_by)
    .bind::<Text, _>(new.reason)
    .execute(connection)?;
    let withdrawal: IdRow =
        sql_query("SELECT CAST(LAST_INSERT_ID() AS SIGNED) AS id").get_result(connection)?;
    let moved = sql_query(include_str!("withdrawal_codes.sql"))
        .bind::<BigInt, _>(withdrawal.id)
        .bind::<Text, _>(&ids)
        .execute(connection)?;
    let deleted = sql_query(include_str!("withdrawal_delete.sql"))
        .bind::<Text, _>(&ids)
        .execute(connection)?;
    if (moved, deleted) != (picked.len(), picked.len()) {
        let what = format!("{} codes to withdraw, {moved} kept, {deleted} deleted", picked.len());
        return Err(StoreError::Row { table: "stock_item", what });
    }
    Ok(Some(withdrawal.id))
}

/// A withdrawal; `None` when there is none of this number. With `lock` its row is locked until the end of the
/// transaction.
///
/// # Errors
/// What the database says.
pub fn find(
    connection: &mut MysqlConnection,
    id: i64,
    lock: bool,
) -> Result<Option<Withdrawal>, StoreError> {
    let query = sql_query(SELECT).into_boxed().sql(" WHERE id = ?").bind::<BigInt, _>(id);
    let query = if lock { query.sql(" FOR UPDATE") } else { query };
    Ok(query.get_result(connection).optional()?)
}

/// Its codes, in the order in which they came to stock.
///
/// # Errors
/// What the database says.
pub fn codes(connection: &mut MysqlConnection, id: i64) -> Result<Vec<String>, StoreError> {
    let rows: Vec<CodeRow> = sql_query(
        "SELECT code FROM stock_withdrawn_code WHERE withdrawal_id = ? ORDER BY stock_item_id",
    )
    .bind::<BigInt, _>(id)
    .load(connection)?;
    Ok(rows.into_iter().map(|row| row.code).collect())
}

/// The latest withdrawals first, at most `limit`; of one product where it is given.
///
/// # Errors
/// What the database says.
pub fn list(
    connection: &mut MysqlConnection,
    product_id: Option<&str>,
    limit: i64,
) -> Result<Vec<Withdrawal>, StoreError> {
    let mut query = sql_query(SELECT).into_boxed();
    if let Some(product_id) = product_id {
        query = query.sql(" WHERE product_id = ?").bind::<Text, _>(product_id);
    }
    Ok(query.sql(" ORDER BY id DESC LIMIT ?").bind::<BigInt, _>(limit).load(connection)?)
}

/// Notes that the codes were put back into sale.
///
/// # Errors
/// What the database says.
pub fn note_put_back(
    connection: &mut MysqlConnection,
    id: i64,
    by: &str,
    reason: &str,
) -> Result<(), StoreError> {
    sql_query(
        "UPDATE stock_withdrawal SET put_back_at = UTC_TIMESTAMP(6), put_back_by = ?, put_back_reason = ? \
         WHERE id = ?",
    )
    .bind::<Text, _>(by)
    .bind::<Text, _>(reason)
    .bind::<BigInt, _>(id)
    .execute(connection)?;
    Ok(())
}

const SELECT: &str = "SELECT id, product_id, codes, taken_by, reason, taken_at, put_back_at, put_back_by, \
                      put_back_reason FROM stock_withdrawal";
