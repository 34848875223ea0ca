//! The spans of a batch. Each message has one in its own trace. The batch has one in the trace of the first message that
//! is recorded, with links to the spans of all, since a span has one parent only; its transactions are below it.

use order::RejectionReason;
use queue::ReceivedMessage;
use service::trace::{KeyValue, Span, SpanKind, TraceContext};

use crate::batch::Outcome;

/// The spans of the messages of a batch, in their order, and of the batch itself. They end when they are dropped.
pub(super) struct BatchSpans {
    messages: Vec<Span>,
    batch: Option<Span>,
}

/// In which traces a batch is worked on.
pub(crate) struct BatchTraces {
    /// That of each message, in their order.
    pub(super) messages: Vec<Option<TraceContext>>,
    /// That of the batch as a whole: what is logged there is about all of its messages.
    pub(super) batch: Option<TraceContext>,
}

impl BatchSpans {
    pub(super) fn begin(batch: &[ReceivedMessage]) -> BatchSpans {
        let mut messages: Vec<Span> = batch.iter().map(queue::span::process).collect();
        let first = messages.iter().find(|span| span.is_recorded());
        let batch = first.map(|first| {
            let mut span =
                Span::begin(SpanKind::Internal, || "batch".into(), first.context().cloned());
            let size = i64::try_from(batch.len()).unwrap_or(i64::MAX);
            span.describe(|| [KeyValue::new("messaging.batch.message_count", size)]);
            for context in messages.iter().filter(|it| it.is_recorded()).filter_map(Span::context) {
                span.link(context);
            }
            span
        });
        // The way back, for a reader of any other message's trace.
        if let Some(of_batch) = batch.as_ref().and_then(Span::context) {
            messages.iter_mut().for_each(|span| span.link(of_batch));
        }
        BatchSpans { messages, batch }
    }

    pub(super) fn traces(&self) -> BatchTraces {
        let messages: Vec<_> = self.messages.iter().map(|span| span.context().cloned()).collect();
        let batch = match (&self.batch, &*messages) {
            (Some(span), _) => span.context().cloned(),
            (None, [only]) => only.clone(),
            (None, _) => None,
        };
        BatchTraces { messages, batch }
    }

    /// The spans of the messages, of which the outcomes are not known yet.
    pub(super) fn into_messages(self) -> Vec<Span> {
        self.messages
    }
}

/// Ends the span of a message with its outcome.
pub(super) fn end(mut span: Span, outcome: &Outcome) {
    span.describe(|| [KeyValue::new("alipay.outcome", outcome.word())]);
    match outcome {
        Outcome::Done | Outcome::Locked | Outcome::Held | Outcome::Paused => {}
        Outcome::RetryLater => {
            span.describe(|| {
                [KeyValue::new("alipay.reason", RejectionReason::OrderNotFound.as_str())]
            });
        }
        Outcome::DatabaseRefuses(rejection)
        | Outcome::Rejected(rejection)
        | Outcome::RejectedBefore(rejection) => {
            span.describe(|| [KeyValue::new("alipay.reason", rejection.reason)]);
            span.fail(rejection.reason);
        }
    }
}
