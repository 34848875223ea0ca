//! Table `stock_resale`: returned codes that a person put on sale again.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::json_rows::json;
use crate::typed_sql::static_sql;
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
        Returned::Codes(codes) => static_sql(include_str!("resale_pick.sql"))
            .text(json(codes)?)
            .text(product_id)
            .columns::<(BigInt, Text)>()
            .load(connection)?,
        Returned::Order(order_id) => static_sql(
            "SELECT id, code FROM stock_item FORCE INDEX (stock_item_order) \
             WHERE order_id = ? AND product_id = ? AND state = 'returned' FOR UPDATE",
        )
        .text(order_id)
        .text(product_id)
        .columns::<(BigInt, Text)>()
        .load(connection)?,
    };
    if picked.is_empty() {
        return Ok(Vec::new());
    }
    picked.sort_by_key(|(id, _)| *id);
    let ids = json(&picked.iter().map(|(id, _)| *id).collect::<Vec<_>>())?;
    static_sql(include_str!("resale_insert.sql"))
        .text(done_by)
        .text(reason)
        .text(&ids)
        .execute(connection)?;
    static_sql("UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS k \
         STRAIGHT_JOIN stock_item AS s FORCE INDEX (PRIMARY) ON s.id = k.id AND s.state = 'returned' \
         SET s.state = 'available', s.order_id = NULL")
    .text(&ids)
    .execute(connection)?;
    Ok(picked.into_iter().map(|(_, code)| code).collect())
}
