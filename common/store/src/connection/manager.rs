//! Makes the pool's connections, and drops those that cannot be used any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::sql_types::Text;
use diesel::{QueryResult, RunQueryDsl, select};
use diesel_async::AsyncMysqlConnection;
use mysql_async::{Conn, DriverError, OptsBuilder};
use parking_lot::Mutex;
use service::outage::{Outage, OutageKind};
use tokio::time::timeout;
use tracing::{debug, warn};

use super::address::{DatabaseAddress, UrlError};
use super::connect_error::{ConnectError, ConnectProblem};
use super::driver::Driver;
use super::{CONNECT_TIMEOUT, DatabaseSettings, MysqlConnection, Tls};

/// A server that refuses this program is asked again after so long: wrong passwords in a row can lock an account
/// (MySQL's `FAILED_LOGIN_ATTEMPTS`) or a machine (`max_connect_errors`).
const REFUSED_PAUSE: Duration = Duration::from_secs(5);

/// How long an idle connection may take to answer a ping, before another one is made.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// READ COMMITTED, because a batch locks rows that may not exist and gap locks would make two
/// batches deadlock; strict mode, because a value that does not fit is an error and not a shorter
/// value; short waits for locks of rows and of tables (the latter behind an `ALTER TABLE`), because the
/// servers' defaults are 50 s and a day; autocommit, whatever the server's own setting is, because what
/// is counted outside of a transaction must be there after a crash; all rows of an answer, likewise.
const SESSION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
    SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'; \
    SET SESSION autocommit = 1, sql_select_limit = 18446744073709551615, \
    innodb_lock_wait_timeout = 5, lock_wait_timeout = 5;";

/// The programs tell errors apart by number; people read the text in dead letters and logs, and search for it.
const ENGLISH: &str = "SET SESSION lc_messages = 'en_US'";

/// Makes connections with the session settings that the statements of this crate rely on.
#[derive(Debug, Clone)]
pub struct Manager(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: Result<DatabaseAddress, UrlError>,
    timeout: Option<Duration>,
    /// This server has no TLS; where that may be.
    plain: AtomicBool,
    /// Counts up when a server turns out not to be the primary: earlier connections cannot be used, and
    /// the name may resolve to another server now.
    generation: AtomicU64,
    outage: Outage,
    /// When and how the server refused this program; none after it has accepted it.
    refused: Mutex<Option<(Instant, String)>>,
}

impl Manager {
    pub(super) fn new(settings: &DatabaseSettings, outage: Outage) -> Manager {
        Manager(Arc::new(Inner {
            address: DatabaseAddress::read(settings),
            timeout: settings.timeout,
            plain: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            outage,
            refused: Mutex::default(),
        }))
    }

    /// What is wrong with the database, where the last attempt to connect failed.
    pub(super) fn outage(&self) -> Option<(OutageKind, String)> {
        self.0.outage.state()
    }

    /// Host, port, user and who set the URL, for people.
    pub(super) fn label(&self) -> &str {
        self.0.address.as_ref().map_or("the database", DatabaseAddress::label)
    }

    /// The server's refusal of a moment ago.
    fn refused_before(&self) -> Option<ConnectError> {
        let refused = self.0.refused.lock();
        let (at, reason) = refused.as_ref()?;
        (at.elapsed() < REFUSED_PAUSE).then(|| ConnectError::RefusedBefore(reason.clone()))
    }

    fn note(&self, connected: &Result<MysqlConnection, ConnectError>) {
        let error = match connected {
            Ok(_) => {
                *self.0.refused.lock() = None;
                return self.0.outage.connected();
            }
            Err(error) => error,
        };
        let kind = error.kind();
        if kind == OutageKind::Refuses && !matches!(error, ConnectError::RefusedBefore(_)) {
            let refused = Some((Instant::now(), error.to_string()));
            *self.0.refused.lock() = refused;
        }
        self.0.outage.attempt_failed(kind, error);
    }

    /// A connection with the session's settings, or the reason why not.
    pub(super) fn connect_once(&self) -> Result<MysqlConnection, ConnectError> {
        let address = self.0.address.as_ref().map_err(UrlError::clone)?;
        let generation = self.0.generation.load(Ordering::Relaxed);
        let driver = Driver::connect(|| self.log_in(address))?;
        let mut connection = MysqlConnection::new(driver, Some(CONNECT_TIMEOUT), generation);
        self.set_session(&mut connection).map_err(|error| ConnectError::Attempt {
            label: address.label().to_owned(),
            problem: ConnectProblem::Session(error.to_string()),
        })?;
        connection.set_limit(self.0.timeout);
        Ok(connection)
    }

    /// A connection that was made while another attempt failed may be older than the outage: then it does not end the outage.
    fn checked(&self, mut connection: MysqlConnection) -> Result<MysqlConnection, ConnectError> {
        if self.outage().is_some() {
            self.is_valid(&mut connection)?;
        }
        Ok(connection)
    }

    async fn log_in(
        &self,
        address: &DatabaseAddress,
    ) -> Result<AsyncMysqlConnection, ConnectError> {
        let failed = |problem| ConnectError::Attempt { label: address.label().to_owned(), problem };
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
                        "the server offers no TLS: the connection to the database is in plain text \
                         (database.tls = \"required\" refuses that, \"off\" says that it is meant)"
                    );
                }
            }
            open(address.plain()).await
        };
        let connected = timeout(CONNECT_TIMEOUT, connect).await;
        match connected.map_err(|_| failed(ConnectProblem::Timeout))? {
            Ok(connection) => AsyncMysqlConnection::try_from(connection)
                .await
                .map_err(|error| failed(ConnectProblem::Session(error.to_string()))),
            Err(error) => Err(failed(ConnectProblem::of(address.tls() != Tls::Off, error))),
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

impl ManageConnection for Manager {
    type Connection = MysqlConnection;
    type Error = ConnectError;

    fn connect(&self) -> Result<MysqlConnection, ConnectError> {
        let connected = self
            .refused_before()
            .map_or_else(|| self.connect_once(), Err)
            .and_then(|connection| self.checked(connection));
        self.note(&connected);
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
        if let Some(reason) = connection.lost_because() {
            self.0.outage.connection_lost(&format_args!("{}: {reason}", self.label()));
        }
        connection.is_lost()
    }
}

/// Has the server end statements that take too long: any statement on MariaDB, `SELECT` alone on
/// MySQL, which supports no more. A server that supports neither is used without a limit.
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
