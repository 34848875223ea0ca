//! A broker that is away, silent, or emptied: `fail` in time, and recovery without a restart.

use std::time::{Duration, Instant};
use testkit::until_async;

use crate::broker::Broker;
use crate::notification::good;
use crate::proxy::Proxy;
use crate::running::{Ingress, sandbox};

pub(crate) const SHOP: &str = "/alipay/shop/notify";
pub(crate) const CONFIRM_TIMEOUT: (&str, &str) = ("ALIPAY__INGRESS__CONFIRM_TIMEOUT", "1s");

/// POSTs until it is answered `success`; everything before is `fail` with 503.
pub(crate) async fn until_taken(ingress: &Ingress, notify_id: &str) {
    until_async("taken again", async || {
        let answer = ingress.post(SHOP, good(notify_id)).await;
        assert!(matches!((answer.status, answer.body.as_str()), (200, "success") | (503, "fail")));
        answer.status == 200
    })
    .await;
}

/// POSTs once, which must be refused, and in time.
pub(crate) async fn refused_in_time(ingress: &Ingress) {
    let started = Instant::now();
    let answer = ingress.post(SHOP, good("refused")).await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "fail"));
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ingress_starts_without_a_broker() {
    let sandbox = sandbox().await;
    let proxy = Proxy::to(&sandbox.amqp_url).await;
    proxy.cut();
    // Says that it is ready anyway: it listens, and answers.
    let ingress = Ingress::start_with(&proxy.amqp_url, &[CONFIRM_TIMEOUT]).await;
    ingress.until_ready_says(503, "broker, work queue").await;
    refused_in_time(&ingress).await;
    assert_eq!(ingress.answers("fail", "broker_unavailable").await, 1);

    proxy.mend();
    ingress.until_ready_says(200, "ready").await;
    until_taken(&ingress, "later").await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    assert_eq!(broker.arrived().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_fail_while_the_broker_is_away_and_success_afterwards() {
    let sandbox = sandbox().await;
    let proxy = Proxy::to(&sandbox.amqp_url).await;
    let ingress = Ingress::start_with(&proxy.amqp_url, &[CONFIRM_TIMEOUT]).await;
    ingress.until_ready_says(200, "ready").await;
    for _ in 0..2 {
        proxy.cut();
        ingress.until_ready_says(503, "broker").await;
        refused_in_time(&ingress).await;
        proxy.mend();
        ingress.until_ready_says(200, "ready").await;
        until_taken(&ingress, "later").await;
    }
    assert_eq!(ingress.answers("success", "").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_stops_answering_gives_fail_in_time() {
    let sandbox = sandbox().await;
    let proxy = Proxy::to(&sandbox.amqp_url).await;
    let ingress = Ingress::start_with(&proxy.amqp_url, &[CONFIRM_TIMEOUT]).await;
    proxy.silence();
    refused_in_time(&ingress).await;
    assert_eq!(ingress.answers("fail", "confirm_timeout").await, 1);
    proxy.mend();
    until_taken(&ingress, "later").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_queue_is_declared_again() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start_with(&sandbox.amqp_url, &[CONFIRM_TIMEOUT]).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    until_taken(&ingress, "before").await;
    broker.delete_work_queue().await;
    // Without `mandatory` this one would be answered `success`, and lost.
    refused_in_time(&ingress).await;
    until_taken(&ingress, "after").await;
    assert_eq!(broker.arrived().await.len(), 1);
    ingress.until_ready_says(200, "ready").await;
}
