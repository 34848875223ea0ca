//! Calls to the server with a limit of time, and errors with their numbers.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use diesel::QueryResult;
use diesel::connection::{CacheSize, Instrumentation, InstrumentationEvent};
use diesel::result::Error as DieselError;
use diesel_async::{AsyncConnection, AsyncMysqlConnection};
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{block_in_place, yield_now};
use tokio::time::timeout;

use super::diagnostics;
use super::server_error::ServerError;

/// How long the server may take to return an error's number, and to read `COM_QUIT`.
const ASIDE: Duration = Duration::from_secs(2);

/// How much of a statement's text is shown in an error.
const STATEMENT_NAME: usize = 120;

/// A connection of `mysql_async`, driven on the thread that calls.
pub(super) struct Driver {
    mysql: AsyncMysqlConnection,
    failed: FailedStatement,
    /// Of this connection alone: its input and output are polled by the thread that waits for an answer, so
    /// a call costs no switch between threads.
    runtime: Runtime,
}

/// Why a call has no result.
pub(super) enum CallError {
    /// The server refused; the connection can be used further.
    Refused(DieselError),
    /// The connection is lost, for this reason.
    Lost(String),
}

impl Driver {
    /// Drives what `connect` makes.
    ///
    /// # Errors
    /// What `connect` returns; no runtime can be made.
    pub(super) fn connect<E: From<std::io::Error>, F>(
        connect: impl FnOnce() -> F,
    ) -> Result<Driver, E>
    where
        F: Future<Output = Result<AsyncMysqlConnection, E>>,
    {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut mysql = match wait(&runtime, async { connect().await }) {
            Ok(mysql) => mysql,
            Err(error) => {
                // One of its threads may still be resolving a name; it is not waited for.
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let failed = FailedStatement::default();
        mysql.set_instrumentation(failed.clone());
        Ok(Driver { mysql, failed, runtime })
    }

    /// Makes one call and waits for its answer, at most `limit`.
    pub(super) fn call<'a, T, F>(
        &'a mut self,
        limit: Option<Duration>,
        call: impl FnOnce(&'a mut AsyncMysqlConnection) -> F,
    ) -> Result<T, Failed>
    where
        F: Future<Output = QueryResult<T>> + 'a,
    {
        let Driver { mysql, runtime, .. } = self;
        let answer = wait(runtime, async {
            match limit {
                Some(limit) => timeout(limit, call(mysql)).await.map_err(|_| Failed::Late(limit)),
                None => Ok(call(mysql).await),
            }
        })?;
        answer.map_err(Failed::Answered)
    }

    /// What is known of an error: its number, where the server said it.
    pub(super) fn explain(&mut self, failed: Failed) -> CallError {
        let (kind, message) = match failed {
            Failed::Late(limit) => {
                self.end_statement();
                let seconds = limit.as_secs_f64();
                return CallError::Lost(format!("no answer within {seconds} s"));
            }
            Failed::Answered(DieselError::DatabaseError(kind, information)) => {
                (kind, information.message().to_owned())
            }
            Failed::Answered(error) => return CallError::Refused(error),
        };
        let statement = self.failed.take();
        let Driver { mysql, runtime, .. } = self;
        match bounded(runtime, diagnostics::number_of(mysql, &message)) {
            Some(Ok(number)) => {
                CallError::Refused(ServerError::wrap(kind, &message, number, statement))
            }
            // A server that does not return the number is not reachable.
            Some(Err(_)) | None => {
                // mysql_async reports it twice.
                let message = message.trim_start_matches("Input/output error: ");
                CallError::Lost(message.to_owned())
            }
        }
    }

    pub(super) fn set_cache_size(&mut self, size: CacheSize) {
        self.mysql.set_prepared_statement_cache_size(size);
    }

    /// Asks the server, on a connection of its own, to end what runs on this one: a server that is only
    /// slow would continue and hold its locks. A server that does not answer is not waited for.
    fn end_statement(&self) {
        let cancel = self.mysql.cancel_token();
        let _ = bounded(&self.runtime, cancel.cancel_query());
    }

    /// Drops the connection without `COM_QUIT`, since nothing answers on it.
    pub(super) fn abandon(self) {
        let Driver { mysql, runtime, .. } = self;
        {
            // The `COM_QUIT` that the driver spawns here is never polled.
            let _here = runtime.enter();
            drop(mysql);
        }
        runtime.shutdown_background();
    }

    /// Sends `COM_QUIT`, so that the server does not log an aborted connection. On its own thread, since a
    /// connection may be dropped where blocking on a runtime is not allowed.
    pub(super) fn close(self) {
        let goodbye = std::thread::spawn(move || {
            let Driver { mysql, runtime, .. } = self;
            bounded(&runtime, async move {
                drop(mysql);
                // `COM_QUIT` is a task of this runtime: a write, and a shutdown of the socket.
                for _ in 0..8 {
                    yield_now().await;
                }
            });
            runtime.shutdown_background();
        });
        let _ = goodbye.join();
    }
}

/// The result, if it comes within [`ASIDE`].
fn bounded<T>(runtime: &Runtime, work: impl Future<Output = T>) -> Option<T> {
    // Inside, since a timer needs the runtime.
    wait(runtime, async { timeout(ASIDE, work).await.ok() })
}

/// Waits on this thread. Also inside a task of another runtime of several threads, whose other tasks go on
/// meanwhile; in one of a single thread it panics.
fn wait<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    block_in_place(|| runtime.block_on(work))
}

/// How a call failed, before its number is known.
pub(super) enum Failed {
    /// There was no answer in this time.
    Late(Duration),
    /// There was an answer, or the connection broke.
    Answered(DieselError),
}

/// The text of the statement that failed last.
#[derive(Clone, Default)]
struct FailedStatement(Arc<Mutex<Option<String>>>);

impl FailedStatement {
    fn take(&self) -> Option<String> {
        self.0.lock().take()
    }
}

impl Instrumentation for FailedStatement {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::FinishQuery { query, error: Some(_), .. } = event {
            let text = beginning_of(&query.to_string());
            *self.0.lock() = Some(text);
        }
    }
}

/// The first words of a statement, on one line and without its comments.
fn beginning_of(statement: &str) -> String {
    let lines = statement.lines().map(str::trim).filter(|line| !line.starts_with("--"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    words.join(" ").chars().take(STATEMENT_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::beginning_of;

    #[test]
    fn a_statement_is_named_by_its_first_words() {
        let statement = "-- why\nSELECT a,\n    b\n  -- and why\nFROM t";
        assert_eq!(beginning_of(statement), "SELECT a, b FROM t");
        assert_eq!(beginning_of(&"x".repeat(500)).len(), 120);
    }
}
