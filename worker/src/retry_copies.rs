//! The books of what waits in the retry tiers (table `retry_copy`), and the watch that tells what does
//! not come back.
//!
//! A tier whose target takes nothing keeps its messages, and over AMQP nobody sees them: they are not
//! ready. So a batch writes down each copy that it sends into a tier, and removes the line when the copy
//! is back, in the transaction that decides about it. What is long overdue is stuck or lost.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::gauge;
use queue::Received;
use queue::topology::RetryTier;
use store::retry_copy::{self, CopyKey, NewCopy};
use store::{MysqlConnection, StoreError};
use tracing::{error, info};

use crate::batch::BatchError;
use crate::incoming::Incoming;
use crate::processing::Processing;
use crate::sweeper::Sweeper;
use crate::verdict::Verdict;

/// How long after its time a copy is overdue, in seconds: it may wait in the work queue, too.
pub const OVERDUE_AFTER: i32 = 60;

/// The pause between two looks.
const INTERVAL: Duration = Duration::from_secs(5);

/// Books a batch: what came back from a tier, and what goes into one.
pub(crate) fn book<'a>(
    connection: &mut MysqlConnection,
    judged: impl Iterator<Item = (&'a Incoming, &'a Verdict)>,
) -> Result<(), StoreError> {
    let (mut back, mut away) = (Vec::new(), Vec::new());
    for (incoming, verdict) in judged {
        if matches!(verdict, Verdict::Locked | Verdict::Held) {
            continue;
        }
        if incoming.attempt > 0 {
            back.push(CopyKey { message_id: &incoming.message_id, attempt: incoming.attempt });
        }
        let waits = matches!(verdict, Verdict::NotYet | Verdict::Refused(_));
        if let (true, Some(tier)) = (waits, RetryTier::after(incoming.attempt)) {
            away.push(NewCopy {
                key: CopyKey {
                    message_id: &incoming.message_id,
                    attempt: incoming.attempt.saturating_add(1),
                },
                tier: tier.name(),
                seconds: tier.delay().as_secs(),
                merchant: &incoming.identity.merchant,
                order_id: incoming.order_id(),
                first_seen: Some(incoming.received_at),
            });
        }
    }
    back.sort();
    back.dedup();
    away.sort_by_key(|copy| copy.key);
    away.dedup_by_key(|copy| copy.key);
    retry_copy::delete(connection, &back)?;
    retry_copy::insert(connection, &away)
}

/// Of these messages no copy went into a tier: the broker took none.
pub(crate) fn unbook(
    connection: &mut MysqlConnection,
    held: &[&Incoming],
) -> Result<(), StoreError> {
    let mut keys: Vec<CopyKey<'_>> = held
        .iter()
        .map(|incoming| CopyKey {
            message_id: &incoming.message_id,
            attempt: incoming.attempt.saturating_add(1),
        })
        .collect();
    keys.sort();
    keys.dedup();
    retry_copy::delete(connection, &keys)
}

/// A message that came back, and of which nothing can be read.
pub(crate) fn came_back(processing: &Processing, message: &Received) -> Result<(), BatchError> {
    let attempt = message.headers.attempt;
    if attempt == 0 {
        return Ok(());
    }
    let mut connection = processing.pool.get()?;
    let key = CopyKey { message_id: &message.message_id, attempt };
    Ok(retry_copy::delete(&mut connection, &[key])?)
}

/// Watches until the worker stops.
pub(crate) async fn watch(processing: Processing) {
    let mut sweeper = Sweeper::new("the watch of the retry tiers", &processing);
    let mut overdue = BTreeMap::new();
    while sweeper.turn().await {
        let looked = sweeper
            .call(|processing| {
                let mut connection = processing.pool.get()?;
                Ok(retry_copy::by_tier(&mut connection, OVERDUE_AFTER)?)
            })
            .await;
        sweeper.ended(looked.map(|tiers| {
            for tier in RetryTier::ALL {
                let told = tiers.iter().find(|told| told.tier == tier.name());
                let count = told.map_or(0, |told| told.overdue);
                report(tier, count, overdue.insert(tier.name(), count).unwrap_or(0));
                let age = told
                    .and_then(|told| told.oldest_overdue)
                    .map_or(0, |oldest| (chrono::Utc::now() - oldest.0).num_seconds().max(0));
                gauge!("worker_oldest_overdue_retry_seconds", "tier" => tier.name())
                    .set(as_metric(age));
            }
            INTERVAL
        }));
    }
}

fn report(tier: RetryTier, count: i64, before: i64) {
    gauge!("worker_overdue_retries", "tier" => tier.name()).set(as_metric(count));
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

pub(crate) fn as_metric(number: i64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
