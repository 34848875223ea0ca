//! Applies decisions and expiries whose message was lost: a row that has stayed open is applied without a message.

use chrono::Utc;
use metrics::counter;
use queue::Envelope;
use service::metric;
use store::{decision, order_expired};
use tracing::{error, info, warn};

use crate::batch::{self, BatchError, Outcome, Rules};
use crate::context::WorkerContext;
use crate::message::InboundMessage;
use crate::sweepers::Sweeper;

/// The pause between two sweeps.
const INTERVAL: std::time::Duration = std::time::Duration::from_secs(5);
/// How many seconds the message of a row has to arrive.
const AGE: i64 = 15;
/// Rows read at one time.
const CHUNK: i64 = 64;

/// Sweeps until the worker stops.
pub(crate) async fn run(context: WorkerContext) {
    let mut sweeper = Sweeper::new("the sweeper of open rows", &context);
    while sweeper.wait().await {
        let swept = sweeper.call(sweep).await;
        sweeper.ended(swept.map(|()| INTERVAL));
    }
}

fn sweep(context: &WorkerContext) -> Result<(), BatchError> {
    let mut connection = context.pool.get()?;
    let mut above = 0;
    loop {
        let rows = decision::open(&mut connection, above, AGE, CHUNK)?;
        for row in &rows {
            above = row.id;
            let envelope = Envelope::decision(&row.merchant, &row.order_id, row.id, Utc::now());
            look(context, &mut connection, envelope)?;
        }
        if rows.is_empty() || context.cancel.is_cancelled() {
            break;
        }
    }
    let mut left = 0;
    loop {
        let rows = order_expired::open(&mut connection, left, AGE, CHUNK)?;
        for row in &rows {
            let (order, at) = (row.order_id.as_str(), Utc::now());
            let envelope = Envelope::expiry(&row.merchant, order, row.expires_at, at);
            if !look(context, &mut connection, envelope)? {
                left += 1;
            }
        }
        if rows.is_empty() || context.cancel.is_cancelled() {
            return Ok(());
        }
    }
}

/// Applies the message that a row should have had, in a transaction of its own. Returns whether the row has ended.
fn look(
    context: &WorkerContext,
    connection: &mut store::MysqlConnection,
    envelope: Envelope,
) -> Result<bool, BatchError> {
    // For each row: a pause may begin while others are looked at.
    let Some(pauses) = context.pauses.for_sweep() else { return Ok(false) };
    let config = context.current.borrow().clone();
    let (kind, merchant) = (envelope.kind, envelope.merchant.clone());
    let Ok(id) = envelope.message_id() else { return Ok(false) };
    let message = match InboundMessage::of_envelope(envelope, &id, &config, Utc::now()) {
        Ok(message) => message,
        Err(rejection) => {
            warn!(merchant, %kind, reason = rejection.reason, error = rejection.error,
                "an open row cannot be processed");
            return Ok(false);
        }
    };
    if pauses.of_messages(connection, &[&message])?.iter().any(Option::is_some) {
        return Ok(false);
    }
    let order = message.order_id().unwrap_or_default();
    let rules = Rules::of(&context.config);
    let outcome = match batch::run(connection, &[message], rules, |_, _| Ok(Vec::new())) {
        Ok(outcomes) => outcomes.into_iter().next(),
        Err(failure) if failure.may_be_one_messages() => {
            warn!(order, %kind, error = %failure, "the database refuses what a row says; it is tried again");
            return Ok(false);
        }
        Err(failure) => return Err(failure),
    };
    match outcome {
        Some(Outcome::Done) => {
            counter!(metric::WORKER_OPEN_ROWS, "kind" => kind.as_str()).increment(1);
            info!(order, %kind, "the message about a row did not come; the row was applied without it");
            Ok(true)
        }
        Some(Outcome::Rejected(rejection) | Outcome::RejectedBefore(rejection)) => {
            counter!(metric::WORKER_OPEN_ROWS, "kind" => kind.as_str()).increment(1);
            error!(order, %kind, reason = rejection.reason, error = rejection.error,
                "a row is refused");
            // An expiry stays open if its order belongs to another merchant now.
            Ok(kind == queue::MessageKind::Decision)
        }
        // Another transaction has locked the order: next time.
        _ => Ok(false),
    }
}
