//! SIGTERM: what was answered `success` is in the queue, and every request gets an answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use alipay::Form;
use testkit::until_async;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::broker::Broker;
use crate::client::{self, Client, post};
use crate::notification::good;
use crate::proxy::Proxy;
use crate::running::{Ingress, sandbox};

const SHOP: &str = "/alipay/shop/notify";

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_answers_all_accepted_requests() {
    let sandbox = sandbox().await;
    let mut ingress = Ingress::start(&sandbox.amqp_url).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let public = ingress.public;
    let taken = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for number in 0..16 {
        let taken = Arc::clone(&taken);
        // Posts until the connection ends; returns the ids that were answered `success`.
        clients.spawn(async move {
            let mut client = Client::connect(public).await;
            let mut successes = BTreeSet::new();
            for nth in 0.. {
                let id = format!("load-{number}-{nth}");
                if client.try_send(&post(SHOP, good(&id))).await.is_err() {
                    break;
                }
                let Some(answer) = client.answer().await else { break };
                assert_eq!((answer.status, answer.body.as_str()), (200, "success"));
                taken.fetch_add(1, Ordering::Relaxed);
                successes.insert(id);
            }
            successes
        });
    }
    until_async("under load", async || taken.load(Ordering::Relaxed) > 200).await;
    ingress.terminate();
    let mut successes = BTreeSet::new();
    while let Some(client) = clients.join_next().await {
        successes.extend(client.unwrap());
    }
    let (status, log) = ingress.wait().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(TcpStream::connect(public).await.is_err(), "still listening");

    let arrived: BTreeSet<String> = broker
        .arrived()
        .await
        .iter()
        .map(|message| {
            let form = Form::parse(message.envelope.form.as_bytes()).unwrap();
            String::from_utf8(form.get("notify_id").unwrap().to_vec()).unwrap()
        })
        .collect();
    let lost: Vec<_> = successes.difference(&arrived).collect();
    assert!(lost.is_empty(), "answered success and not in the queue: {lost:?}");
    assert!(successes.len() > 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_finishes_running_requests_and_fails_probes() {
    let sandbox = sandbox().await;
    let mut ingress = Ingress::start(&sandbox.amqp_url).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let request = post(SHOP, good("begun"));
    let mut begun = Client::connect(ingress.public).await;
    begun.send(&request[..request.len() - 1]).await;
    let mut idle = Client::connect(ingress.public).await;
    idle.send(post(SHOP, good("idle"))).await;
    assert_eq!(idle.answer().await.unwrap().body, "success");

    ingress.terminate();
    idle.closed().await;
    ingress.until_ready_says(503, "stopping").await;
    begun.send(&request[request.len() - 1..]).await;
    let answer = begun.answer().await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "success"));
    assert!(answer.head.contains("\r\nconnection: close\r\n"), "{}", answer.head);
    begun.closed().await;
    let (status, log) = ingress.wait().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(broker.arrived().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_at_its_deadline() {
    let sandbox = sandbox().await;
    let proxy = Proxy::to(&sandbox.amqp_url).await;
    let limits = [
        ("ALIPAY__INGRESS__SHUTDOWN_TIMEOUT", "500ms"),
        ("ALIPAY__INGRESS__CONFIRM_TIMEOUT", "60s"),
        ("ALIPAY__INGRESS__BODY_TIMEOUT", "60s"),
    ];
    let mut ingress = Ingress::start_with(&proxy.amqp_url, &limits).await;
    proxy.silence();
    let mut stuck = Client::connect(ingress.public).await;
    stuck.send(post(SHOP, good("stuck"))).await;
    let mut slow = Client::connect(ingress.public).await;
    slow.send(&post(SHOP, good("slow"))[..100]).await;
    until_async("in flight", async || {
        client::get(ingress.admin, "/metrics").await.body.contains("alipay_ingress_in_flight 1\n")
    })
    .await;
    let started = Instant::now();
    ingress.terminate();
    let (status, log) = ingress.wait().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
