//! The traces of what a worker asks by itself.

use testkit::{Collector, FakeGateway, Reply, SpanKind};

use crate::alipay_side::{AlipaySide, UNPAID};

#[test]
fn a_query_and_what_its_answer_causes_are_one_trace() {
    let collector = Collector::start().expect("a port");
    let side = AlipaySide::new(1);
    let (_gateway, address) = side.gateway(&[]);
    let [endpoint, soon] = collector.variables();
    let _worker = side.worker(&address, &[UNPAID, endpoint, soon]);
    side.place("app", "LOST", "CODE");
    side.pays("app", "LOST", &["--drop"]);
    side.world.expect("LOST", |order| order["status"] == 8 && order["is_send_goods"] == true);
    let event = collector.until_span("an event", |span| span.name == "publish alipay.events");
    let query = collector
        .until_span("the query", |span| span.name == "query an order" && span.trace == event.trace);
    assert_eq!((&*query.parent, &*query.attributes["alipay.merchant"]), ("", "app"));
    let spans = collector.spans();
    let child = |kind: SpanKind| {
        let found = spans.iter().find(|span| span.kind == kind && span.parent == query.id);
        found.unwrap_or_else(|| panic!("no {kind:?} of the query: {spans:#?}"))
    };
    let call = child(SpanKind::Client);
    assert_eq!(call.attributes["server.address"], "127.0.0.1");
    assert_eq!(call.attributes["http.response.status_code"], "200");
    assert!(call.attributes["url.full"].ends_with("/gateway.do"), "{call:?}");
    assert_eq!(event.parent, child(SpanKind::Consumer).id);
    for (name, value) in spans.iter().flat_map(|span| &span.attributes) {
        assert!(!value.contains("LOST"), "an order number: {name}: {value}");
    }
}

#[test]
fn alipay_is_not_told_the_trace() {
    let collector = Collector::start().expect("a port");
    let gateway = FakeGateway::start(Reply::Status(503, Vec::new())).expect("a gateway");
    let side = AlipaySide::new(1);
    let [endpoint, soon] = collector.variables();
    let _worker = side.worker(&gateway.url, &[UNPAID, endpoint, soon]);
    side.place("app", "LOST", "CODE");
    let request = gateway.next_request().expect("a query").to_lowercase();
    assert!(request.starts_with("post ") && !request.contains("traceparent"), "{request}");
    let call = collector.until_span("the call", |span| span.kind == SpanKind::Client);
    let said = ["http.response.status_code", "error.type"].map(|name| &*call.attributes[name]);
    assert_eq!((said, call.is_error), (["503", "http_status"], true));
}
