//! Runs something in the database and rolls it back.

use diesel::Connection as _;
use diesel::result::Error;
use store::{MysqlConnection, StoreError};

/// Runs `work` in a transaction that is rolled back whatever comes of it, and returns its result.
pub(crate) fn rolled_back<T, E: From<StoreError>>(
    connection: &mut MysqlConnection,
    work: impl FnOnce(&mut MysqlConnection) -> Result<T, E>,
) -> Result<T, E> {
    let mut result = None;
    let ended = connection.transaction(|connection| {
        result = Some(work(connection));
        Err::<(), Error>(Error::RollbackTransaction)
    });
    match (result, ended) {
        (Some(result), Err(Error::RollbackTransaction)) => result,
        (_, Err(error)) => Err(StoreError::from(error).into()),
        // No transaction that ends with an error is committed.
        (_, Ok(())) => Err(StoreError::from(Error::RollbackTransaction).into()),
    }
}
