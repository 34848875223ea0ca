//! Which trace a request, a message or a row belongs to, and what is exported of it.
//!
//! A [`TraceContext`] travels with a notification: from the header `traceparent` of the request through the headers of its
//! message to the events that it causes. It is carried on whether spans are exported or not. A program works [`within`] a
//! context; the log adds its ids to each line that is written there.
//!
//! A [`Span`] is an operation in a trace. A program that calls [`Export::begin`] exports its spans by OTLP where the environment
//! says so; everywhere else a span only passes its parent's context on.

mod collector;
mod context;
mod export;
mod span;
mod span_queue;

use std::future::Future;

pub use opentelemetry::KeyValue;
pub use opentelemetry::trace::SpanKind;

pub use context::TraceContext;
pub use export::Export;
pub use span::Span;

tokio::task_local! {
    static CURRENT: Option<TraceContext>;
}

/// The context that this task or thread works in.
pub fn current() -> Option<TraceContext> {
    CURRENT.try_with(Option::clone).ok().flatten()
}

/// Runs `work` in this context, or in none.
pub fn within<T>(context: Option<TraceContext>, work: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(context, work)
}

/// A future that does its work in this context, or in none. A task that is spawned has none by itself.
pub fn carry_out<F: Future>(
    context: Option<TraceContext>,
    work: F,
) -> impl Future<Output = F::Output> {
    CURRENT.scope(context, work)
}
