//! Orders that somebody looks for.

use diesel::mysql::MysqlConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, SmallInt, Text};

use super::Order;
use crate::StoreError;

/// What is looked for; everything that is given must hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderSearch<'a> {
    /// The order's number or that of a trade of it, or how one of them begins.
    pub text: Option<&'a str>,
    /// This `status`.
    pub status: Option<i16>,
    /// An open review.
    pub needs_review: bool,
    /// Placed before the order with this number: the next page.
    pub after: Option<&'a str>,
}

/// What the text finds: keys compare by byte, so a range of the key is what begins with it. The byte 0xFF is in no
/// UTF-8 text.
const BEGINS: &str = " AND id IN (SELECT id FROM user_order WHERE id >= ? AND id < CONCAT(?, x'FF') UNION \
                      SELECT order_id FROM trade WHERE trade_no >= ? AND trade_no < CONCAT(?, x'FF'))";

const AFTER: &str = " AND (created_at, id) < (SELECT created_at, id FROM user_order WHERE id = ?)";

/// Orders that match, the one placed last first, at most `limit`.
///
/// # Errors
/// What the database says.
pub fn search_orders(
    connection: &mut MysqlConnection,
    search: &OrderSearch<'_>,
    limit: i64,
) -> Result<Vec<Order>, StoreError> {
    let mut query =
        sql_query(include_str!("../sql/report_order.sql")).into_boxed().sql(" WHERE TRUE");
    if let Some(text) = search.text {
        query = query.sql(BEGINS);
        for _ in 0..4 {
            query = query.bind::<Text, _>(text);
        }
    }
    if let Some(status) = search.status {
        query = query.sql(" AND status = ?").bind::<SmallInt, _>(status);
    }
    if search.needs_review {
        query = query.sql(" AND needs_review");
    }
    if let Some(last) = search.after {
        query = query.sql(AFTER).bind::<Text, _>(last);
    }
    let query = query.sql(" ORDER BY created_at DESC, id DESC LIMIT ?").bind::<BigInt, _>(limit);
    Ok(query.load(connection)?)
}
