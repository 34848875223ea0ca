//! Whether the database accepts writes.

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};

use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result, StoreError};

/// Whether the server accepts writes, as far as an account can see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteAccess {
    /// The variable that says that the server is read-only, as `read_only = 1`. An account with special rights may write
    /// anyway.
    pub read_only: Option<String>,
    /// What the server said to a write of this account, where it refused it as a read-only server does.
    pub refused: Option<String>,
}

impl WriteAccess {
    /// Whether writes of some account are refused.
    pub fn is_read_only(&self) -> bool {
        self.read_only.is_some() || self.refused.is_some()
    }
}

/// Checks whether the server accepts writes, and changes nothing. What it does not report counts as writable.
///
/// # Errors
/// The connection is lost.
pub fn write_access(connection: &mut MysqlConnection) -> Result<WriteAccess> {
    let mut access = WriteAccess::default();
    let variables: QueryResult<(Option<String>, Option<String>)> = static_sql(
        "SELECT CAST(@@global.read_only AS CHAR), CAST(@@global.innodb_read_only AS CHAR)",
    )
    .columns::<(Nullable<Text>, Nullable<Text>)>()
    .get_result(connection);
    if let Ok((read_only, innodb_read_only)) = variables {
        let named = [("read_only", read_only), ("innodb_read_only", innodb_read_only)];
        access.read_only = named.into_iter().find_map(|(name, value)| {
            let value = value.filter(|value| !matches!(value.as_str(), "0" | "OFF" | ""))?;
            Some(format!("{name} = {value}"))
        });
    }
    // Matches no row; a read-only server refuses it anyway.
    let write = static_sql("UPDATE redelivery SET count = count WHERE 1 = 0").execute(connection);
    match write.map_err(StoreError::from) {
        Err(error) if error.is_read_only() => access.refused = Some(error.to_string()),
        // Other reasons (no schema, no right) are reported by the statements that follow.
        _ => {}
    }
    Ok(access)
}
