//! Makes the pool's connections, and throws away those that are of no use any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::sql_types::Text;
use diesel::{QueryResult, RunQueryDsl, select};
use diesel_async::AsyncMysqlConnection;
use mysql_async::{Conn, DriverError, IoError, OptsBuilder};
use tokio::time::timeout;
use tracing::{debug, warn};

use super::address::{Address, UrlError};
use super::driver::Driver;
use super::outage::Outage;
use super::{DatabaseSettings, MysqlConnection, Tls, tls};

/// How long connecting may take: the network, TLS, the log-in and the session's settings.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an idle connection may take to show that it lives, before another is made.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// READ COMMITTED, because a batch locks rows that may not exist and gap locks would make two
/// batches deadlock; strict mode, because a value that does not fit is an error and not a shorter
/// value; short waits for locks of rows and of tables (the latter behind an `ALTER TABLE`), because
/// nobody is worth waiting 50 s for, or a day; autocommit, whatever the server's own setting is, because what
/// is counted outside of a transaction must be there after a crash; all rows of an answer, likewise.
const SESSION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
    SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'; \
    SET SESSION autocommit = 1, sql_select_limit = 18446744073709551615, \
    innodb_lock_wait_timeout = 5, lock_wait_timeout = 5;";

/// Errors are told apart by number; people read them in dead letters and logs, and search for them.
const ENGLISH: &str = "SET SESSION lc_messages = 'en_US'";

/// Makes connections with the session settings that the statements of this crate rely on.
#[derive(Debug, Clone)]
pub struct Manager(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: Result<Address, UrlError>,
    timeout: Option<Duration>,
    /// This server has no TLS; where that may be.
    plain: AtomicBool,
    /// Counts up when a server turns out not to be the primary: what was connected before is of no
    /// use, and the name may lead elsewhere now.
    generation: AtomicU64,
    outage: Outage,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL cannot be used.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The server cannot be reached, or the line to it broke.
    #[error("{label}: {reason}")]
    Unreachable {
        /// Host, port and user.
        label: String,
        /// What the driver said.
        reason: String,
    },
    /// The server is there and refuses.
    #[error("{label}: {reason}{}", hint(*number, *encrypted))]
    Refused {
        /// Host, port and user.
        label: String,
        /// The server's error number.
        number: u16,
        /// The server's words.
        reason: String,
        /// Whether the line may be encrypted.
        encrypted: bool,
    },
    /// TLS is required and the server has none.
    #[error("{label}: the server offers no TLS, and database.tls is \"required\"")]
    NoTls {
        /// Host, port and user.
        label: String,
    },
    /// The certificate is not one that is trusted, or not for this host.
    #[error("{label}: {reason}")]
    Tls {
        /// Host, port and user.
        label: String,
        /// What is wrong, and what to do about it.
        reason: String,
    },
    /// There was no answer within 5 s.
    #[error("{label}: no answer within {} s", CONNECT_TIMEOUT.as_secs())]
    Timeout {
        /// Host, port and user.
        label: String,
    },
    /// Nothing can be waited for here.
    #[error("cannot wait for an answer: {0}")]
    Runtime(#[from] std::io::Error),
    /// The session's settings were refused.
    #[error("{label}: the session's settings were refused: {reason}")]
    Session {
        /// Host, port and user.
        label: String,
        /// The server's words.
        reason: String,
    },
    /// It was connected to a server that is not the primary any more.
    #[error("the server was not the primary")]
    NotPrimary,
    /// It was lost while it was idle.
    #[error("the connection was lost: {0}")]
    Lost(String),
}

/// What to do about a refusal at the door.
fn hint(number: u16, encrypted: bool) -> &'static str {
    match number {
        // MariaDB says the same of a line that it wants to be encrypted.
        1045 | 1698 if !encrypted => {
            " (user or password is wrong, or the server wants TLS: set database.tls = \"required\" and \
             database.ca_file; characters such as @ : / # % in user and password are percent-encoded in \
             the URL)"
        }
        1045 | 1698 => {
            " (user or password is wrong; characters such as @ : / # % in them are percent-encoded in the URL)"
        }
        1049 => " (create the schema first: CREATE DATABASE … CHARACTER SET utf8mb4)",
        1040 | 1203 | 1226 => " (raise the limit of connections, or run fewer lanes)",
        3159 => " (set database.tls = \"required\" and database.ca_file)",
        _ => "",
    }
}

impl Manager {
    pub(super) fn new(settings: &DatabaseSettings) -> Manager {
        Manager(Arc::new(Inner {
            address: Address::read(settings),
            timeout: settings.timeout,
            plain: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            outage: Outage::default(),
        }))
    }

    /// What is wrong with the database, where the last attempt to connect failed.
    pub(super) fn outage(&self) -> Option<String> {
        self.0.outage.reason()
    }

    /// A connection with the session's settings, or the reason why not.
    pub(super) fn connect_once(&self) -> Result<MysqlConnection, ConnectError> {
        let address = self.0.address.as_ref().map_err(UrlError::clone)?;
        let generation = self.0.generation.load(Ordering::Relaxed);
        let driver = Driver::connect(|| self.log_in(address))?;
        let mut connection = MysqlConnection::new(driver, Some(CONNECT_TIMEOUT), generation);
        self.set_session(&mut connection).map_err(|error| ConnectError::Session {
            label: address.label().to_owned(),
            reason: error.to_string(),
        })?;
        connection.set_limit(self.0.timeout);
        Ok(connection)
    }

    async fn log_in(&self, address: &Address) -> Result<AsyncMysqlConnection, ConnectError> {
        let label = || address.label().to_owned();
        let encrypted = match address.tls() {
            Tls::Off => false,
            Tls::Preferred => !self.0.plain.load(Ordering::Relaxed),
            Tls::Required => true,
        };
        let connect = async {
            if encrypted {
                match open(address.encrypted()).await {
                    Err(mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer))
                        if address.tls() == Tls::Preferred => {}
                    other => return other,
                }
                if !self.0.plain.swap(true, Ordering::Relaxed) && !address.is_loopback() {
                    warn!(
                        database = address.label(),
                        "the server offers no TLS: the line to the database is in plain text \
                         (database.tls = \"required\" refuses that, \"off\" says that it is meant)"
                    );
                }
            }
            open(address.plain()).await
        };
        let connected = timeout(CONNECT_TIMEOUT, connect).await;
        match connected.map_err(|_| ConnectError::Timeout { label: label() })? {
            Ok(connection) => AsyncMysqlConnection::try_from(connection).await.map_err(|error| {
                ConnectError::Session { label: label(), reason: error.to_string() }
            }),
            Err(error) => Err(explain(label(), encrypted, error)),
        }
    }

    fn set_session(&self, connection: &mut MysqlConnection) -> QueryResult<()> {
        connection.batch_execute(SESSION)?;
        if let Err(error) = connection.batch_execute(ENGLISH) {
            debug!(%error, "this server keeps its language");
        }
        if let Some(limit) = self.0.timeout {
            limit_statements(connection, limit / 3)?;
        }
        Ok(())
    }
}

async fn open(options: OptsBuilder) -> Result<Conn, mysql_async::Error> {
    Conn::new(options).await
}

fn explain(label: String, encrypted: bool, error: mysql_async::Error) -> ConnectError {
    match error {
        mysql_async::Error::Server(error) => {
            ConnectError::Refused { label, number: error.code, reason: error.message, encrypted }
        }
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            ConnectError::NoTls { label }
        }
        mysql_async::Error::Io(IoError::Tls(error)) => {
            ConnectError::Tls { label, reason: format!("TLS cannot be set up: {error}") }
        }
        mysql_async::Error::Io(IoError::Io(error)) => match tls::explain(&error) {
            Some(reason) => ConnectError::Tls { label, reason },
            None => ConnectError::Unreachable { label, reason: error.to_string() },
        },
        error => ConnectError::Unreachable { label, reason: error.to_string() },
    }
}

impl ManageConnection for Manager {
    type Connection = MysqlConnection;
    type Error = ConnectError;

    fn connect(&self) -> Result<MysqlConnection, ConnectError> {
        let connected = self.connect_once();
        match &connected {
            Ok(_) => self.0.outage.ended(),
            Err(error) => self.0.outage.goes_on(error),
        }
        connected
    }

    fn is_valid(&self, connection: &mut MysqlConnection) -> Result<(), ConnectError> {
        if connection.generation() != self.0.generation.load(Ordering::Relaxed) {
            return Err(ConnectError::NotPrimary);
        }
        connection.set_limit(Some(PING_TIMEOUT));
        let alive = connection.ping().map_err(|error| ConnectError::Lost(error.to_string()));
        connection.set_limit(self.0.timeout);
        alive
    }

    fn has_broken(&self, connection: &mut MysqlConnection) -> bool {
        if connection.is_not_primary() {
            let _ = self.0.generation.compare_exchange(
                connection.generation(),
                connection.generation() + 1,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            return true;
        }
        connection.is_lost()
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
