//! What the account may do with the rows of our tables.
//!
//! Checked by statements that change nothing, since `SHOW GRANTS` does not show rights that come from a role or a pattern.

use diesel::prelude::*;
use diesel::sql_query;

use crate::{MysqlConnection, Result, StoreError};

/// Access denied: to the schema, a table, a column.
const DENIED: [u16; 3] = [1044, 1142, 1143];

/// A right that every program with a database needs.
const NEEDED: [(&str, &str); 4] = [
    ("SELECT", "SELECT id FROM user_order WHERE 1 = 0"),
    ("INSERT", "INSERT INTO redelivery (message_id) SELECT message_id FROM redelivery WHERE 1 = 0"),
    ("UPDATE", "UPDATE redelivery SET count = count WHERE 1 = 0"),
    ("DELETE", "DELETE FROM redelivery WHERE 1 = 0"),
];

/// The rights that the account lacks, of SELECT, INSERT, UPDATE and DELETE.
///
/// # Errors
/// A database error other than a refusal: without a schema, that there is no table.
pub fn missing(connection: &mut MysqlConnection) -> Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    for (right, statement) in NEEDED {
        match sql_query(statement).execute(connection).map_err(StoreError::from) {
            Ok(_) => {}
            Err(error) if error.number().is_some_and(|it| DENIED.contains(&it)) => {
                missing.push(right);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(missing)
}
