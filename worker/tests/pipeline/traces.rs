//! The trace of a notification goes on with its events, its retries and its dead letter.

use queue::{Message, topology};

use crate::broker::{drain, only_dead_letter};
use crate::world::{TOTAL, World};

fn parent(number: usize) -> String {
    format!("00-4bf92f3577b34da6a3ce929d0e0e{number:04}-00f067aa0ba902b7-01")
}

/// The message as part of the trace with this number.
fn traced(mut message: Message, number: usize) -> Message {
    message.headers.traceparent = Some(parent(number));
    message.headers.tracestate = Some("a=1".into());
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_an_order_continue_the_trace_of_its_notification() {
    let mut world = World::new(10);
    world.place_orders("T", 3);
    let payment = |number: usize| world.message(world.payment(&format!("T{number:06}")));
    let mut messages: Vec<Message> =
        (1..=2).map(|number| traced(payment(number), number)).collect();
    messages.push(payment(3));
    world.publish_in_bundles(16, messages).await;
    let _worker = world.worker();
    world.wait_for_count("outbox WHERE published_at IS NOT NULL", 6);
    let events = drain(&world, topology::EVENTS_QUEUE).await;
    for event in &events {
        let id = event.message_id.as_str();
        let expected = match &id[..7] {
            "T000001" => Some(parent(1)),
            "T000002" => Some(parent(2)),
            _ => None,
        };
        assert_eq!(event.headers.traceparent, expected, "{id}");
    }
    assert_eq!(events.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_and_its_replay_stay_in_the_trace() {
    let mut world = World::new(1);
    world.place_orders("T", 1);
    let mut wrong = world.trade("T000001");
    wrong.total = alipay::Fen::new(TOTAL.get() - 1);
    let wrong = wrong.pay(chrono::Utc::now()).expect("a payment");
    world.publish(vec![traced(world.message(wrong), 1)]).await;
    let worker = world.worker();
    world.wait_for_count("dead_letter WHERE state = 'waiting'", 1);
    world.pipeline.ops(&["dlq", "replay", "--all", "--no-wait"]).expect("a replay");
    world.wait_for_count("dead_letter WHERE deaths = 2", 1);
    let letter = only_dead_letter(&world).await;
    assert_eq!(letter.headers.traceparent, Some(parent(1)));
    assert_eq!(letter.headers.tracestate.as_deref(), Some("a=1"));
    let log = worker.stderr();
    let ids = format!("trace_id={} span_id=00f067aa0ba902b7", &parent(1)[3..35]);
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(" dead-lettered ")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines.iter().all(|line| line.ends_with(&ids)), "{log}");
}
