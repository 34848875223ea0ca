//! What is exported of a notification, to a collector and past one that does not answer.

use std::collections::BTreeSet;

use queue::topology;
use testkit::{CollectedSpan, Collector, FakeGateway, Reply, SpanKind, TestApp};

use crate::broker::drain;
use crate::world::{CONFIG, World};

/// A pipeline whose programs have these variables.
fn world(variables: &[(&str, &str)]) -> World {
    let app = TestApp::builder(CONFIG).with_variables(variables).with_codes(9);
    let mut world = World::of(app.with_ingress(&[]));
    world.place_orders("T", 3);
    world
}

fn is_child(span: &CollectedSpan, parent: &CollectedSpan) -> bool {
    span.trace == parent.trace && span.parent == parent.id
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_goes_from_the_request_to_the_events() {
    let collector = Collector::start().expect("a port");
    let world = world(&collector.variables());
    let _worker = world.worker();
    world.send(world.payment("T000001")).await;
    let find = |name: &str, parent: &CollectedSpan| {
        collector.until_span(name, |span| span.name == name && is_child(span, parent))
    };
    let request = collector.until_span("a request", |span| span.kind == SpanKind::Server);
    let publish = find("publish alipay.notify", &request);
    let process = find("process alipay.notify.0", &publish);
    let batch = find("batch", &process);
    let transaction = find("transaction", &batch);
    let event = find("publish alipay.events", &process);

    assert_eq!((&*request.name, &*request.parent), ("POST /alipay/{merchant}/notify", ""));
    assert_eq!(request.attributes["http.route"], "/alipay/{merchant}/notify");
    assert_eq!(request.attributes["http.response.status_code"], "200");
    assert_eq!([&request.service, &publish.service], ["alipay-ingress"; 2]);
    assert_eq!([&process.service, &event.service], ["alipay-worker"; 2]);
    let kinds = [&publish, &process, &batch, &transaction, &event].map(|span| span.kind);
    let expected = [SpanKind::Producer, SpanKind::Consumer, SpanKind::Internal];
    assert_eq!(kinds[..3], expected);
    assert_eq!(kinds[3..], [SpanKind::Internal, SpanKind::Producer]);
    assert_eq!(publish.attributes["messaging.system"], "rabbitmq");
    assert_eq!(publish.attributes["messaging.destination.name"], "alipay.notify:0");
    assert_eq!(process.attributes["alipay.outcome"], "done");
    let message = &process.attributes["messaging.message.id"];
    assert_eq!(publish.attributes["messaging.message.id"], *message);
    assert_eq!(batch.links, [(process.trace.clone(), process.id.clone())]);

    // Two events, each with the context of its own span.
    let events = collector.spans();
    let of_events = events.iter().filter(|span| span.name == event.name);
    let expected: BTreeSet<String> =
        of_events.map(|span| format!("00-{}-{}-01", span.trace, span.id)).collect();
    let headers = drain(&world, topology::EVENTS_QUEUE).await.into_iter();
    let sent: BTreeSet<String> = headers.filter_map(|it| it.headers.traceparent).collect();
    assert_eq!(sent, expected);
    assert_eq!(sent.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_linked_with_the_traces_of_its_messages() {
    let collector = Collector::start().expect("a port");
    let world = world(&collector.variables());
    let parent = |number: usize, flags: &str| {
        format!("00-4bf92f3577b34da6a3ce929d0e0e{number:04}-00f067aa0ba902b7-{flags}")
    };
    // The second one is not sampled.
    let messages = (1..=3).map(|number| {
        let mut message = world.message(world.payment(&format!("T{number:06}")));
        let flags = if number == 2 { "00" } else { "01" };
        message.headers.traceparent = Some(parent(number, flags));
        message
    });
    world.publish_in_bundles(16, messages.collect()).await;
    let _worker = world.worker();
    let batch = collector.until_span("a batch", |span| span.name == "batch");
    assert_eq!(batch.attributes["messaging.batch.message_count"], "3");
    let linked: Vec<&str> = batch.links.iter().map(|(trace, _)| trace.as_str()).collect();
    assert_eq!(linked, [&parent(1, "01")[3..35], &parent(3, "01")[3..35]]);
    for (trace, id) in &batch.links {
        let process = collector.until_span("a message of the batch", |span| span.id == *id);
        assert_eq!((&process.trace, &*process.parent), (trace, "00f067aa0ba902b7"));
        assert_eq!(process.links, [(batch.trace.clone(), batch.id.clone())]);
    }
    assert_eq!(batch.parent, batch.links[0].1);
    for number in 1..=3 {
        world.expect(&format!("T{number:06}"), |order| order["is_send_goods"] == true);
    }
    let of_second = |span: &CollectedSpan| span.trace == parent(2, "00")[3..35];
    assert!(!collector.spans().iter().any(of_second), "it was not sampled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_a_failure_with_its_reason() {
    let collector = Collector::start().expect("a port");
    let world = world(&collector.variables());
    let _worker = world.worker();
    let mut wrong = world.trade("T000001");
    wrong.total = alipay::Fen::new(1);
    world.send(wrong.pay(chrono::Utc::now()).expect("a payment")).await;
    let process =
        collector.until_span("its outcome", |span| span.attributes.contains_key("alipay.outcome"));
    assert_eq!(process.attributes["alipay.outcome"], "dead");
    assert_eq!(process.attributes["alipay.reason"], "total_mismatch");
    assert!(process.is_error);
    world.refused("shop", b"out_trade_no=T000001&sign=x".to_vec()).await;
    let refused = collector.until_span("a refusal", |span| {
        span.kind == SpanKind::Server && span.attributes.contains_key("alipay.reason")
    });
    // A client's mistake.
    assert!(!refused.is_error, "{refused:?}");
}

/// Everything that a span says is on this list, which holds no data of a buyer.
#[tokio::test(flavor = "multi_thread")]
async fn a_span_says_nothing_that_is_not_on_the_list() {
    let collector = Collector::start().expect("a port");
    let world = world(&collector.variables());
    let _worker = world.worker();
    world.send(world.payment("T000001")).await;
    world.refused("shop", b"buyer_email=markedmail&sign=markedsign".to_vec()).await;
    world.refused("markedname", b"sign=markedsign".to_vec()).await;
    collector.until_span("an event", |span| span.name == "publish alipay.events");
    let spans = collector.spans();
    let document = include_str!("../../../docs/tracing.md");
    for (name, value) in spans.iter().flat_map(|span| &span.attributes) {
        assert!(document.contains(&format!("`{name}`")), "docs/tracing.md does not list {name}");
        assert!(!value.contains("marked"), "{name}: {value}");
        assert!(!value.contains("T000001"), "an order number: {name}: {value}");
    }
    assert!(spans.iter().all(|span| !span.name.contains("marked")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_delays_nothing() {
    let hanging = FakeGateway::start(Reply::Stall(Vec::new())).expect("a port");
    let endpoint = hanging.url.replace("/gateway.do", "");
    // Who waited for an export would wait longer than the test does.
    let forever = ("OTEL_EXPORTER_OTLP_TIMEOUT", "86400000");
    let variables =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint), ("OTEL_BSP_SCHEDULE_DELAY", "20"), forever];
    let mut world = world(&variables);
    let mut worker = world.worker();
    for number in 1..=3 {
        world.send(world.payment(&format!("T{number:06}"))).await;
    }
    for number in 1..=3 {
        world.expect(&format!("T{number:06}"), |order| order["is_send_goods"] == true);
    }
    assert!(hanging.next_request().is_some(), "nothing was exported");
    let mut ingress = world.test.ingress.take().expect("an ingress");
    for program in [&mut worker, &mut ingress] {
        program.terminate();
        assert!(program.wait().success());
        let log = program.stderr();
        assert!(log.contains("the last spans were not exported"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_gone_is_one_line_of_the_log() {
    let variables =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"), ("OTEL_BSP_SCHEDULE_DELAY", "20")];
    let world = world(&variables);
    let worker = world.worker();
    for number in 1..=3 {
        world.send(world.payment(&format!("T{number:06}"))).await;
        world.expect(&format!("T{number:06}"), |order| order["is_send_goods"] == true);
    }
    let line = "the collector of traces cannot be reached";
    testkit::until(line, || worker.stderr().contains(line));
    assert_eq!(worker.stderr().matches(line).count(), 1);
}

/// What a person has to correct is said with its reason, and nothing waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_refuses_is_an_error_with_its_status() {
    let refusing = FakeGateway::start(Reply::Status(401, Vec::new())).expect("a port");
    let endpoint = refusing.url.replace("/gateway.do", "");
    let variables =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint), ("OTEL_BSP_SCHEDULE_DELAY", "20")];
    let world = world(&variables);
    let worker = world.worker();
    world.send(world.payment("T000001")).await;
    world.expect("T000001", |order| order["is_send_goods"] == true);
    let line = "the collector of traces refuses this program";
    testkit::until(line, || worker.stderr().contains(line));
    assert!(worker.stderr().contains("HTTP status 401"), "{}", worker.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_exported_where_it_is_switched_off() {
    for off in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
        let server = FakeGateway::start(Reply::Good(Vec::new())).expect("a port");
        let endpoint = server.url.replace("/gateway.do", "");
        let mut world = world(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), off]);
        let mut worker = world.worker();
        world.send(world.payment("T000001")).await;
        world.expect("T000001", |order| order["is_send_goods"] == true);
        let mut ingress = world.test.ingress.take().expect("an ingress");
        for program in [&mut worker, &mut ingress] {
            program.terminate();
            assert!(program.wait().success());
            assert!(!program.stderr().contains("traces are exported"));
        }
        assert_eq!(server.connections(), 0, "{off:?}");
    }
}
