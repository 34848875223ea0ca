//! Locks of the server by name, for things that have no row to lock. They end with the connection.
//!
//! A name has 64 characters at most and is one of the whole server, so it holds the schema's name or a hash of it (MySQL 9
//! has no MD5). It is given in SQL, with one parameter.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::typed_sql::SqlText as _;
use crate::{MysqlConnection, Result};

/// Takes a lock; `false` when another connection has held it for `seconds`.
pub(crate) fn take(
    connection: &mut MysqlConnection,
    name: &'static str,
    parameter: &str,
    seconds: i64,
) -> Result<bool> {
    let got: Option<i64> = sql_query(format!("SELECT CAST(GET_LOCK({name}, ?) AS SIGNED)"))
        .bind::<Text, _>(parameter)
        .bind::<BigInt, _>(seconds)
        .typed::<Nullable<BigInt>>()
        .get_result(connection)?;
    Ok(got == Some(1))
}

/// Releases it.
pub(crate) fn release(
    connection: &mut MysqlConnection,
    name: &'static str,
    parameter: &str,
) -> Result<()> {
    let release = sql_query(format!("DO RELEASE_LOCK({name})"));
    release.bind::<Text, _>(parameter).execute(connection)?;
    Ok(())
}
