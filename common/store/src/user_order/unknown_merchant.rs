//! Orders of merchants that are not configured.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Nullable};
use serde::Serialize;

use crate::column::Moment;
use crate::typed_sql::SqlText as _;
use crate::{BeijingTime, MysqlConnection, Result};

/// Orders of the last 30 days that name a merchant and are not paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MerchantOrders {
    /// As the shop wrote it.
    pub merchant: String,
    /// How many.
    pub orders: i64,
    /// When the first of them was placed.
    pub oldest: BeijingTime,
}

/// The merchants that orders name and that are none of `known`, with those of their orders of the last 30 days
/// that are not paid. One without such orders is left out: it may be a shop that was closed.
pub fn unknown_merchants(
    connection: &mut MysqlConnection,
    known: &[&str],
) -> Result<Vec<MerchantOrders>> {
    let names = "SELECT DISTINCT merchant FROM user_order FORCE INDEX (user_order_merchant)";
    // The shop may have written bytes that are no text.
    let names: Vec<Vec<u8>> = sql_query(names).typed::<Binary>().load(connection)?;
    let mut unknown = Vec::new();
    for merchant in names {
        if known.iter().any(|name| name.as_bytes() == merchant) {
            continue;
        }
        let (orders, oldest): (i64, Option<BeijingTime>) = sql_query(
            "SELECT COUNT(*), MIN(created_at) \
             FROM user_order FORCE INDEX (user_order_merchant) \
             WHERE merchant = ? AND created_at > UTC_TIMESTAMP(6) - INTERVAL 30 DAY AND status = 0",
        )
        .bind::<Binary, _>(&merchant)
        .typed::<(BigInt, Nullable<Moment>)>()
        .get_result(connection)?;
        if let Some(oldest) = oldest {
            let merchant = String::from_utf8_lossy(&merchant).into_owned();
            unknown.push(MerchantOrders { merchant, orders, oldest });
        }
    }
    Ok(unknown)
}
