//! Calls to the database from asynchronous tasks.

use std::time::Duration;

use tracing::error;

use crate::processing::Processing;

/// How long a worker that stops waits for a call to the database.
const STOP_LIMIT: Duration = Duration::from_secs(7);

/// The lane stopped, lost its connection to the broker, or cannot go on, before the batch came to
/// its end. Its messages are not acknowledged and come again.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl Processing {
    /// Runs `call` on a thread that may block, and waits for its end. It ends: each statement does
    /// within `worker.database_timeout`. Only a worker that stops does not wait that long; what the
    /// call commits after that is not acknowledged, and is repeated without effect.
    pub(crate) async fn on_database<T: Send + 'static>(
        &self,
        what: &'static str,
        call: impl FnOnce(&Processing) -> T + Send + 'static,
    ) -> Result<T, Interrupted> {
        let this = self.clone();
        let mut task = tokio::task::spawn_blocking(move || call(&this));
        let stop = async {
            self.cancel.cancelled().await;
            tokio::time::sleep(STOP_LIMIT).await;
        };
        tokio::select! {
            biased;
            ended = &mut task => ended.map_err(|panic| {
                error!(error = %panic, what, "panicked; it is done again");
                Interrupted
            }),
            () = stop => Err(Interrupted),
        }
    }
}
