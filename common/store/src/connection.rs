//! The pool, and how every session is set up.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::mysql::MysqlConnection;
use diesel::r2d2::{self, ConnectionManager, CustomizeConnection};
use diesel::sql_types::Text;
use diesel::{QueryResult, RunQueryDsl, select};
use tracing::debug;

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
struct Session {
    statement_limit: Option<Duration>,
}

impl CustomizeConnection<MysqlConnection, r2d2::Error> for Session {
    fn on_acquire(&self, connection: &mut MysqlConnection) -> Result<(), r2d2::Error> {
        connection.batch_execute(SESSION).map_err(r2d2::Error::QueryError)?;
        if let Some(limit) = self.statement_limit {
            limit_statements(connection, limit).map_err(r2d2::Error::QueryError)?;
        }
        Ok(())
    }
}

/// Has the server end statements that take too long: any statement on MariaDB, `SELECT` alone on
/// MySQL, which knows no more. A server that knows neither is used without a limit.
fn limit_statements(connection: &mut MysqlConnection, limit: Duration) -> QueryResult<()> {
    let version: String = select(sql::<Text>("VERSION()")).get_result(connection)?;
    let milliseconds = limit.as_millis().max(1);
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let set = if version.contains("MariaDB") {
        format!("SET SESSION max_statement_time = {seconds}.{rest:03}")
    } else {
        format!("SET SESSION max_execution_time = {milliseconds}")
    };
    if let Err(error) = connection.batch_execute(&set) {
        debug!(version, %error, "this server does not limit the time of statements");
    }
    Ok(())
}

impl Pool {
    /// A pool of at most `size` connections to `url` (`mysql://user:password@host:port/schema`).
    /// Connects when the first connection is asked for, so a database that is down at start is no
    /// error here.
    #[must_use]
    pub fn new(url: &str, size: u32) -> Pool {
        Pool::build(url, size, None)
    }

    /// The same, whose statements the server ends when they take longer than `limit` (on MySQL:
    /// `SELECT` alone). It does not bound the time of a call when the server, or the line to it, is
    /// dead: nothing that diesel offers does, so a caller has to watch the clock itself.
    #[must_use]
    pub fn with_statement_limit(url: &str, size: u32, limit: Duration) -> Pool {
        Pool::build(url, size, Some(limit))
    }

    fn build(url: &str, size: u32, statement_limit: Option<Duration>) -> Pool {
        let pool = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(GET_TIMEOUT)
            .test_on_check_out(true)
            .connection_customizer(Box::new(Session { statement_limit }))
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
