//! A work queue that was full by a policy, which is taken away.

use std::sync::Arc;

use queue::topology::Layout;
use queue::{PublishError, Publisher};
use testkit::{Folder, RabbitMq};
use tokio::time::{Instant, sleep};

use crate::client::{Client, LONG, start_ready, work};

/// Publishes until it is confirmed.
async fn until(publisher: &Publisher, what: &str, wanted: Result<(), PublishError>) {
    let began = Instant::now();
    loop {
        let answer = publisher.publish(work(what)).await;
        if answer == wanted {
            return;
        }
        assert!(began.elapsed() < LONG, "{what}: {answer:?}");
        // The broker has no signal for a policy that has come into force.
        sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Whatever the operator does with the policy: a lane with its channel must take the queue for free again.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_not_full_any_more_is_published_to() {
    let start = || RabbitMq::start(&Arc::new(Folder::create().unwrap())).unwrap();
    let broker = tokio::task::spawn_blocking(start).await.unwrap();
    let client = Client::at(broker.url()).await;
    queue::topology::apply(&client.cluster(), Layout::one_shard(false)).await.unwrap();
    let started = start_ready(&broker.url(), 1).await;
    let control = async |arguments: &'static [&'static str]| {
        tokio::task::block_in_place(|| broker.control(arguments)).unwrap();
    };
    let full = &[
        "set_policy",
        "limit",
        "^alipay.notify.0$",
        r#"{"max-length":2,"overflow":"reject-publish"}"#,
    ];
    let larger = &[
        "set_policy",
        "limit",
        "^alipay.notify.0$",
        r#"{"max-length":100000,"overflow":"reject-publish"}"#,
    ];
    let other = &["set_policy", "limit", "^alipay.notify.0$", r#"{"delivery-limit":2000000000}"#];
    let without = &["clear_policy", "limit"];
    for freed in [&without[..], other, larger] {
        control(full).await;
        until(&started.publisher, "full", Err(PublishError::Nacked)).await;
        control(freed).await;
        until(&started.publisher, "free", Ok(())).await;
    }
    started.stop().await;
}
