//! The watch of the retry tiers: reports copies that do not come back. What is long overdue is stuck or lost.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::gauge;
use queue::topology::RetryTier;
use service::metric;
use store::retry_copy;
use tracing::{error, info};

use super::{Sweeper, as_metric};
use crate::context::WorkerContext;

/// The pause between two looks.
const INTERVAL: Duration = Duration::from_secs(5);

/// Watches until the worker stops.
pub(crate) async fn run(context: WorkerContext) {
    let mut sweeper = Sweeper::new("the watch of the retry tiers", &context);
    let mut overdue = BTreeMap::new();
    while sweeper.wait().await {
        let looked = sweeper
            .call(|context| {
                let mut connection = context.pool.get()?;
                Ok(retry_copy::by_tier(&mut connection)?)
            })
            .await;
        sweeper.ended(looked.map(|tiers| {
            for tier in RetryTier::ALL {
                let found = tiers.iter().find(|found| found.tier == tier.name());
                let count = found.map_or(0, |found| found.overdue);
                report(tier, count, overdue.insert(tier.name(), count).unwrap_or(0));
                let age = found
                    .and_then(|found| found.oldest_overdue)
                    .map_or(0, |oldest| (chrono::Utc::now() - oldest.0).num_seconds().max(0));
                gauge!(metric::WORKER_OLDEST_OVERDUE_RETRY, "tier" => tier.name())
                    .set(as_metric(age));
            }
            INTERVAL
        }));
    }
}

fn report(tier: RetryTier, count: i64, before: i64) {
    gauge!(metric::WORKER_OVERDUE_RETRIES, "tier" => tier.name()).set(as_metric(count));
    if count > 0 && before == 0 {
        error!(
            tier = tier.name(),
            messages = count,
            "messages do not come back from a retry tier: run `ops topology plan`, and `ops retries list`"
        );
    } else if count == 0 && before > 0 {
        info!(tier = tier.name(), "nothing is overdue in this retry tier any more");
    }
}
