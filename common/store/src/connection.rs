//! The pool, and how every session is set up.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::mysql::MysqlConnection;
use diesel::r2d2::{self, ConnectionManager, CustomizeConnection};

use crate::StoreError;

/// A pool of connections with the session settings that the statements of this crate rely on.
#[derive(Clone)]
pub struct Pool(r2d2::Pool<ConnectionManager<MysqlConnection>>);

/// A connection from the pool.
pub type Connection = r2d2::PooledConnection<ConnectionManager<MysqlConnection>>;

/// How long a caller waits for a connection before it is told that there is none.
const GET_TIMEOUT: Duration = Duration::from_secs(2);

/// READ COMMITTED, because a batch locks rows that may not exist and gap locks would make two
/// batches deadlock; strict mode, because a value that does not fit is an error and not a shorter
/// value; a short lock wait, because nobody is worth waiting 50 s for.
const SESSION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
    SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'; \
    SET SESSION innodb_lock_wait_timeout = 5;";

#[derive(Debug)]
struct Session;

impl CustomizeConnection<MysqlConnection, r2d2::Error> for Session {
    fn on_acquire(&self, connection: &mut MysqlConnection) -> Result<(), r2d2::Error> {
        connection.batch_execute(SESSION).map_err(r2d2::Error::QueryError)
    }
}

impl Pool {
    /// A pool of at most `size` connections to `url` (`mysql://user:password@host:port/schema`).
    /// Connects when the first connection is asked for, so a database that is down at start is no
    /// error here.
    #[must_use]
    pub fn new(url: &str, size: u32) -> Pool {
        let pool = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(GET_TIMEOUT)
            .test_on_check_out(true)
            .connection_customizer(Box::new(Session))
            .build_unchecked(ConnectionManager::new(url));
        Pool(pool)
    }

    /// A connection, within 2 s. Blocks: call it on a thread that may block.
    ///
    /// # Errors
    /// [`StoreError::Pool`] when the database does not answer or all connections are in use.
    pub fn get(&self) -> Result<Connection, StoreError> {
        self.0.get().map_err(|error| StoreError::Pool(error.to_string()))
    }
}
