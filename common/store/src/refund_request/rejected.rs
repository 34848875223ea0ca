//! Refunds of payments that no order took.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::{RefundRequest, Row};
use crate::json_rows::load_rows;
use crate::refund::MerchantTrade;
use crate::{MysqlConnection, StoreError};

#[derive(QueryableByName)]
struct Got {
    #[diesel(sql_type = Nullable<BigInt>)]
    got: Option<i64>,
}

/// Locks an order's number, of which there may be no row, against everybody who asks for a refund of a rejected
/// payment of it; `false` when somebody else has held it for `seconds`. It ends with [`unlock_number`] or the
/// connection.
///
/// # Errors
/// What the database says.
pub fn lock_number(
    connection: &mut MysqlConnection,
    order_id: &str,
    seconds: i64,
) -> Result<bool, StoreError> {
    // A lock's name has 64 characters at most, and is one of the whole server.
    let row: Got = sql_query(
        "SELECT CAST(GET_LOCK(CONCAT('alipay_refund.', LEFT(SHA2(CONCAT(DATABASE(), '.', ?), 256), 32)), ?) \
         AS SIGNED) AS got",
    )
    .bind::<Text, _>(order_id)
    .bind::<BigInt, _>(seconds)
    .get_result(connection)?;
    Ok(row.got == Some(1))
}

/// Lets go of an order's number.
///
/// # Errors
/// What the database says.
pub fn unlock_number(connection: &mut MysqlConnection, order_id: &str) -> Result<(), StoreError> {
    let _: Got = sql_query(
        "SELECT CAST(RELEASE_LOCK(CONCAT('alipay_refund.', LEFT(SHA2(CONCAT(DATABASE(), '.', ?), 256), 32))) \
         AS SIGNED) AS got",
    )
    .bind::<Text, _>(order_id)
    .get_result(connection)?;
    Ok(())
}

/// The requests for rejected payments of these trades, the oldest first.
///
/// # Errors
/// What the database says.
pub fn of_rejected(
    connection: &mut MysqlConnection,
    trades: &[MerchantTrade<'_>],
) -> Result<Vec<RefundRequest>, StoreError> {
    let rows: Vec<Row> = load_rows(connection, include_str!("of_rejected.sql"), trades)?;
    rows.into_iter().map(RefundRequest::try_from).collect()
}
