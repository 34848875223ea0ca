//! Table `stock_resale`: returned codes that a person put on sale again.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::json_rows::json;
use crate::typed_sql::SqlText as _;
use crate::{MysqlConnection, Result};

/// Which returned codes of a product.
#[derive(Debug, Clone, Copy)]
pub enum Returned<'a> {
    /// These codes.
    Codes(&'a [&'a str]),
    /// All that this order returned.
    Order(&'a str),
}

/// Makes returned codes of a product available again and records who did it and why. Returns them in the order in which
/// they came to stock. In a transaction of the caller's, which ends with
/// [`forget_if_above`](crate::stock::notice::forget_if_above).
pub fn resell(
    connection: &mut MysqlConnection,
    product_id: &str,
    returned: Returned<'_>,
    done_by: &str,
    reason: &str,
) -> Result<Vec<String>> {
    let mut picked: Vec<(i64, String)> = match returned {
        Returned::Codes(codes) => sql_query(include_str!("resale_pick.sql"))
            .bind::<Text, _>(json(codes)?)
            .bind::<Text, _>(product_id)
            .typed::<(BigInt, Text)>()
            .load(connection)?,
        Returned::Order(order_id) => sql_query(
            "SELECT id, code FROM stock_item FORCE INDEX (stock_item_order) \
             WHERE order_id = ? AND product_id = ? AND state = 'returned' FOR UPDATE",
        )
        .bind::<Text, _>(order_id)
        .bind::<Text, _>(product_id)
        .typed::<(BigInt, Text)>()
        .load(connection)?,
    };
    if picked.is_empty() {
        return Ok(Vec::new());
    }
    picked.sort_by_key(|(id, _)| *id);
    let ids = json(&picked.iter().map(|(id, _)| *id).collect::<Vec<_>>())?;
    sql_query(include_str!("resale_insert.sql"))
        .bind::<Text, _>(done_by)
        .bind::<Text, _>(reason)
        .bind::<Text, _>(&ids)
        .execute(connection)?;
    sql_query(
        "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS k \
         STRAIGHT_JOIN stock_item AS s FORCE INDEX (PRIMARY) ON s.id = k.id AND s.state = 'returned' \
         SET s.state = 'available', s.order_id = NULL",
    )
    .bind::<Text, _>(&ids)
    .execute(connection)?;
    Ok(picked.into_iter().map(|(_, code)| code).collect())
}
