//! A work queue that does not take what a retry tier gives back: the tier keeps it.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::QueueDeleteOptions;
use queue::topology::{self, Layout, RetryTier};
use queue::{Headers, Message};
use testkit::{Folder, RabbitMq};
use tokio::time::{sleep, timeout};

use crate::client::{Client, LONG, Started, start_ready, work};

const WORK: &str = "alipay.notify.0";
const COUNT: usize = 40;

/// A broker of the test's own, whose retry tiers offer a refused message again after 2 seconds; by
/// default they do after 3 minutes.
async fn broker() -> RabbitMq {
    let start = || {
        let broker = RabbitMq::start(&Arc::new(Folder::create().unwrap())).unwrap();
        let soon =
            "application:set_env(rabbit, dead_letter_worker_publisher_confirm_timeout, 2000).";
        broker.control(&["eval", soon]).unwrap();
        broker
    };
    tokio::task::spawn_blocking(start).await.unwrap()
}

/// Puts numbered messages into the tier of 5 seconds, as a worker does whose orders are not there.
async fn retry(started: &Started, prefix: &str) -> Vec<String> {
    let bodies: Vec<String> = (0..COUNT).map(|number| format!("{prefix}-{number:02}")).collect();
    let retries = bodies.iter().map(|body| {
        let tier = RetryTier::FiveSeconds;
        Message {
            exchange: tier.name().to_owned(),
            headers: Headers { attempt: 1, ..work(body).headers },
            ..work(body)
        }
    });
    for answer in started.publisher.publish_all(retries.collect()).await {
        answer.unwrap();
    }
    bodies
}

/// Waits until everything has expired and was offered at least once: it still is in its tier.
async fn all_are_kept(broker: &RabbitMq) {
    // Nothing reports an offer that the queue refused: only the time of the tier and some more is known.
    sleep(RetryTier::FiveSeconds.delay() + Duration::from_secs(3)).await;
    let queues = broker.control(&["list_queues", "name", "messages"]).unwrap();
    assert!(queues.contains(&format!("alipay.retry.5s\t{COUNT}")), "{queues}");
}

/// Takes them from the work queue; each at least once, no other, and with its headers.
async fn all_arrive(client: &Client, bodies: &[String]) {
    let arrive = async {
        let mut missing: Vec<&str> = bodies.iter().map(String::as_str).collect();
        while !missing.is_empty() {
            let received = client.take(WORK).await;
            assert_eq!(received.headers.attempt, 1);
            let body = String::from_utf8(received.body).unwrap();
            assert!(bodies.contains(&body), "{body}");
            missing.retain(|other| *other != body);
        }
    };
    timeout(LONG, arrive).await.expect("everything arrives");
}

#[tokio::test]
async fn a_tier_keeps_what_its_target_refuses_and_gives_it_back_later() {
    let broker = broker().await;
    let client = Client::at(broker.url()).await;
    topology::apply(&client.cluster(), Layout::one_shard(false)).await.unwrap();
    let started = start_ready(&client.url, 1).await;

    // Full: it refuses every publisher, a tier too. What is taken out makes room again. (On RabbitMQ
    // 3.10 the end of the policy alone does not: publishers are not told of it.)
    let full = r#"{"max-length": 10, "overflow": "reject-publish"}"#;
    broker.control(&["set_policy", "full", "^alipay.notify.0$", full]).unwrap();
    let mut taken = 0;
    while started.publisher.publish(work("first")).await.is_ok() {
        taken += 1;
        assert!(taken < 100, "the limit is not in force");
    }
    let bodies = retry(&started, "full").await;
    all_are_kept(&broker).await;
    assert_eq!(client.depth(WORK).await, taken, "something came past the limit");
    client.take_bodies(WORK, taken as usize).await;
    all_arrive(&client, &bodies).await;
    broker.control(&["clear_policy", "full"]).unwrap();

    // Gone: nothing takes what is published.
    let bodies = retry(&started, "gone").await;
    let options = QueueDeleteOptions::default();
    client.channel.queue_delete(WORK.into(), options).await.unwrap();
    all_are_kept(&broker).await;
    topology::apply(&client.cluster(), Layout::one_shard(false)).await.unwrap();
    all_arrive(&client, &bodies).await;
    assert_eq!(client.depth("alipay.retry.5s").await, 0);
    started.stop().await;
}
