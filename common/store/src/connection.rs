//! The pool of connections.

mod manager;

use std::fmt;
use std::time::Duration;

use diesel::r2d2;

use self::manager::Connecting;
pub use self::manager::Manager;
use crate::StoreError;

/// A pool of connections with the session settings that the statements of this crate rely on.
#[derive(Clone)]
pub struct Pool {
    connections: r2d2::Pool<Manager>,
    connecting: Connecting,
}

/// A connection from the pool.
pub type Connection = r2d2::PooledConnection<Manager>;

/// How long a caller waits for a connection before it is told that there is none.
const GET_TIMEOUT: Duration = Duration::from_secs(2);

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
        let (manager, connecting) = Manager::new(url, statement_limit);
        let connections = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(GET_TIMEOUT)
            .test_on_check_out(true)
            .build_unchecked(manager);
        Pool { connections, connecting }
    }

    /// A connection, within 2 s. Blocks: call it on a thread that may block.
    ///
    /// # Errors
    /// [`StoreError::Pool`] when the database does not answer or all connections are in use.
    pub fn get(&self) -> Result<Connection, StoreError> {
        self.connections.get().map_err(|error| StoreError::Pool(error.to_string()))
    }

    /// How long the oldest connection that is being made has been waited for; none when none is.
    /// Nothing bounds that time, and the pool makes three at once: when all of them are stuck, it
    /// makes no more.
    #[must_use]
    pub fn connecting(&self) -> Option<Duration> {
        self.connecting.longest()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}
