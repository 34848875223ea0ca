//! Actions of a broker: alarms, closed connections, silence. Each test has its own broker.

use std::sync::Arc;

use testkit::{Folder, RabbitMq, until_async};

use crate::broker::Broker;
use crate::broker_down::{CONFIRM_TIMEOUT, refused_in_time, until_taken};
use crate::running::Ingress;

async fn broker() -> RabbitMq {
    let start = || RabbitMq::start(&Arc::new(Folder::create().unwrap())).unwrap();
    tokio::task::spawn_blocking(start).await.unwrap()
}

async fn control(broker: &Arc<RabbitMq>, arguments: &'static [&'static str]) {
    let broker = broker.clone();
    tokio::task::spawn_blocking(move || broker.control(arguments)).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_alarm_gives_fail_in_time() {
    let broker = Arc::new(broker().await);
    let ingress = Ingress::start_with(&broker.url(), &[CONFIRM_TIMEOUT]).await;
    until_taken(&ingress, "before").await;
    for _ in 0..2 {
        control(&broker, &["set_vm_memory_high_watermark", "0.0000001"]).await;
        // The broker blocks a connection when it publishes: the first one finds out.
        refused_in_time(&ingress).await;
        ingress.until_ready_says(503, "broker").await;
        refused_in_time(&ingress).await;
        control(&broker, &["set_vm_memory_high_watermark", "0.7"]).await;
        ingress.until_ready_says(200, "ready").await;
        until_taken(&ingress, "after").await;
    }
    // A refused notification may still be published by a blocked broker, and Alipay repeats it.
    let arrived = Broker::connect(&broker.url()).await.arrived().await;
    assert!((2..=7).contains(&arrived.len()), "{} arrived", arrived.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_closed_by_the_broker_are_reopened() {
    let broker = Arc::new(broker().await);
    let ingress = Ingress::start_with(&broker.url(), &[CONFIRM_TIMEOUT]).await;
    for _ in 0..2 {
        until_taken(&ingress, "before").await;
        control(&broker, &["close_all_connections", "-p", "/", "for a test"]).await;
        ingress.until_ready_says(200, "ready").await;
        until_taken(&ingress, "after").await;
    }
}

/// SIGSTOP: connections stay open, and nobody answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_broker_gives_fail_and_recovers() {
    let mut broker = broker().await;
    let ingress = Ingress::start_with(&broker.url(), &[CONFIRM_TIMEOUT]).await;
    until_taken(&ingress, "before").await;
    broker.pause();
    refused_in_time(&ingress).await;
    ingress.until_ready_says(503, "broker").await;
    refused_in_time(&ingress).await;
    broker.resume();
    ingress.until_ready_says(200, "ready").await;
    until_taken(&ingress, "after").await;
}

/// An account that can only publish: nothing is declared, what is missing is logged, and work begins
/// when somebody else has declared it.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_the_right_to_declare_can_publish() {
    let broker = Arc::new(broker().await);
    control(&broker, &["add_user", "publisher", "secret"]).await;
    let permissions = ["set_permissions", "publisher", "^$", r"^alipay\.notify$", "^$"];
    let own = broker.clone();
    let set = tokio::task::spawn_blocking(move || own.control(&permissions));
    set.await.unwrap().unwrap();
    let url = broker.url().replace("guest:guest", "publisher:secret");
    for least in ["false", "true"] {
        let more = [CONFIRM_TIMEOUT, ("ALIPAY__INGRESS__LEAST_PRIVILEGE", least)];
        let ingress = Ingress::start_with(&url, &more).await;
        let says =
            "direct exchange alipay.notify, quorum queue alipay.notify.0; run `ops topology apply`";
        // RabbitMQ 4 does not allow the passive check.
        let blind = "no permission to check either";
        let told = async || ingress.log().contains(says) || ingress.log().contains(blind);
        until_async("it says what is missing", told).await;
        if !ingress.log().contains(blind) {
            ingress.until_ready_says(503, "work queue").await;
        }
        let cluster = queue::Cluster::at(&broker.url()).unwrap();
        queue::topology::apply(&cluster, queue::topology::Layout::one_shard(false)).await.unwrap();
        ingress.until_ready_says(200, "ready").await;
        until_taken(&ingress, least).await;
        let no_more = "the account at the broker can publish and do no more";
        until_async("it says so", async || ingress.log().contains(no_more)).await;
        drop(ingress);
        control(&broker, &["delete_queue", "alipay.notify.0"]).await;
        let delete = "rabbit_exchange:delete(rabbit_misc:r(<<\"/\">>, exchange, <<\"alipay.notify\">>), false, <<\"test\">>).";
        let own = broker.clone();
        let deleted = tokio::task::spawn_blocking(move || own.control(&["eval", delete]));
        deleted.await.unwrap().unwrap();
    }
}
