//! The trace of a request: that which a proxy in front of the ingress began, else a new one. Alipay sends none.

use hyper::HeaderMap;
use service::trace::TraceContext;

/// Reads the trace context of a request. What is not valid is ignored: no header may refuse a notification.
pub(crate) fn of_request(headers: &HeaderMap) -> TraceContext {
    begun_before(headers).unwrap_or_else(TraceContext::random)
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
