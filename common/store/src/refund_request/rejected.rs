//! Refunds of payments that no order took.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::RefundRequest;
use crate::json_rows::load_rows;
use crate::refund::MerchantTrade;
use crate::{MysqlConnection, Result};

/// Locks an order's number, of which there may be no row, against everybody who asks for a refund of a rejected
/// payment of it; `false` when somebody else has held it for `seconds`. It ends with [`unlock_number`] or the
/// connection.
pub fn lock_number(connection: &mut MysqlConnection, order_id: &str, seconds: i64) -> Result<bool> {
    // A lock's name has 64 characters at most, and is one of the whole server.
    let got = sql::<Nullable<BigInt>>(
        "CAST(GET_LOCK(CONCAT('alipay_refund.', LEFT(SHA2(CONCAT(DATABASE(), '.', ",
    );
    let got = got.bind::<Text, _>(order_id).sql("), 256), 32)), ");
    let got = got.bind::<BigInt, _>(seconds).sql(") AS SIGNED)");
    Ok(diesel::select(got).get_result::<Option<i64>>(connection)? == Some(1))
}

/// Lets go of an order's number.
pub fn unlock_number(connection: &mut MysqlConnection, order_id: &str) -> Result<()> {
    sql_query("DO RELEASE_LOCK(CONCAT('alipay_refund.', LEFT(SHA2(CONCAT(DATABASE(), '.', ?), 256), 32)))")
        .bind::<Text, _>(order_id)
        .execute(connection)?;
    Ok(())
}

/// The requests for rejected payments of these trades, the oldest first.
pub fn of_rejected(
    connection: &mut MysqlConnection,
    trades: &[MerchantTrade<'_>],
) -> Result<Vec<RefundRequest>> {
    load_rows(connection, include_str!("of_rejected.sql"), trades)
}
