//! Spans: operations that are exported where a program exports its traces.

use std::borrow::Cow;
use std::sync::OnceLock;

use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _,
    TraceFlags, TraceId, TraceState, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;

use super::TraceContext;

/// Set once, by a program that exports.
pub(super) static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// An operation that has begun, and ends when this is dropped. It is recorded where the program exports traces and this
/// one is sampled; else it costs nothing, and what is said about it is not even computed.
#[derive(Debug)]
pub struct Span {
    recorded: Option<Box<opentelemetry_sdk::trace::Span>>,
    context: Option<TraceContext>,
}

impl Span {
    /// Begins an operation as part of `parent`, or of a new trace.
    pub fn begin(
        kind: SpanKind,
        name: impl FnOnce() -> Cow<'static, str>,
        parent: Option<TraceContext>,
    ) -> Span {
        let Some(tracer) = TRACER.get() else { return Span { recorded: None, context: parent } };
        let state = parent.as_ref().and_then(TraceContext::state).map(str::to_owned);
        let remote = parent.as_ref().map_or_else(Context::new, |parent| {
            Context::new().with_remote_span_context(span_context(parent))
        });
        let builder = SpanBuilder::from_name(name()).with_kind(kind);
        let span = tracer.build_with_context(builder, &remote);
        let begun = own_context(span.span_context());
        let context = match (begun, state) {
            (Some(context), Some(state)) => Some(context.with_state(&state)),
            (begun, _) => begun,
        };
        Span { recorded: span.is_recording().then(|| Box::new(span)), context }
    }

    /// The context of what is done in it. Of a program that exports nothing it is the parent's.
    pub fn context(&self) -> Option<&TraceContext> {
        self.context.as_ref()
    }

    /// Whether it will be exported.
    pub fn is_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// Adds attributes. They are computed only where they are exported, so they must never hold what no log may hold.
    pub fn describe<const N: usize>(&mut self, attributes: impl FnOnce() -> [KeyValue; N]) {
        if let Some(span) = &mut self.recorded {
            span.set_attributes(attributes());
        }
    }

    /// It failed; `error_type` is a word of a closed set.
    pub fn fail(&mut self, error_type: &'static str) {
        if let Some(span) = &mut self.recorded {
            span.set_attribute(KeyValue::new("error.type", error_type));
            span.set_status(Status::error(""));
        }
    }

    /// Says that another span has to do with this one.
    pub fn link(&mut self, other: &TraceContext) {
        if let Some(span) = &mut self.recorded {
            span.add_link(span_context(other), Vec::new());
        }
    }
}

fn span_context(context: &TraceContext) -> SpanContext {
    SpanContext::new(
        TraceId::from(context.trace_id()),
        SpanId::from(context.span_id()),
        TraceFlags::new(context.flags()),
        true,
        // Passed on by us as it is.
        TraceState::default(),
    )
}

fn own_context(context: &SpanContext) -> Option<TraceContext> {
    let trace_id = u128::from_be_bytes(context.trace_id().to_bytes());
    let span_id = u64::from_be_bytes(context.span_id().to_bytes());
    TraceContext::new(trace_id, span_id, context.trace_flags().to_u8())
}
