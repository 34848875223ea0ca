//! What a publisher does when the broker or the network fails.

use std::time::Duration;

use queue::{Cluster, PublishError, PublisherSettings};
use tokio::time::{Instant, sleep, timeout};

use crate::client::{Client, LONG, Started, start, start_ready, start_with, work};
use crate::proxy::Proxy;

/// Publishes until it fails with the error, and says how long that one took to answer.
async fn publish_until(started: &Started, wanted: &PublishError) -> Duration {
    timeout(LONG, async {
        loop {
            let asked = Instant::now();
            match started.publisher.publish(work("x")).await {
                Err(error) if error == *wanted => return asked.elapsed(),
                // The end of the connection has not been noticed yet.
                Ok(()) | Err(_) => sleep(Duration::from_millis(5)).await,
            }
        }
    })
    .await
    .unwrap_or_else(|_| panic!("never {wanted:?}"))
}

async fn ready_again(started: &Started) {
    timeout(LONG, started.publisher.ready()).await.expect("ready again");
    started.publisher.publish(work("after")).await.unwrap();
}

/// Waits until the publisher has noticed, with nothing published.
async fn not_ready(started: &Started) {
    timeout(LONG, async {
        // `Publisher` signals that it is ready, not that it no longer is.
        while started.publisher.is_ready() {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("noticed");
}

#[tokio::test]
async fn a_lost_connection_is_noticed_while_idle_and_made_again() {
    let client = Client::new().await;
    let proxy = Proxy::start(&client.url).await;
    let started = start_ready(&proxy.url, 2).await;
    for _ in 0..3 {
        proxy.refuse(true);
        proxy.cut();
        not_ready(&started).await;
        assert!(
            publish_until(&started, &PublishError::NotConnected).await < Duration::from_secs(1)
        );
        let all = started.publisher.publish_all(vec![work("a"), work("b")]).await;
        assert_eq!(all, [Err(PublishError::NotConnected), Err(PublishError::NotConnected)]);
        proxy.refuse(false);
        ready_again(&started).await;
    }
    started.stop().await;
}

#[tokio::test]
async fn the_broker_closes_the_connection() {
    let client = Client::new().await;
    let proxy = Proxy::start(&client.url).await;
    let started = start_ready(&proxy.url, 1).await;
    // 320 CONNECTION_FORCED is what an operator's close sends; 200 names no error at all.
    for code in [320, 200] {
        proxy.refuse(true);
        proxy.close(code);
        not_ready(&started).await;
        publish_until(&started, &PublishError::NotConnected).await;
        proxy.refuse(false);
        ready_again(&started).await;
    }
    started.stop().await;
}

#[tokio::test]
async fn publishing_before_the_first_connection_is_answered_at_once() {
    let client = Client::new().await;
    let proxy = Proxy::start(&client.url).await;
    proxy.refuse(true);
    let started = start(&proxy.url, 2);
    let asked = Instant::now();
    assert_eq!(started.publisher.publish(work("x")).await, Err(PublishError::NotConnected));
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert!(!started.publisher.is_ready());
    proxy.refuse(false);
    ready_again(&started).await;
    started.stop().await;
}

#[tokio::test]
async fn confirms_that_do_not_come_fail_the_gathering_and_the_lane_recovers() {
    let client = Client::new().await;
    let proxy = Proxy::start(&client.url).await;
    let started = start_with(PublisherSettings {
        cluster: Cluster::at(&proxy.url).unwrap(),
        name: "test publisher".into(),
        lanes: 1,
        lane_capacity: 64,
        bundle: 1,
        confirm_timeout: Duration::from_millis(500),
    });
    timeout(LONG, started.publisher.ready()).await.expect("ready");
    proxy.swallow_acks(true);
    let answers = started.publisher.publish_all(vec![work("a"), work("b")]).await;
    assert_eq!(answers, [Err(PublishError::Timeout), Err(PublishError::Timeout)]);
    proxy.swallow_acks(false);
    ready_again(&started).await;
    // Unconfirmed is not unpublished.
    let mut bodies = client.take_bodies("alipay.notify.0", 3).await;
    bodies.sort_unstable();
    assert_eq!(bodies, ["a", "after", "b"]);
    started.stop().await;
}

/// Nothing passes and nothing is closed: only timeouts notice it.
#[tokio::test]
async fn a_frozen_network_is_noticed_and_left() {
    let client = Client::new().await;
    let proxy = Proxy::start(&client.url).await;
    let started = start_with(PublisherSettings {
        cluster: Cluster::at(&proxy.url).unwrap(),
        name: "test publisher".into(),
        lanes: 2,
        lane_capacity: 64,
        bundle: 1,
        confirm_timeout: Duration::from_millis(500),
    });
    timeout(LONG, started.publisher.ready()).await.expect("ready");
    proxy.freeze(true);
    let asked = Instant::now();
    assert_eq!(started.publisher.publish(work("x")).await, Err(PublishError::Timeout));
    publish_until(&started, &PublishError::NotConnected).await;
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    proxy.freeze(false);
    ready_again(&started).await;
    started.stop().await;
}

#[tokio::test]
async fn a_blocked_connection_refuses_quickly_until_it_is_unblocked() {
    let client = Client::new().await;
    let proxy = Proxy::start(&client.url).await;
    let started = start_ready(&proxy.url, 2).await;
    for _ in 0..2 {
        proxy.block();
        not_ready(&started).await;
        let took = publish_until(&started, &PublishError::Blocked).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
        proxy.unblock();
        ready_again(&started).await;
    }
    // Blocked while confirms are open: they get a moment, not the whole timeout.
    proxy.swallow_acks(true);
    let publisher = started.publisher.clone();
    let publishing = tokio::spawn(async move { publisher.publish(work("open")).await });
    timeout(LONG, async {
        // The broker has no signal for a depth.
        while client.depth("alipay.notify.0").await < 3 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    let asked = Instant::now();
    proxy.block();
    assert_eq!(publishing.await.unwrap(), Err(PublishError::Blocked));
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    proxy.swallow_acks(false);
    proxy.unblock();
    ready_again(&started).await;
    started.stop().await;
}

/// Also a broker that does not answer the good-bye holds nobody up for long.
#[tokio::test]
async fn stopping_takes_bounded_time() {
    let client = Client::new().await;
    let proxy = Proxy::start(&client.url).await;
    let started = start_ready(&proxy.url, 2).await;
    proxy.block();
    not_ready(&started).await;
    let asked = Instant::now();
    started.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(12), "{:?}", asked.elapsed());

    let started = start_ready(&client.url, 2).await;
    let asked = Instant::now();
    started.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}
