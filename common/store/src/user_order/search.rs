//! Searches orders.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::report::OrderQuery;
use super::{OrderFilter, OrderRow};
use crate::typed_sql::SqlText as _;
use crate::{MysqlConnection, Result};

/// What is looked for; everything that is given must hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderSearch<'a> {
    /// The order's number or that of a trade of it, or how one of them begins; or its buyer's whole number or account at
    /// Alipay.
    pub text: Option<&'a str>,
    /// What else must hold.
    pub filter: OrderFilter<'a>,
    /// Placed before the order with this number: the next page.
    pub after: Option<&'a str>,
}

/// What begins with the text: keys compare by byte, so it is a range of the key. The byte 0xFF is in no UTF-8 text.
macro_rules! begins {
    ($key:literal) => {
        concat!($key, " >= ? AND ", $key, " < CONCAT(?, x'FF')")
    };
}

/// How often each of these statements names the text.
const BINDS: usize = 6;

/// Up to so many orders are found by number first; more are found by looking at the latest orders.
const FEW: i64 = 1000;

const COUNT: &str = concat!(
    "SELECT COUNT(*) FROM ((SELECT id FROM user_order WHERE ",
    begins!("id"),
    " LIMIT 1001) UNION ALL (SELECT order_id FROM trade WHERE ",
    begins!("trade_no"),
    " LIMIT 1001) UNION ALL (SELECT id FROM user_order WHERE buyer_id = ? LIMIT 1001) \
     UNION ALL (SELECT id FROM user_order WHERE buyer_email = ? LIMIT 1001)) AS found"
);

/// The derived table is made once; a `UNION` in the subquery itself would be run for each order.
const FIND_FEW: &str = concat!(
    " AND id IN (SELECT found.id FROM (SELECT id FROM user_order WHERE ",
    begins!("id"),
    " UNION SELECT order_id FROM trade WHERE ",
    begins!("trade_no"),
    " UNION SELECT id FROM user_order WHERE buyer_id = ? UNION SELECT id FROM user_order WHERE buyer_email = ?) AS found)"
);

const FIND_MANY: &str = concat!(
    " AND ((",
    begins!("id"),
    ") OR EXISTS (SELECT 1 FROM trade AS t WHERE t.order_id = user_order.id AND ",
    begins!("t.trade_no"),
    ") OR buyer_id = ? OR buyer_email = ?)"
);

/// The first comparison finds the place in the index, the second the row.
const AFTER: &str = " AND created_at <= (SELECT created_at FROM user_order WHERE id = ?) \
                     AND (created_at, id) < (SELECT created_at, id FROM user_order WHERE id = ?)";

/// Orders that match, the one placed last first, at most `limit`.
pub fn search(
    connection: &mut MysqlConnection,
    search: &OrderSearch<'_>,
    limit: i64,
) -> Result<Vec<OrderRow>> {
    let mut query = search.filter.query();
    if let Some(text) = search.text {
        query = query.sql(if is_of_few(connection, text)? { FIND_FEW } else { FIND_MANY });
        query = (0..BINDS).fold(query, |query, _| query.bind::<Text, _>(text));
    }
    if let Some(last) = search.after {
        query = query.sql(AFTER).bind::<Text, _>(last).bind::<Text, _>(last);
    }
    let query =
        query.sql(" ORDER BY user_order.created_at DESC, id DESC LIMIT ?").bind::<BigInt, _>(limit);
    Ok(query.load(connection)?)
}

/// Whether few orders have a number, or a trade with a number, that begins with the text, or this buyer.
fn is_of_few(connection: &mut MysqlConnection, text: &str) -> Result<bool> {
    let query: OrderQuery<'_> = sql_query(COUNT).into_boxed();
    let query = (0..BINDS).fold(query, |query, _| query.bind::<Text, _>(text));
    let found: i64 = query.typed::<BigInt>().get_result(connection)?;
    Ok(found <= FEW)
}
