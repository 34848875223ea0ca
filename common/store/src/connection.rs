//! The pool of connections.

mod address;
mod connect_error;
mod diagnostics;
mod driver;
mod manager;
mod mysql;
mod server_error;
mod settings;
mod tls;

use std::fmt;
use std::time::{Duration, Instant};

use diesel::r2d2;
use service::outage::{Outage, OutageKind};

pub use self::address::UrlError;
pub use self::connect_error::{ConnectError, ConnectProblem};
pub use self::manager::Manager;
pub use self::mysql::MysqlConnection;
pub use self::settings::{DatabaseSettings, Tls};
use crate::{Result, StoreError};

/// A pool of connections with the session settings that the statements of this crate rely on.
#[derive(Clone)]
pub struct Pool {
    connections: r2d2::Pool<Manager>,
    manager: Manager,
}

/// A connection from the pool.
pub type Connection = r2d2::PooledConnection<Manager>;

/// How long connecting may take: the network, TLS, the log-in and the session's settings.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a caller waits for a connection before it is told that there is none.
const GET_TIMEOUT: Duration = Duration::from_secs(2);

/// How often a caller that waits looks whether the server refuses this program, which no waiting changes.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

impl Pool {
    /// A pool of at most `size` connections. Connects when the first connection is asked for, so a
    /// database that is down at the start is not an error here. The pool logs when the database becomes unreachable and when it answers again.
    pub fn new(settings: impl Into<DatabaseSettings>, size: u32) -> Pool {
        Pool::with(settings.into(), size, Outage::new("the database"))
    }

    /// The same for a program that prints the error itself: the pool logs nothing.
    pub fn silent(settings: impl Into<DatabaseSettings>, size: u32) -> Pool {
        Pool::with(settings.into(), size, Outage::silent("the database"))
    }

    fn with(settings: DatabaseSettings, size: u32, outage: Outage) -> Pool {
        let manager = Manager::new(&settings, outage);
        let connections = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(GET_TIMEOUT)
            .test_on_check_out(true)
            // The manager logs it, once per outage.
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build_unchecked(manager.clone());
        Pool { connections, manager }
    }

    /// A connection, within 2 s; no longer than it takes a server to refuse. Blocks: call it on a thread
    /// that may block.
    ///
    /// # Errors
    /// [`StoreError::Away`] and [`StoreError::Refused`]: there is no connection, and the pool has logged why;
    /// [`StoreError::Pool`] when all connections are in use.
    pub fn get(&self) -> Result<Connection> {
        let began = Instant::now();
        loop {
            if let Ok(connection) = self.connections.get_timeout(POLL_INTERVAL) {
                return Ok(connection);
            }
            match self.manager.outage() {
                Some((OutageKind::Refuses, reason)) => return Err(StoreError::Refused(reason)),
                _ if began.elapsed() < GET_TIMEOUT => {}
                Some((OutageKind::Away, reason)) => return Err(StoreError::Away(reason)),
                None => return Err(self.nothing_came()),
            }
        }
    }

    /// How many connections it has, and how many of them are idle.
    pub fn sizes(&self) -> (u32, u32) {
        let state = self.connections.state();
        (state.connections, state.idle_connections)
    }

    /// No connection was free, or one is still being made.
    fn nothing_came(&self) -> StoreError {
        let seconds = GET_TIMEOUT.as_secs();
        if self.connections.state().connections == 0 {
            return StoreError::Away(format!(
                "{}: no answer within {seconds} s: is that the port of MySQL or MariaDB, and does a firewall \
                 let it through?",
                self.manager.label()
            ));
        }
        StoreError::Pool(format!("none was free within {seconds} s"))
    }
}

/// One connection, tried once: for callers that can continue without the database.
///
/// # Errors
/// [`StoreError::Away`], [`StoreError::Refused`]. Nothing is logged.
pub fn connect_once(settings: impl Into<DatabaseSettings>) -> Result<MysqlConnection> {
    let manager = Manager::new(&settings.into(), Outage::silent("the database"));
    r2d2::ManageConnection::connect(&manager).map_err(|error| match error.kind() {
        OutageKind::Away => StoreError::Away(error.to_string()),
        OutageKind::Refuses => StoreError::Refused(error.to_string()),
    })
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}
