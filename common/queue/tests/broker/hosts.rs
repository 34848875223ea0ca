//! Several hosts: two lines to one broker stand for two nodes of a cluster.

use std::time::Duration;

use queue::topology::Layout;
use queue::{Cluster, Connection, ConnectionSettings, topology};
use testkit::FaultProxy;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

use crate::client::{Client, LONG, start_ready, work};
use crate::relay::Relay;

/// How long answers may be missing after the host in use is gone; it takes some 200 ms.
const GAP: Duration = Duration::from_secs(5);

async fn open(urls: &str) -> Connection {
    let settings = ConnectionSettings::new(&Cluster::at(urls).unwrap(), "test");
    Connection::open(&settings).await.unwrap()
}

#[tokio::test]
async fn a_host_that_is_down_or_silent_is_passed_over() {
    let client = Client::empty().await;
    let vhost = client.url.rsplit_once('/').unwrap().1;
    // Takes connections and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("amqp://guest:guest@{}/{vhost}", listener.local_addr().unwrap());
    let down = format!("amqp://guest:sesame@127.0.0.1:1/{vhost}");
    let unknown = format!("amqp://guest:sesame@no-such-host.invalid/{vhost}");
    // In random order: often enough that each is first once.
    for _ in 0..10 {
        open(&[down.as_str(), &unknown, &client.url].join(",")).await.close().await;
    }
    for _ in 0..4 {
        open(&[silent.as_str(), &client.url].join(",")).await.close().await;
    }
    let nobody = Cluster::at(&[down.as_str(), &unknown].join(",")).unwrap();
    let refused = Connection::open(&ConnectionSettings::new(&nobody, "test")).await;
    let text = refused.unwrap_err().to_string();
    for word in ["127.0.0.1:1 as \"guest\"", "no-such-host.invalid:5672 as \"guest\""] {
        assert!(text.contains(word) && !text.contains("sesame"), "{text}");
    }
}

#[tokio::test]
async fn a_name_with_several_addresses_and_an_ipv6_address_work() {
    let client = Client::empty().await;
    let url = url::Url::parse(&client.url).unwrap();
    let port = url.port().unwrap();
    let vhost = url.path();
    // localhost is ::1 and 127.0.0.1 on most machines, and only one of them has the broker.
    open(&format!("amqp://guest:guest@localhost:{port}{vhost}")).await.close().await;
    if let Some(relay) = Relay::on_ipv6(("127.0.0.1", port)).await {
        let own = relay.port();
        open(&format!("amqp://guest:guest@[::1]:{own}{vhost}")).await.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_goes_on_at_another_host_when_the_one_in_use_dies() {
    let client = Client::new().await;
    let lines = [(); 2].map(|()| FaultProxy::in_front_of(&client.url).unwrap());
    let urls = lines.each_ref().map(|line| line.url(&client.url)).join(",");
    let started = start_ready(&urls, 2).await;

    // Each line dies once: so the one in use does.
    for (round, line) in lines.iter().enumerate() {
        line.cut();
        let died = Instant::now();
        let mut number = 0;
        timeout(LONG, async {
            while started.publisher.publish(work(&format!("{round}-{number}"))).await.is_err() {
                number += 1;
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("published again");
        let gap = died.elapsed();
        assert!(gap < GAP, "{gap:?}");
        timeout(LONG, started.publisher.ready()).await.expect("ready again");
        line.resume();
    }
    // What needs a connection of its own goes on, too.
    lines[0].cut();
    let cluster = Cluster::at(&urls).unwrap();
    assert_eq!(topology::apply(&cluster, Layout::one_shard(true)).await.unwrap(), []);
    started.stop().await;
}
