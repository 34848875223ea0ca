//! The line to the server: calls with a limit of time, and errors with their numbers.

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

/// How long the server may take to say what an error's number is, and to hear a good-bye.
const ASIDE: Duration = Duration::from_secs(2);

/// So much of a statement's text names it in an error.
const STATEMENT_NAME: usize = 120;

/// A connection of `mysql_async`, driven on the thread that calls.
pub(super) struct Driver {
    mysql: AsyncMysqlConnection,
    failed: FailedStatement,
    /// Of this connection alone: its input and output are polled by whoever waits for an answer, so
    /// a call costs no switch between threads.
    runtime: Runtime,
}

/// Why a call has no result.
pub(super) enum CallError {
    /// The server refused; the connection is good.
    Refused(DieselError),
    /// The connection is not, for this reason.
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
                // A name may still be looked up on one of its threads, for which nobody waits.
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
            // A server that is asked for a number and does not tell it is not there.
            Some(Err(_)) | None => {
                // mysql_async says it twice.
                let message = message.trim_start_matches("Input/output error: ");
                CallError::Lost(message.to_owned())
            }
        }
    }

    pub(super) fn set_cache_size(&mut self, size: CacheSize) {
        self.mysql.set_prepared_statement_cache_size(size);
    }

    /// Asks the server, on a connection of its own, to end what runs on this one: a server that is
    /// merely slow would go on and hold its locks. One that is silent is left alone.
    fn end_statement(&self) {
        let cancel = self.mysql.cancel_token();
        let _ = bounded(&self.runtime, cancel.cancel_query());
    }

    /// Leaves without a good-bye, as for a line that is silent.
    pub(super) fn abandon(self) {
        let Driver { mysql, runtime, .. } = self;
        {
            // The good-bye that the driver spawns here is never polled.
            let _here = runtime.enter();
            drop(mysql);
        }
        runtime.shutdown_background();
    }

    /// Says good-bye, so that the server's log has no "aborted connection". On a thread of its own:
    /// a connection may be dropped where nobody may block on a runtime.
    pub(super) fn close(self) {
        let goodbye = std::thread::spawn(move || {
            let Driver { mysql, runtime, .. } = self;
            bounded(&runtime, async move {
                drop(mysql);
                // The good-bye is a task of this runtime: a write, and a shutdown of the socket.
                for _ in 0..8 {
                    yield_now().await;
                }
            });
            runtime.shutdown_background();
        });
        let _ = goodbye.join();
    }
}

/// What comes of it within [`ASIDE`].
fn bounded<T>(runtime: &Runtime, work: impl Future<Output = T>) -> Option<T> {
    // Inside, since a timer needs the runtime.
    wait(runtime, async { timeout(ASIDE, work).await.ok() })
}

/// Waits on this thread. Also inside a task of another runtime of several threads, whose other tasks go on
/// meanwhile; in one of a single thread it panics.
fn wait<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    block_in_place(|| runtime.block_on(work))
}

/// How a call failed, before anything is known of it.
pub(super) enum Failed {
    /// There was no answer in this time.
    Late(Duration),
    /// There was one, or the line broke.
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
