//! The retention sweeper: once a day one of the workers removes old rows, as `ops prune` does.

use std::collections::VecDeque;
use std::time::Duration;

use metrics::counter;
use service::metric;
use store::MysqlConnection;
use store::prune::{self, PruneStep, PrunedTable, Walk};
use tracing::info;

use crate::batch::BatchError;
use crate::context::WorkerContext;
use crate::message::MAX_RECEIPT_AGE;
use crate::sweepers::Sweeper;

/// The pause between two looks whether a sweep is due.
const INTERVAL: Duration = Duration::from_secs(60);

/// From the beginning of a sweep to that of the next one.
const DAY: Duration = Duration::from_hours(24);

/// The pause between two steps: lanes come first.
const PAUSE: Duration = Duration::from_millis(100);

// The inbox proves when a message was received that says more than that.
const _: () =
    assert!(config::SHORTEST_RETENTION.as_secs() >= MAX_RECEIPT_AGE.num_seconds().unsigned_abs());

/// A sweep under way.
#[derive(Default)]
struct Sweep {
    /// The tables that are left, the one that is walked over first.
    walks: VecDeque<(PrunedTable, Walk)>,
    rows: usize,
}

/// Sweeps until the worker stops.
pub(crate) async fn run(context: WorkerContext) {
    let mut sweeper = Sweeper::new("the retention sweeper", &context);
    let mut sweep = Sweep::default();
    while sweeper.wait().await {
        let mut left = std::mem::take(&mut sweep);
        let step = move |context: &WorkerContext| {
            let stepped = left.step(context);
            Ok((left, stepped))
        };
        // A step that failed is repeated.
        let swept = sweeper.call(step).await.and_then(|(left, stepped)| {
            sweep = left;
            Ok(stepped?)
        });
        sweeper.ended(swept);
    }
}

impl Sweep {
    /// One step, or the look whether a sweep is due. Returns the pause after it.
    fn step(&mut self, context: &WorkerContext) -> Result<Duration, BatchError> {
        let mut connection = context.pool.get()?;
        let Some((table, walk)) = self.walks.front_mut() else {
            return self.begin(context, &mut connection);
        };
        if let Some(PruneStep { rows, .. }) = walk.remove(&mut connection)? {
            self.rows += rows;
            counter!(metric::WORKER_PRUNED_ROWS, "table" => table.name())
                .increment(u64::try_from(rows).unwrap_or(0));
            return Ok(PAUSE);
        }
        self.walks.pop_front();
        if self.walks.is_empty() {
            info!(rows = self.rows, "old rows were removed");
        }
        Ok(PAUSE)
    }

    /// Begins the sweep of this day, where no worker has.
    fn begin(
        &mut self,
        context: &WorkerContext,
        connection: &mut MysqlConnection,
    ) -> Result<Duration, BatchError> {
        if !prune::begin_sweep(connection, DAY)? {
            return Ok(INTERVAL);
        }
        let before = prune::old_before(connection, context.config.retention.older_than)?;
        let walks = PrunedTable::ALL.map(|table| (table, Walk::new(table, before)));
        *self = Sweep { walks: walks.into(), rows: 0 };
        Ok(PAUSE)
    }
}
