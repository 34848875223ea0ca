//! Reads several tables consistently.
//!
//! An order that is shown must be consistent, not a mix of before and after a batch that commits
//! meanwhile: read everything inside one [`snapshot`].

use diesel::Connection as _;
use diesel::connection::SimpleConnection;

use crate::{MysqlConnection, StoreError};

/// Runs `read` in one read-only transaction of which every statement sees the same state.
///
/// # Errors
/// What `read` returns, and what the database says to the transaction itself.
pub fn snapshot<T, E: From<StoreError> + From<diesel::result::Error>>(
    connection: &mut MysqlConnection,
    read: impl FnOnce(&mut MysqlConnection) -> Result<T, E>,
) -> Result<T, E> {
    // Applies to the next transaction only.
    connection.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
    connection.transaction(read)
}
