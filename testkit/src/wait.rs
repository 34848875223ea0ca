//! Waiting for what another program does and does not say: a row, a page, a file.
//!
//! Where a program says it, wait for its line instead: [`Program::wait_for_line`](crate::Program::wait_for_line),
//! [`Program::wait_for_log`](crate::Program::wait_for_log).
#![expect(clippy::panic, reason = "made for tests: what does not come fails the test")]

use std::fmt::Display;
use std::time::{Duration, Instant};

/// How long a test waits for what takes milliseconds, on a machine that is busy.
pub const WAIT_LIMIT: Duration = Duration::from_secs(60);

/// How often it is looked at.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks until it is so, at most for [`WAIT_LIMIT`].
///
/// # Panics
/// It did not become so.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    until_ok(what, || if holds() { Ok(()) } else { Err("it is not so") });
}

/// Looks until there is a value, at most for [`WAIT_LIMIT`].
///
/// # Panics
/// There was none; the message holds the last error.
#[track_caller]
pub fn until_ok<T, E: Display>(what: &str, look: impl FnMut() -> Result<T, E>) -> T {
    match poll(WAIT_LIMIT, look) {
        Ok(found) => found,
        Err(error) => panic!("did not come within {WAIT_LIMIT:?}: {what}\n{error}"),
    }
}

/// The same as [`until`] between other tasks.
///
/// # Panics
/// It did not become so.
pub async fn until_async(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < WAIT_LIMIT, "did not come within {WAIT_LIMIT:?}: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks until there is a value or the time is over.
///
/// # Errors
/// The last error.
pub fn poll<T, E>(limit: Duration, mut look: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let since = Instant::now();
    loop {
        match look() {
            Err(_) if since.elapsed() < limit => std::thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
}
