//! What `/metrics` shows of a running system, against the list of all metrics, which docs/metrics.md explains.

use std::collections::BTreeMap;

use service::metric;
use testkit::{Sandbox, http, until};

use crate::Worker;
use crate::world::{CONFIG, World};

/// The kinds of the metrics of ours in Prometheus' text, by name.
fn kinds(text: &str) -> BTreeMap<String, String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let pairs = types.filter_map(|line| line.split_once(' '));
    let ours = pairs.filter(|(name, _)| !name.starts_with("process_"));
    ours.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

/// Every program shows metrics of the list alone, with their kind and meaning.
fn assert_in_the_list(text: &str) {
    for (name, kind) in kinds(text) {
        let metric = metric::ALL.iter().find(|metric| metric.name == name);
        let metric = metric.unwrap_or_else(|| panic!("{name} is not in the list"));
        assert_eq!(metric.kind.to_string(), kind, "{name}");
        assert!(text.contains(&format!("# HELP {name} {}", metric.help)), "{name}");
    }
    assert!(text.contains("process_resident_memory_bytes "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_system_shows_the_metrics_of_the_list() {
    let mut world = World::on(Sandbox::new(), CONFIG, 1);
    let pipeline = world.pipeline.with(&[("ALIPAY__INGRESS__ADMIN_LISTEN", "127.0.0.1:0")]);
    let (_ingress, line) = pipeline.start("ingress", &[]);
    let of_the_ingress = format!("http://{}/metrics", line.value("admin"));
    let to = format!("http://{}/alipay/shop/notify", line.value("listen"));
    let worker = Worker::start(&world, &[("ALIPAY__EVENTS__ENABLED", "true")]);
    world.place_orders("M", 1);
    let arguments = ["--total", "10.00", "--to", &to];
    world.pipeline.at_alipay("pay", "shop", "M000001", &arguments).expect("a payment");
    world.wait_for_count("user_order WHERE is_send_goods", 1);
    let committed = format!("{}_count", metric::WORKER_SUCCESS_TO_COMMIT);
    until("it is counted", || worker.metric(&committed) == 1.0);
    until("the event is published", || {
        worker.metric(&format!("{}{{outcome=\"published\"}}", metric::WORKER_EVENTS)) >= 1.0
    });
    until("what waits is counted", || worker.get("/metrics").contains(metric::WORKER_OLDEST_EVENT));

    let text = http::get(&of_the_ingress).expect("the admin endpoint").body;
    assert_in_the_list(&text);
    for name in [
        metric::BUILD_INFO,
        metric::TOKIO_TASKS,
        metric::INGRESS_REQUESTS,
        metric::INGRESS_REQUEST_SECONDS,
        metric::INGRESS_CONFIRM_SECONDS,
        metric::INGRESS_CONNECTIONS,
        metric::QUEUE_CONNECTIONS,
        metric::QUEUE_PUBLISHED,
        metric::QUEUE_PUBLISHER_READY,
    ] {
        assert!(kinds(&text).contains_key(name), "{name}: {text}");
    }

    let text = worker.get("/metrics");
    assert_in_the_list(&text);
    for name in [
        metric::BUILD_INFO,
        metric::WORKER_MESSAGES,
        metric::WORKER_NOTIFY_LAG,
        metric::WORKER_BATCH_SECONDS,
        metric::WORKER_DATABASE_CONNECTIONS,
        metric::WORKER_OLDEST_MESSAGE,
        metric::WORKER_OPEN_REVIEWS,
        metric::WORKER_OLDEST_OPEN_REVIEW,
        metric::WORKER_AWAITING_STOCK,
        metric::WORKER_CLOCK_AHEAD,
    ] {
        assert!(kinds(&text).contains_key(name), "{name}: {text}");
    }
    // The bucket that the alarm AlipayPromiseIsSlow reads.
    let minute = format!("{}_bucket{{le=\"60\"}}", metric::WORKER_SUCCESS_TO_COMMIT);
    assert_eq!(worker.metric(&minute), 1.0, "{text}");
}
