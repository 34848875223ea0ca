//! What waits, as gauges for monitoring: with this worker, in its pool of connections, and in the database.

use std::time::Duration;

use chrono::TimeDelta;
use metrics::gauge;
use order::{PauseScope, VariantArray as _};
use service::metric;
use store::counts::{self, Waiting};
use store::paused_message::{self, PauseCount};

use crate::batch::BatchError;
use crate::context::WorkerContext;
use crate::sweepers::{Sweeper, as_metric};

/// The pause between two looks: a scrape comes every 15 s or so.
const PAUSE: Duration = Duration::from_secs(5);

/// Sets them until the worker stops.
pub(crate) async fn run(context: WorkerContext) {
    let mut sweeper = Sweeper::new("counting what waits", &context);
    while sweeper.wait().await {
        let (_, longest) = context.health.unfinished();
        gauge!(metric::WORKER_OLDEST_MESSAGE).set(longest.as_secs_f64());
        let (connections, idle) = context.pool.sizes();
        for (state, count) in [("idle", idle), ("used", connections.saturating_sub(idle))] {
            gauge!(metric::WORKER_DATABASE_CONNECTIONS, "state" => state).set(f64::from(count));
        }
        let counted = sweeper.call(|context| {
            let mut connection = context.pool.get()?;
            let paused = paused_message::counts(&mut connection)?;
            Ok::<_, BatchError>((counts::waiting(&mut connection)?, paused))
        });
        sweeper.ended(counted.await.map(|(waiting, paused)| {
            report(&waiting);
            report_paused(&paused);
            PAUSE
        }));
    }
}

fn report(waiting: &Waiting) {
    let age = |since| seconds(waiting.now - since);
    let reviews = &waiting.open_reviews;
    gauge!(metric::WORKER_OPEN_REVIEWS).set(as_metric(reviews.count));
    let oldest = reviews.oldest.map_or(0.0, |since| age(since.0));
    gauge!(metric::WORKER_OLDEST_OPEN_REVIEW).set(oldest);
    gauge!(metric::WORKER_OLDEST_EVENT).set(waiting.oldest_event.map_or(0.0, age));
}

fn report_paused(counts: &[PauseCount]) {
    for scope in PauseScope::VARIANTS {
        let of_scope = counts.iter().filter(|count| count.scope == *scope);
        let messages = of_scope.map(|count| count.messages).sum();
        gauge!(metric::WORKER_PAUSED_MESSAGES, "scope" => scope.as_str()).set(as_metric(messages));
    }
}

fn seconds(age: TimeDelta) -> f64 {
    age.to_std().unwrap_or_default().as_secs_f64()
}
