//! What the publisher counts.

use metrics_exporter_prometheus::PrometheusBuilder;
use queue::Message;

use crate::client::{Client, start_ready, work};

#[test]
fn every_answer_is_counted_once() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    // A local recorder sees one thread: everything runs on it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let client = Client::new().await;
            let started = start_ready(&client.url, 2).await;
            assert!(
                metrics.render().contains("alipay_queue_publisher_ready 1"),
                "{}",
                metrics.render()
            );
            let lost = Message { routing_key: "no such shard".into(), ..work("lost") };
            let long = Message { routing_key: "x".repeat(256), ..work("long") };
            let messages = vec![work("a"), lost, work("b"), long.clone()];
            started.publisher.publish_all(messages).await;
            started.publisher.publish(long).await.unwrap_err();
            let publisher = started.publisher.clone();
            started.stop().await;
            publisher.publish(work("late")).await.unwrap_err();
            publisher.publish_all(vec![work("late")]).await;
        });
    });
    let text = metrics.render();
    for line in [
        "alipay_queue_published_total{outcome=\"confirmed\"} 2",
        "alipay_queue_published_total{outcome=\"returned\"} 1",
        "alipay_queue_published_total{outcome=\"too_long\"} 2",
        "alipay_queue_published_total{outcome=\"not_connected\"} 2",
        "alipay_queue_publisher_ready 0",
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
}
