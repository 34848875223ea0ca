//! A stand-in for a collector of traces: takes spans by OTLP over HTTP and keeps them for the test.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;

pub use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use crate::{FakeGateway, Reply, until_ok};

/// A collector on a free loopback port, until the test ends.
pub struct Collector {
    /// The value of `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub endpoint: String,
    spans: Arc<Mutex<Vec<CollectedSpan>>>,
    _server: FakeGateway,
}

/// A span that a program has exported; ids are hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedSpan {
    /// `service.name` of the program.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Server, client, producer, consumer or internal.
    pub kind: SpanKind,
    /// Its trace.
    pub trace: String,
    /// Its id.
    pub id: String,
    /// The id of its parent; empty: it has none.
    pub parent: String,
    /// Trace and id of the spans that it names.
    pub links: Vec<(String, String)>,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// It has failed.
    pub is_error: bool,
}

impl Collector {
    /// Takes everything.
    ///
    /// # Errors
    /// No port is free.
    pub fn start() -> io::Result<Collector> {
        let spans: Arc<Mutex<Vec<CollectedSpan>>> = Arc::default();
        let taken = Arc::clone(&spans);
        let server = FakeGateway::answering_bytes(move |request| match received(request) {
            Some(new) => {
                taken.lock().unwrap_or_else(PoisonError::into_inner).extend(new);
                Reply::Good(Vec::new())
            }
            None => Reply::Status(400, Vec::new()),
        })?;
        let endpoint = server.url.replace("/gateway.do", "");
        Ok(Collector { endpoint, spans, _server: server })
    }

    /// The variables by which a program exports here, soon after a span has ended.
    #[must_use]
    pub fn variables(&self) -> [(&str, &str); 2] {
        [("OTEL_EXPORTER_OTLP_ENDPOINT", &self.endpoint), ("OTEL_BSP_SCHEDULE_DELAY", "20")]
    }

    /// All spans so far.
    #[must_use]
    pub fn spans(&self) -> Vec<CollectedSpan> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first span that is so, as soon as it is there.
    ///
    /// # Panics
    /// None came; the message names those that did.
    #[track_caller]
    pub fn until_span(&self, what: &str, is_it: impl Fn(&CollectedSpan) -> bool) -> CollectedSpan {
        until_ok(what, || {
            let spans = self.spans();
            let found = spans.iter().find(|span| is_it(span)).cloned();
            found.ok_or_else(|| {
                let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
                format!("there are {names:?}")
            })
        })
    }
}

/// The spans in the body of a request for traces.
fn received(request: &[u8]) -> Option<Vec<CollectedSpan>> {
    let head = request.windows(4).position(|four| four == b"\r\n\r\n")?;
    if !request.starts_with(b"POST /v1/traces ") {
        return None;
    }
    let export = ExportTraceServiceRequest::decode(&request[head + 4..]).ok()?;
    let mut spans = Vec::new();
    for of_program in export.resource_spans {
        let resource = of_program.resource.unwrap_or_default();
        let service = attributes(&resource.attributes).remove("service.name").unwrap_or_default();
        let new = of_program.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(new.map(|span| collected(&service, span)));
    }
    Some(spans)
}

fn collected(service: &str, span: Span) -> CollectedSpan {
    CollectedSpan {
        service: service.to_owned(),
        kind: span.kind(),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        links: span.links.iter().map(|it| (hex(&it.trace_id), hex(&it.span_id))).collect(),
        attributes: attributes(&span.attributes),
        is_error: span.status.is_some_and(|status| status.code() == StatusCode::Error),
        name: span.name,
    }
}

fn attributes(all: &[KeyValue]) -> BTreeMap<String, String> {
    all.iter().map(|it| (it.key.clone(), text(it.value.as_ref()))).collect()
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(is)) => is.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
