//! The sweeper of pauses: reads which are not over, and puts messages whose pause is over back into the queue.
//!
//! The rows stay locked until the broker has confirmed the messages. A crash before the commit publishes them again, which
//! changes nothing.

use diesel::Connection as _;
use metrics::{counter, gauge};
use order::{PauseScope, VariantArray as _};
use queue::{Headers, Message};
use service::metric;
use store::paused_message::{self, ResumedMessage};
use tracing::info;

use crate::batch::BatchError;
use crate::context::WorkerContext;
use crate::pauses::ActivePauses;
use crate::sweepers::{INTERVAL, Sweeper, as_metric};

/// Messages put back in one transaction.
const CHUNK: i64 = 64;

/// Sweeps until the worker stops.
pub(crate) async fn run(context: WorkerContext) {
    let mut sweeper = Sweeper::new("the sweeper of pauses", &context);
    loop {
        let swept = sweeper.call(sweep).await;
        if let Ok(messages @ 1..) = swept {
            info!(messages, "a pause is over: its messages are in the queue again");
        }
        sweeper.ended(swept.map(|_| INTERVAL));
        if !sweeper.wait().await {
            return;
        }
    }
}

fn sweep(context: &WorkerContext) -> Result<usize, BatchError> {
    let mut connection = context.pool.get()?;
    let mut resumed = 0;
    loop {
        // In each turn: while the messages of one pause go back, others begin and end.
        let pauses = ActivePauses::read(&mut connection)?;
        report(&pauses);
        context.pauses.set(pauses);
        let put_back = put_back(context, &mut connection)?;
        resumed += put_back;
        if put_back == 0 || context.cancel.is_cancelled() {
            return Ok(resumed);
        }
    }
}

/// Publishes some messages and deletes their rows. Returns how many the broker took.
fn put_back(
    context: &WorkerContext,
    connection: &mut store::MysqlConnection,
) -> Result<usize, BatchError> {
    connection.transaction(|connection| {
        let rows = paused_message::lock_resumed(connection, CHUNK)?;
        let shards = context.layout().shards;
        let messages = rows.iter().map(|row| {
            Message::resumed(row.message_id.clone(), headers(row), row.body.clone(), shards)
        });
        // What the broker refuses, since its queue is full, keeps its row.
        let refused = context.publish(messages.collect())?;
        let taken = rows.iter().enumerate().filter(|(at, _)| !refused.contains(at));
        let taken: Vec<i64> = taken.map(|(_, row)| row.id).collect();
        service::crash_point!("pauses.before_delete");
        paused_message::delete(connection, &taken)?;
        counter!(metric::WORKER_RESUMED_MESSAGES)
            .increment(u64::try_from(taken.len()).unwrap_or(0));
        Ok(taken.len())
    })
}

fn headers(row: &ResumedMessage) -> Headers {
    Headers {
        attempt: u32::try_from(row.attempt).unwrap_or(0),
        replayed: row.was_dead,
        tracestate: row.tracestate.clone(),
        ..Headers::first(row.first_seen, row.traceparent.clone())
    }
}

fn report(pauses: &ActivePauses) {
    for scope in PauseScope::VARIANTS {
        let active = i64::try_from(pauses.count(*scope)).unwrap_or(i64::MAX);
        gauge!(metric::WORKER_ACTIVE_PAUSES, "scope" => scope.as_str()).set(as_metric(active));
    }
}
