//! The admin endpoint over a real socket.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use config::Config;
use config::summary::ConfigSummary;
use service::admin::{self, Readiness};
use service::telemetry::Metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// Sends one request and returns the whole answer.
async fn ask(address: std::net::SocketAddr, line: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn live_ready_and_metrics() {
    let metrics = Metrics::install("test", "1.2.3").unwrap();
    metrics::counter!("admin_test_total", "outcome" => "success").increment(3);
    metrics::histogram!("admin_test_seconds").record(0.003);
    let free_port = "127.0.0.1:0".parse().unwrap();
    let (listener, address) = admin::bind("worker.admin_listen", free_port).await.unwrap();
    let broker = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&broker);
    let readiness =
        move || Readiness::of(&[("broker", asked.load(Ordering::Relaxed)), ("disk", true)]);
    let config = Config::load_from(None, []).unwrap();
    let summary = move || ConfigSummary::of("worker", &config);
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(admin::serve(listener, readiness, summary, metrics, shutdown.clone()));

    assert!(ask(address, "GET /livez").await.starts_with("HTTP/1.1 200 "));
    let answer = ask(address, "GET /readyz").await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("not ready: broker"),
        "{answer}"
    );
    broker.store(true, Ordering::Relaxed);
    let answer = ask(address, "GET /readyz").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nready"), "{answer}");
    let answer = ask(address, "GET /metrics").await;
    assert!(answer.contains("admin_test_total{outcome=\"success\"} 3"), "{answer}");
    assert!(answer.contains("admin_test_seconds_bucket{le=\"0.004\"} 1"), "{answer}");
    let answer = ask(address, "POST /readyz").await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: GET"), "{answer}");
    let answer = ask(address, "GET /config").await;
    let summary: ConfigSummary =
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!((summary.program.as_str(), summary.merchants.len()), ("worker", 0));
    assert!(ask(address, "GET /").await.starts_with("HTTP/1.1 404 "));

    shutdown.cancel();
    task.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "still listening");
}
