//! Takes codes out of the stock.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::json_rows::json;
use crate::{MysqlConnection, StoreError};

#[derive(QueryableByName)]
struct Picked {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    code: String,
}

/// Deletes available codes of a product and returns them: those named in `codes`, else the `count` that
/// were imported last, which nobody would get soon. What a worker is about to give away is left out. In a
/// transaction of the caller's.
///
/// # Errors
/// What the database says.
pub fn withdraw(
    connection: &mut MysqlConnection,
    product_id: &str,
    codes: &[&str],
    count: i64,
) -> Result<Vec<String>, StoreError> {
    let picked: Vec<Picked> = if codes.is_empty() {
        sql_query(
            "SELECT id, code FROM stock_item WHERE product_id = ? AND state = 'available' \
             ORDER BY id DESC LIMIT ? FOR UPDATE SKIP LOCKED",
        )
        .bind::<Text, _>(product_id)
        .bind::<BigInt, _>(count)
        .load(connection)?
    } else {
        sql_query(
            "SELECT STRAIGHT_JOIN s.id, s.code FROM (SELECT j.code FROM JSON_TABLE(?, '$[*]' COLUMNS \
             (code VARCHAR(512) CHARACTER SET utf8mb4 PATH '$')) AS j) AS k JOIN stock_item AS s \
             ON s.product_id = ? AND s.code = k.code AND s.state = 'available' \
             FOR UPDATE SKIP LOCKED",
        )
        .bind::<Text, _>(json(codes)?)
        .bind::<Text, _>(product_id)
        .load(connection)?
    };
    let ids: Vec<i64> = picked.iter().map(|row| row.id).collect();
    if !ids.is_empty() {
        sql_query(
            "DELETE s FROM stock_item AS s JOIN JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) \
             AS k ON k.id = s.id WHERE s.state = 'available'",
        )
        .bind::<Text, _>(json(&ids)?)
        .execute(connection)?;
    }
    Ok(picked.into_iter().map(|row| row.code).collect())
}
