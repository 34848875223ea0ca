//! The trace of a request goes on with its message, and is in the log.

use crate::broker::Broker;
use crate::client::{Answer, ask, post_with};
use crate::notification::good;
use crate::running::{Ingress, sandbox};

const PATH: &str = "/alipay/shop/notify";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn parent() -> String {
    format!("00-{TRACE}-00f067aa0ba902b7-01")
}

/// POSTs a form that a proxy passed on with these headers.
async fn passed_on(ingress: &Ingress, headers: &[(&str, &str)], body: &str) -> Answer {
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    ask(ingress.public, post_with(&[&[form], headers].concat(), PATH, body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_that_a_proxy_began_goes_on_with_the_message() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start(&sandbox.amqp_url).await;
    let headers = [("traceparent", &*parent()), ("tracestate", "a=1"), ("tracestate", "b=2")];
    assert_eq!(passed_on(&ingress, &headers, &good("t1")).await.status, 200);
    let arrived = Broker::connect(&sandbox.amqp_url).await.arrived().await;
    let headers = &arrived[0].received.headers;
    assert_eq!(headers.traceparent.as_deref(), Some(&*parent()));
    assert_eq!(headers.tracestate.as_deref(), Some("a=1,b=2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_trace_context_is_ignored() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start(&sandbox.amqp_url).await;
    let (parent, long) = (parent(), "x".repeat(5_000));
    let hostile: [&[(&str, &str)]; 6] = [
        &[],
        &[("traceparent", "")],
        &[("traceparent", &long), ("tracestate", &long)],
        &[("traceparent", &parent), ("traceparent", &parent)],
        &[("traceparent", "00-\u{8ba2}"), ("tracestate", "\u{8ba2}")],
        &[("tracestate", "a=1")],
    ];
    for (number, headers) in hostile.into_iter().enumerate() {
        let answer = passed_on(&ingress, headers, &good(&format!("h{number}"))).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "success"), "{number}");
    }
    let arrived = Broker::connect(&sandbox.amqp_url).await.arrived().await;
    assert_eq!(arrived.len(), 6);
    for message in arrived {
        let trace = message.received.headers.trace().expect("a new trace");
        assert!(trace.is_sampled() && trace.state().is_none());
        assert!(!trace.to_string().contains(TRACE));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_logged_with_the_ids_of_its_trace() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start(&sandbox.amqp_url).await;
    let forged = format!("{}x", good("t2"));
    assert_eq!(passed_on(&ingress, &[("traceparent", &parent())], &forged).await.status, 400);
    let ids = format!("trace_id={TRACE} span_id=00f067aa0ba902b7");
    // The explanation is written after the answer.
    for line in [" refused ", "why the signature is not valid"] {
        let is_there =
            || ingress.log().lines().any(|it| it.contains(line) && it.ends_with(ids.as_str()));
        testkit::until_async(line, async || is_there()).await;
    }
}
