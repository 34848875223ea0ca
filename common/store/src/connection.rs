//! The pool of connections.

mod address;
mod diagnostics;
mod driver;
mod manager;
mod mysql;
mod outage;
mod server_error;
mod settings;
mod tls;

use std::fmt;
use std::time::Duration;

use diesel::r2d2;

pub use self::address::UrlError;
pub use self::manager::{ConnectError, Manager};
pub use self::mysql::MysqlConnection;
pub use self::settings::{DatabaseSettings, Tls};
use crate::StoreError;

/// A pool of connections with the session settings that the statements of this crate rely on.
#[derive(Clone)]
pub struct Pool {
    connections: r2d2::Pool<Manager>,
    manager: Manager,
}

/// A connection from the pool.
pub type Connection = r2d2::PooledConnection<Manager>;

/// How long a caller waits for a connection before it is told that there is none.
const GET_TIMEOUT: Duration = Duration::from_secs(2);

impl Pool {
    /// A pool of at most `size` connections. Connects when the first connection is asked for, so a
    /// database that is down at start is no error here.
    #[must_use]
    pub fn new(settings: impl Into<DatabaseSettings>, size: u32) -> Pool {
        let manager = Manager::new(&settings.into());
        let connections = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(GET_TIMEOUT)
            .test_on_check_out(true)
            // The manager says it, once an outage.
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build_unchecked(manager.clone());
        Pool { connections, manager }
    }

    /// A connection, within 2 s. Blocks: call it on a thread that may block.
    ///
    /// # Errors
    /// [`StoreError::Pool`] when the database does not answer or all connections are in use.
    pub fn get(&self) -> Result<Connection, StoreError> {
        self.connections.get().map_err(|_| {
            StoreError::Pool(
                self.manager
                    .outage()
                    .unwrap_or_else(|| format!("none was free within {} s", GET_TIMEOUT.as_secs())),
            )
        })
    }
}

/// One connection, tried once: for whoever can do without a database that is away.
///
/// # Errors
/// [`StoreError::Pool`] when the database does not answer.
pub fn connect_once(settings: impl Into<DatabaseSettings>) -> Result<MysqlConnection, StoreError> {
    let manager = Manager::new(&settings.into());
    r2d2::ManageConnection::connect(&manager).map_err(|error| StoreError::Pool(error.to_string()))
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}
