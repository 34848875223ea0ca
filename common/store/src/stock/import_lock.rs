//! One import of codes at a time: what other products have is looked at first, and must still be true at the end.
//!
//! A lock of the server's by name and not of a row: an import takes long, and nobody who sells waits for it.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use crate::{MysqlConnection, Result};

/// Takes the lock of this schema; `false` when somebody else has held it for `seconds`. It ends with the connection.
pub fn lock_import(connection: &mut MysqlConnection, seconds: i64) -> Result<bool> {
    // A lock's name has 64 characters at most, and so has a schema's. MySQL 9 has no MD5.
    let got = sql::<Nullable<BigInt>>(
        "CAST(GET_LOCK(CONCAT('alipay_stock.', LEFT(SHA2(DATABASE(), 256), 32)), ",
    );
    let got = got.bind::<BigInt, _>(seconds).sql(") AS SIGNED)");
    Ok(diesel::select(got).get_result::<Option<i64>>(connection)? == Some(1))
}
