//! Makes the pool's connections, and knows since when.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::mysql::MysqlConnection;
use diesel::r2d2::{self, ConnectionManager, ManageConnection};
use diesel::sql_types::Text;
use diesel::{QueryResult, RunQueryDsl, select};
use tracing::debug;

/// READ COMMITTED, because a batch locks rows that may not exist and gap locks would make two
/// batches deadlock; strict mode, because a value that does not fit is an error and not a shorter
/// value; a short lock wait, because nobody is worth waiting 50 s for.
const SESSION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
    SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'; \
    SET SESSION innodb_lock_wait_timeout = 5;";

/// Makes connections with the session settings that the statements of this crate rely on.
#[derive(Debug)]
pub struct Manager {
    connections: ConnectionManager<MysqlConnection>,
    statement_limit: Option<Duration>,
    connecting: Connecting,
}

/// The connections that are being made. A server that accepts and says nothing keeps the client
/// library waiting for ever, on threads of the pool where nobody sees it.
#[derive(Debug, Clone, Default)]
pub(super) struct Connecting(Arc<Mutex<BTreeMap<u64, Instant>>>);

impl Connecting {
    /// How long the oldest has been under way; none when none is.
    pub(super) fn longest(&self) -> Option<Duration> {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.values().min().map(Instant::elapsed)
    }

    fn begin(&self) -> Begun<'_> {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = begun.last_key_value().map_or(0, |(last, _)| last + 1);
        begun.insert(number, Instant::now());
        Begun(self, number)
    }
}

struct Begun<'a>(&'a Connecting, u64);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl Manager {
    pub(super) fn new(url: &str, statement_limit: Option<Duration>) -> (Manager, Connecting) {
        let connecting = Connecting::default();
        let connections = ConnectionManager::new(url);
        let manager = Manager { connections, statement_limit, connecting: connecting.clone() };
        (manager, connecting)
    }
}

impl ManageConnection for Manager {
    type Connection = MysqlConnection;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<MysqlConnection, r2d2::Error> {
        let _begun = self.connecting.begin();
        let mut connection = self.connections.connect()?;
        connection.batch_execute(SESSION).map_err(r2d2::Error::QueryError)?;
        if let Some(limit) = self.statement_limit {
            limit_statements(&mut connection, limit).map_err(r2d2::Error::QueryError)?;
        }
        Ok(connection)
    }

    fn is_valid(&self, connection: &mut MysqlConnection) -> Result<(), r2d2::Error> {
        self.connections.is_valid(connection)
    }

    fn has_broken(&self, connection: &mut MysqlConnection) -> bool {
        self.connections.has_broken(connection)
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

#[cfg(test)]
mod tests {
    use std::thread::sleep;
    use std::time::Duration;

    use super::Connecting;

    #[test]
    fn the_oldest_counts_until_it_is_over() {
        let connecting = Connecting::default();
        assert_eq!(connecting.longest(), None);
        let first = connecting.begin();
        sleep(Duration::from_millis(20));
        let second = connecting.begin();
        assert!(connecting.longest() >= Some(Duration::from_millis(20)));
        drop(first);
        assert!(connecting.longest() < Some(Duration::from_millis(20)));
        drop(second);
        assert_eq!(connecting.longest(), None);
    }
}
