//! The trace of a request: that which a proxy in front of the ingress began, else a new one. Alipay sends none.

use hyper::http::request::Request;
use hyper::{HeaderMap, Method, Response};
use service::trace::{KeyValue, Span, SpanKind, TraceContext};

use crate::Refusal;
use crate::route;

/// A request that is being answered. Its span follows OpenTelemetry's conventions for HTTP servers, without what a
/// stranger writes: path, query, addresses, user agent.
pub(crate) struct RequestTrace {
    span: Span,
    context: TraceContext,
}

/// The reason of a refusal, beside its answer.
#[derive(Debug, Clone, Copy)]
struct Reason(&'static str);

impl RequestTrace {
    /// Begins with the head of a request. What is not valid in its trace context is ignored: no header may refuse a
    /// notification.
    pub(crate) fn begin<B>(request: &Request<B>) -> RequestTrace {
        let route = || route::read(request.uri().path()).map(|route| route.template());
        let method = method(request.method());
        let name = || match route() {
            Some(route) => format!("{method} {route}").into(),
            None => method.into(),
        };
        let mut span = Span::begin(SpanKind::Server, name, begun_before(request.headers()));
        span.describe(|| {
            [KeyValue::new("http.request.method", method), KeyValue::new("url.scheme", "http")]
        });
        if span.is_recorded()
            && let Some(route) = route()
        {
            span.describe(|| [KeyValue::new("http.route", route)]);
        }
        let context = span.context().cloned().unwrap_or_else(TraceContext::random);
        RequestTrace { span, context }
    }

    /// The trace that the request is handled in.
    pub(crate) fn context(&self) -> TraceContext {
        self.context.clone()
    }

    /// Ends with the answer.
    pub(crate) fn end<B>(mut self, answer: &Response<B>) {
        let status = answer.status();
        self.span
            .describe(|| [KeyValue::new("http.response.status_code", i64::from(status.as_u16()))]);
        let Some(Reason(reason)) = answer.extensions().get() else { return };
        self.span.describe(|| [KeyValue::new("alipay.reason", *reason)]);
        // A client's mistake is no failure of the server.
        if status.is_server_error() {
            self.span.fail(reason);
        }
    }
}

/// Puts the reason of a refusal beside its answer, for the trace.
pub(crate) fn note_reason<B>(answer: &mut Response<B>, refusal: &Refusal) {
    answer.extensions_mut().insert(Reason(refusal.reason()));
}

/// The method, if it is one that HTTP servers know.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "_OTHER",
    }
}

fn begun_before(headers: &HeaderMap) -> Option<TraceContext> {
    let mut parents = headers.get_all("traceparent").iter();
    let (parent, None) = (parents.next()?, parents.next()) else { return None };
    let context = TraceContext::parse(parent.to_str().ok()?)?;
    // Several headers are one list.
    let states: Vec<&str> =
        headers.get_all("tracestate").iter().filter_map(|state| state.to_str().ok()).collect();
    Some(if states.is_empty() { context } else { context.with_state(&states.join(",")) })
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    fn of_request(headers: &HeaderMap) -> TraceContext {
        let mut request = Request::new(());
        *request.headers_mut() = headers.clone();
        RequestTrace::begin(&request).context()
    }

    fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
        let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes).unwrap();
        let mut headers = HeaderMap::new();
        for (name, bytes) in pairs {
            headers.append(*name, value(bytes));
        }
        headers
    }

    #[test]
    fn a_trace_that_a_proxy_began_is_carried_on() {
        let states: [(&str, &[u8]); 2] = [("tracestate", b"a=1"), ("tracestate", b"b=2")];
        let request = headers(&[("traceparent", PARENT.as_bytes()), states[0], states[1]]);
        let context = of_request(&request);
        assert_eq!((context.to_string().as_str(), context.state()), (PARENT, Some("a=1,b=2")));
        let context = of_request(&headers(&[("traceparent", PARENT.as_bytes())]));
        assert_eq!((context.to_string().as_str(), context.state()), (PARENT, None));
    }

    #[test]
    fn what_is_no_trace_context_begins_a_new_one() {
        let parent = ("traceparent", PARENT.as_bytes());
        let huge = b"x".repeat(10_000);
        for hostile in [
            headers(&[]),
            headers(&[("tracestate", b"a=1")]),
            headers(&[parent, parent]),
            headers(&[("traceparent", b"\xff\xfe"), ("tracestate", b"a=1")]),
            headers(&[("traceparent", &huge), ("tracestate", b"a=1")]),
        ] {
            let context = of_request(&hostile);
            assert_ne!(context.to_string()[3..35], PARENT[3..35]);
            assert!(context.is_sampled() && context.state().is_none());
        }
        for state in [&b"a=\xff"[..], &huge] {
            let context = of_request(&headers(&[parent, ("tracestate", state)]));
            assert_eq!((context.to_string().as_str(), context.state()), (PARENT, None));
        }
    }
}
