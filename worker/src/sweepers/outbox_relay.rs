//! The outbox relay: publishes events after the commit that made them true.
//!
//! An event can repeat (a crash between confirm and commit) but never be missing; each carries a stable id:
//! `ORDER:EVENT`, or `PRODUCT:EVENT:NUMBER`, since a product can have the same event again. An event that the broker
//! returns stays in the table and is published again.

use std::time::Duration;

use diesel::Connection as _;
use metrics::counter;
use queue::Message;
use serde::Serialize;
use service::metric;
use service::trace::{Span, TraceContext};
use store::outbox::{self, About, WaitingEvent};
use tokio::runtime::Handle;
use tracing::error;

use crate::batch::BatchError;
use crate::context::WorkerContext;
use crate::sweepers::Sweeper;

/// How often the table is looked at when there was nothing.
const INTERVAL: Duration = Duration::from_millis(500);

/// The pause after events that could not be published.
const PAUSE: Duration = Duration::from_secs(2);

/// Events published in one transaction.
const CHUNK: i64 = 256;

/// The body of an event, JSON.
#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    event: &'a str,
    #[serde(flatten)]
    about: BodyAbout<'a>,
    happened_at: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum BodyAbout<'a> {
    Order {
        order: &'a str,
        merchant: &'a str,
        trade_no: Option<&'a str>,
        /// Status of the order when the event was published, not when it happened.
        status: i16,
        /// Fen.
        total_fee: i64,
        /// Fen.
        refunded_fee: i64,
    },
    Product {
        product: &'a str,
        /// Codes that could be sold when it happened.
        available: i32,
        threshold: i32,
    },
}

/// What one look at the table did.
struct Relayed {
    published: usize,
    failed: usize,
}

/// Relays until the worker stops.
pub(crate) async fn run(context: WorkerContext) {
    // Until the first connection is made, a failure to publish is no error.
    tokio::select! {
        () = context.publisher.ready() => {}
        () = context.cancel.cancelled() => return,
    }
    let mut sweeper = Sweeper::new("the outbox relay", &context);
    while sweeper.wait().await {
        let relayed = sweeper.call(relay).await;
        sweeper.ended(relayed.map(|Relayed { published, failed }| {
            if failed > 0 {
                error!(events = failed, "events could not be published and stay in the outbox");
                counter!(metric::WORKER_EVENTS, "outcome" => "failed")
                    .increment(u64::try_from(failed).unwrap_or(0));
                PAUSE
            } else if published > 0 {
                Duration::ZERO
            } else {
                INTERVAL
            }
        }));
    }
}

fn relay(context: &WorkerContext) -> Result<Relayed, BatchError> {
    let mut connection = context.pool.get()?;
    connection.transaction(|connection| {
        let waiting = outbox::lock_unpublished(connection, CHUNK)?;
        if waiting.is_empty() {
            return Ok(Relayed { published: 0, failed: 0 });
        }
        let (messages, spans): (Vec<Message>, Vec<Span>) =
            waiting.iter().map(|event| in_its_trace(message(event), event)).unzip();
        let results = Handle::current().block_on(context.publisher.publish_all(messages));
        service::crash_point!("outbox.after_publish");
        for (mut span, result) in spans.into_iter().zip(&results) {
            if let Err(error) = result {
                span.fail(error.reason_code());
            }
        }
        let published: Vec<i64> = waiting
            .iter()
            .zip(&results)
            .filter(|(_, result)| result.is_ok())
            .map(|(event, _)| event.id)
            .collect();
        outbox::mark_published(connection, &published)?;
        counter!(metric::WORKER_EVENTS, "outcome" => "published")
            .increment(u64::try_from(published.len()).unwrap_or(0));
        Ok(Relayed { published: published.len(), failed: waiting.len() - published.len() })
    })
}

fn message(event: &WaitingEvent) -> Message {
    let (id, about) = match &event.about {
        About::Order { id: order, merchant, trade_no, status, total_fee, refunded_fee } => (
            format!("{order}:{}", event.event),
            BodyAbout::Order {
                order,
                merchant,
                trade_no: trade_no.as_deref(),
                status: *status,
                total_fee: *total_fee,
                refunded_fee: *refunded_fee,
            },
        ),
        About::Product { id: product, available, threshold } => (
            format!("{product}:{}:{}", event.event, event.id),
            BodyAbout::Product { product, available: *available, threshold: *threshold },
        ),
    };
    let happened_at = event.created_at;
    let body = Body { id: &id, event: &event.event, about, happened_at: happened_at.to_rfc3339() };
    let body = serde_json::to_vec(&body).unwrap_or_default();
    Message::event(&event.event, id, happened_at, body)
}

/// The message as part of the trace of what caused the event, and the span of its publishing.
fn in_its_trace(message: Message, event: &WaitingEvent) -> (Message, Span) {
    let cause = event.traceparent.as_deref().and_then(TraceContext::parse);
    let span = queue::span::publish(&message, cause);
    (message.in_trace(span.context()), span)
}
