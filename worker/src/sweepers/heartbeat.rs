//! The heartbeat: every few seconds a worker writes its clock, its load and its problems into a row of
//! `worker_heartbeat`. So even an idle worker notices that the database accepts no writes; clocks that disagree are
//! reported; and times that a wrong clock wrote are corrected once the clock is right.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use metrics::gauge;
use service::admin::Readiness;
use service::metric;
use service::outage::REMINDER;
use store::worker_heartbeat::{self, Heartbeat};
use store::{StoreError, clock};
use tracing::{info, warn};

use crate::batch::BatchError;
use crate::clocks::{ClockStep, disagree};
use crate::context::WorkerContext;
use crate::health::DatabaseUser;
use crate::sweepers::{self, Sweeper, Unswept};

/// The pause between two heartbeats that say the same.
const INTERVAL: Duration = Duration::from_secs(5);

/// A worker that has not been ready for so long reports a problem.
const TROUBLE_AFTER: Duration = Duration::from_secs(10);

/// Who this worker is.
#[derive(Debug, Clone)]
struct WorkerName {
    worker: String,
    host: String,
}

impl WorkerName {
    fn own() -> WorkerName {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let host = host.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
        let known = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let host: String = host.chars().filter(known).take(64).collect();
        let host = if host.is_empty() { "unknown".to_owned() } else { host };
        let worker = format!("{host}:{}:{}", std::process::id(), Utc::now().timestamp_micros());
        WorkerName { worker, host }
    }
}

/// One look at the database's clock.
struct ClockReading {
    /// What it showed.
    database: DateTime<Utc>,
    /// By how much it was ahead of this worker's.
    ahead: TimeDelta,
    at: Instant,
}

/// Why `/readyz` answers 503, and for how long: reconnecting alone is not a problem.
#[derive(Debug, Default)]
struct NotReadySince(Option<(Instant, String)>);

impl NotReadySince {
    /// Updates the state. Returns what to report now.
    fn update(&mut self, now: Readiness) -> Option<String> {
        self.0 = match (now, self.0.take()) {
            (Readiness::Ready, _) => None,
            (Readiness::NotReady(why), Some((since, _))) => Some((since, why)),
            (Readiness::NotReady(why), None) => Some((Instant::now(), why)),
        };
        self.0
            .as_ref()
            .filter(|(since, _)| since.elapsed() >= TROUBLE_AFTER)
            .map(|(_, why)| why.clone())
    }
}

/// Beats until the worker stops. `readiness` is what `/readyz` says.
pub(crate) async fn run(context: WorkerContext, readiness: impl Fn() -> Readiness + Send) {
    let name = WorkerName::own();
    let mut sweeper = Sweeper::new("the heartbeat", &context);
    let (mut step, mut is_new, mut reported_at) = (ClockStep::default(), true, None);
    let (mut trouble, mut latest) = (NotReadySince::default(), None::<(Instant, Option<String>)>);
    loop {
        let why = trouble.update(readiness());
        let is_due = latest
            .as_ref()
            .is_none_or(|(at, reported)| at.elapsed() >= INTERVAL || *reported != why);
        if is_due {
            let (own, reason) = (name.clone(), why.clone());
            let beat = sweeper
                .call(move |context| Ok(beat(context, &own, reason.as_deref(), is_new)?))
                .await;
            match &beat {
                Ok(look) => {
                    context.health.database_writes();
                    report_clocks(&context, look, &mut reported_at);
                    if step.has_gone_back(look.database, look.at) || is_new {
                        correct_times_ahead(&context, &sweeper).await;
                    }
                    is_new = false;
                    latest = Some((Instant::now(), why));
                }
                Err(Unswept::Failed(BatchError::Store(error))) => {
                    context.health.database_fails(DatabaseUser::Heartbeat, error);
                }
                Err(Unswept::Failed(BatchError::Publish(_)) | Unswept::Interrupted) => {}
            }
            sweeper.ended(beat.map(|_| sweepers::INTERVAL));
        }
        if !sweeper.wait().await {
            break;
        }
    }
    let gone = context.on_database("saying good-bye", move |this| {
        let mut connection = this.pool.get()?;
        worker_heartbeat::remove(&mut connection, &name.worker)
    });
    // If this fails, another worker removes the row later.
    let _ = gone.await;
}

fn beat(
    context: &WorkerContext,
    name: &WorkerName,
    trouble: Option<&str>,
    is_new: bool,
) -> Result<ClockReading, StoreError> {
    let mut connection = context.pool.get()?;
    let asked = Utc::now();
    let database = clock::now(&mut connection)?;
    let at = Instant::now();
    let ahead = database - (asked + (Utc::now() - asked) / 2);
    if is_new {
        worker_heartbeat::remove_gone(&mut connection, &name.host)?;
    }
    let health = &context.health;
    let (messages, busy) = health.unfinished();
    let number = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let heartbeat = Heartbeat {
        worker: &name.worker,
        host: &name.host,
        version: env!("CARGO_PKG_VERSION"),
        worker_time: Utc::now(),
        message_ahead_ms: health.message_clock().ahead().num_milliseconds(),
        messages: number(messages),
        busy_ms: i64::try_from(busy.as_millis()).unwrap_or(i64::MAX),
        held: number(health.held()),
        trouble,
    };
    worker_heartbeat::beat(&mut connection, &heartbeat)?;
    Ok(ClockReading { database, ahead, at })
}

/// Corrects times that the database wrote while its clock was ahead.
async fn correct_times_ahead(context: &WorkerContext, sweeper: &Sweeper<'_>) {
    let healed = sweeper.call(|context| {
        let mut connection = context.pool.get()?;
        Ok(clock::correct_times_ahead(&mut connection)?)
    });
    match healed.await {
        Ok(0) | Err(Unswept::Interrupted) => {}
        Ok(rows) => {
            warn!(
                rows,
                "times in the future were corrected: the database's clock was ahead; what waited for them is due now"
            );
            context.wake_queries.notify_one();
        }
        Err(Unswept::Failed(error)) => warn!(%error, "times in the future could not be corrected"),
    }
}

/// Logs that clocks disagree: at once, each minute while it lasts, and when it is over.
fn report_clocks(context: &WorkerContext, look: &ClockReading, reported_at: &mut Option<Instant>) {
    let messages = context.health.message_clock().ahead();
    for (with, ahead) in [("database", look.ahead), ("messages", messages)] {
        let seconds = i32::try_from(ahead.num_seconds()).unwrap_or(i32::MAX);
        gauge!(metric::WORKER_CLOCK_AHEAD, "clock" => with).set(f64::from(seconds));
    }
    if !disagree(look.ahead) && !disagree(messages) {
        if reported_at.take().is_some() {
            info!("the clocks of database, messages and worker agree again");
        }
        return;
    }
    if reported_at.is_some_and(|at| at.elapsed() < REMINDER) {
        return;
    }
    *reported_at = Some(Instant::now());
    warn!(
        database_ahead_seconds = look.ahead.num_seconds(),
        messages_ahead_seconds = messages.num_seconds(),
        "the clocks of database, messages and worker disagree: correct the wrong one (chrony, timedatectl), in UTC"
    );
}
