//! A connection that implements diesel's traits.

use std::time::Duration;

use diesel::QueryResult;
use diesel::connection::{
    AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, DynInstrumentation,
    Instrumentation, LoadConnection, SimpleConnection, TransactionManager,
};
use diesel::expression::QueryMetadata;
use diesel::mysql::Mysql;
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::r2d2::R2D2Connection;
use diesel::result::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncConnectionCore, AsyncMysqlConnection, SimpleAsyncConnection};
use futures_util::TryStreamExt;
use service::outage::Outage;

use super::driver::{CallError, Driver, Failed};
use super::server_error::ServerError;
use super::{DatabaseSettings, Manager};
use crate::error::number_of;
use crate::error_number::is_not_primary;
use crate::stock::cursor::StockCursors;

/// A connection to MySQL or MariaDB whose calls block, end within a limit of time, and whose errors
/// have the server's number (see [`StoreError::number`](crate::StoreError::number)).
///
/// Below it is `mysql_async`, by way of `diesel_async`: no C library, and TLS by rustls. It must not be
/// used in a task of a runtime that has one thread.
pub struct MysqlConnection {
    line: Line,
    transaction: AnsiTransactionManager,
    instrumentation: DynInstrumentation,
    limit: Option<Duration>,
    not_primary: bool,
    generation: u64,
    /// Where this connection looks for available codes.
    pub(crate) stock_cursors: StockCursors,
}

enum Line {
    Open(Driver),
    /// With the reason.
    Lost(String),
}

type Row = <AsyncMysqlConnection as AsyncConnectionCore>::Row<'static, 'static>;

impl MysqlConnection {
    pub(super) fn new(driver: Driver, limit: Option<Duration>, generation: u64) -> MysqlConnection {
        MysqlConnection {
            line: Line::Open(driver),
            transaction: AnsiTransactionManager::default(),
            instrumentation: DynInstrumentation::none(),
            limit,
            not_primary: false,
            generation,
            stock_cursors: StockCursors::default(),
        }
    }

    /// The longest time that one call waits for its answer.
    pub(super) fn set_limit(&mut self, limit: Option<Duration>) {
        self.limit = limit;
    }

    /// Which generation of the pool's connections it is of.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// It cannot be used any more.
    pub(super) fn is_lost(&mut self) -> bool {
        matches!(self.line, Line::Lost(_))
            || AnsiTransactionManager::is_broken_transaction_manager(self)
    }

    /// Why the connection ended, if it did. A server that was too slow for one call has ended it, too.
    pub(super) fn lost_because(&self) -> Option<&str> {
        match &self.line {
            Line::Open(_) => None,
            Line::Lost(reason) => Some(reason),
        }
    }

    /// The server reported that it is read-only: another one is the primary now.
    pub(super) fn is_not_primary(&self) -> bool {
        self.not_primary
    }

    fn call<T>(
        &mut self,
        call: impl for<'a> FnOnce(&'a mut Driver, Option<Duration>) -> Result<T, Failed>,
    ) -> QueryResult<T> {
        let driver = match &mut self.line {
            Line::Open(driver) => driver,
            // Again, since a transaction ends with the error of its rollback.
            Line::Lost(reason) => return Err(ServerError::lost(reason.as_str())),
        };
        let failed = match call(driver, self.limit) {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        match driver.explain(failed) {
            CallError::Refused(error) => {
                self.not_primary |= number_of(&error).is_some_and(is_not_primary);
                Err(error)
            }
            CallError::Lost(reason) => {
                let lost = Line::Lost(reason.clone());
                if let Line::Open(driver) = std::mem::replace(&mut self.line, lost) {
                    driver.abandon();
                }
                Err(ServerError::lost(reason))
            }
        }
    }
}

impl Drop for MysqlConnection {
    fn drop(&mut self) {
        let gone = Line::Lost(String::new());
        if let Line::Open(driver) = std::mem::replace(&mut self.line, gone) {
            driver.close();
        }
    }
}

impl SimpleConnection for MysqlConnection {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.call(|driver, limit| driver.call(limit, |mysql| mysql.batch_execute(query)))
    }
}

impl ConnectionSealed for MysqlConnection {}

impl Connection for MysqlConnection {
    type Backend = Mysql;
    type TransactionManager = AnsiTransactionManager;

    fn establish(database_url: &str) -> ConnectionResult<MysqlConnection> {
        let settings = DatabaseSettings::new(database_url);
        Manager::new(&settings, Outage::silent("the database"))
            .connect_once()
            .map_err(|error| ConnectionError::BadConnection(error.to_string()))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Mysql> + QueryId,
    {
        self.call(|driver, limit| driver.call(limit, |mysql| mysql.execute_returning_count(source)))
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transaction
    }

    /// Of transactions alone: statements are the driver's.
    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        &mut *self.instrumentation
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.instrumentation = instrumentation.into();
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        if let Line::Open(driver) = &mut self.line {
            driver.set_cache_size(size);
        }
    }
}

impl LoadConnection for MysqlConnection {
    type Cursor<'conn, 'query> = std::vec::IntoIter<QueryResult<Row>>;
    type Row<'conn, 'query> = Row;

    fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Mysql> + QueryId + 'query,
        Mysql: QueryMetadata<T::SqlType>,
    {
        // All rows at once: the limit of time is the whole answer's.
        let rows: Vec<Row> = self.call(|driver, limit| {
            driver.call(limit, |mysql| async move {
                let rows = mysql.load(source).await?;
                rows.try_collect().await
            })
        })?;
        Ok(rows.into_iter().map(Ok).collect::<Vec<QueryResult<Row>>>().into_iter())
    }
}

/// So that diesel accepts a connection of the pool.
impl R2D2Connection for MysqlConnection {
    fn ping(&mut self) -> QueryResult<()> {
        self.batch_execute("DO 0")
    }

    fn is_broken(&mut self) -> bool {
        self.is_lost()
    }
}
