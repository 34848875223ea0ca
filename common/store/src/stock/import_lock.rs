//! One import of codes at a time: what other products have is looked at first, and must still be true at the end.
//!
//! A lock of the server's by name and not of a row: an import takes long, and nobody who sells waits for it.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable};

use crate::{MysqlConnection, StoreError};

#[derive(QueryableByName)]
struct Got {
    #[diesel(sql_type = Nullable<BigInt>)]
    got: Option<i64>,
}

/// Takes the lock of this schema; `false` when somebody else has held it for `seconds`. It ends with the connection.
///
/// # Errors
/// What the database says.
pub fn lock_import(connection: &mut MysqlConnection, seconds: i64) -> Result<bool, StoreError> {
    // A lock's name has 64 characters at most, and so has a schema's. MySQL 9 has no MD5.
    let row: Got = sql_query(
        "SELECT CAST(GET_LOCK(CONCAT('alipay_stock.', LEFT(SHA2(DATABASE(), 256), 32)), ?) AS SIGNED) AS got",
    )
    .bind::<BigInt, _>(seconds)
    .get_result(connection)?;
    Ok(row.got == Some(1))
}
