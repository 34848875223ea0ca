//! Many connections and many refused requests: correct requests are still answered.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use testkit::until_async;

use crate::client::{self, Client, post};
use crate::notification::good;
use crate::running::{Ingress, sandbox};

const SHOP: &str = "/alipay/shop/notify";

/// An address of this machine that is not loopback, where it has one.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent.
    socket.connect("198.51.100.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// A request as a proxy hands it on.
fn forwarded(path: &str, body: &str, client: &str) -> Vec<u8> {
    let request = String::from_utf8(post(path, body)).unwrap();
    let (first, rest) = request.split_once("\r\n").unwrap();
    format!("{first}\r\nX-Forwarded-For: {client}\r\n{rest}").into_bytes()
}

async fn metric(ingress: &Ingress, name: &str) -> u64 {
    let metrics = client::get(ingress.admin, "/metrics").await.body;
    let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.map_or(0, |number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_idle_connection_is_closed_first() {
    let sandbox = sandbox().await;
    let ingress =
        Ingress::start_with(&sandbox.amqp_url, &[("ALIPAY__INGRESS__MAX_CONNECTIONS", "2")]).await;
    let request = post(SHOP, good("limit"));
    let mut first = Client::connect(ingress.public).await;
    let mut second = Client::connect(ingress.public).await;
    for client in [&mut first, &mut second] {
        client.send(&request).await;
        assert_eq!(client.answer().await.unwrap().body, "success");
    }
    let started = Instant::now();
    let mut third = Client::connect(ingress.public).await;
    third.send(&request).await;
    assert_eq!(third.answer().await.unwrap().body, "success");
    // Idle connections end after 5 s by themselves.
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    first.closed().await;
    second.send(&request).await;
    assert_eq!(second.answer().await.unwrap().body, "success");
    assert_eq!(metric(&ingress, "alipay_ingress_connections_closed_total{why=\"full\"}").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_new_connection_is_closed_after_a_second() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start(&sandbox.amqp_url).await;
    let started = Instant::now();
    let mut silent = Client::connect(ingress.public).await;
    silent.closed().await;
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(
        metric(&ingress, "alipay_ingress_connections_closed_total{why=\"no_first_byte\"}").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_host_cannot_use_all_connections() {
    let Some(own) = own_address() else {
        eprintln!("not tested: this machine has no address but loopback");
        return;
    };
    let sandbox = sandbox().await;
    let limits = [
        ("ALIPAY__INGRESS__LISTEN", "0.0.0.0:0"),
        ("ALIPAY__INGRESS__MAX_CONNECTIONS", "100"),
        ("ALIPAY__INGRESS__MAX_CONNECTIONS_PER_PEER", "4"),
        ("ALIPAY__INGRESS__HEADER_TIMEOUT", "60s"),
        ("ALIPAY__INGRESS__FIRST_BYTE_TIMEOUT", "60s"),
    ];
    let ingress = Ingress::start_with(&sandbox.amqp_url, &limits).await;
    let port = ingress.public.port();
    let mut hostile = Vec::new();
    for _ in 0..20 {
        let mut client = Client::connect(SocketAddr::new(own, port)).await;
        client.send("POST /alipay/shop/notify HTTP/1.1\r\n").await;
        hostile.push(client);
    }
    // Each replaces the oldest connection of its own host.
    for client in &mut hostile[..16] {
        client.closed().await;
    }
    let closed = "alipay_ingress_connections_closed_total{why=\"peer_limit\"}";
    assert_eq!(metric(&ingress, closed).await, 16);
    assert_eq!(metric(&ingress, "alipay_ingress_connections").await, 4);
    // This machine, where the proxy is, has no limit.
    let local = SocketAddr::new([127, 0, 0, 1].into(), port);
    let mut many = Vec::new();
    for _ in 0..20 {
        let mut client = Client::connect(local).await;
        client.send(post(SHOP, good("many"))).await;
        assert_eq!(client.answer().await.unwrap().body, "success");
        many.push(client);
    }
    assert_eq!(metric(&ingress, closed).await, 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_body_is_dropped_for_a_new_one() {
    let sandbox = sandbox().await;
    let limits =
        [("ALIPAY__INGRESS__MAX_BODY_MEMORY", "65536"), ("ALIPAY__INGRESS__BODY_TIMEOUT", "60s")];
    let ingress = Ingress::start_with(&sandbox.amqp_url, &limits).await;
    let stalled = post(SHOP, "x".repeat(65_500));
    let mut hostile = Client::connect(ingress.public).await;
    hostile.send(&stalled[..stalled.len() - 1]).await;
    until_async("all of it has arrived", async || {
        metric(&ingress, "alipay_ingress_body_bytes").await == 65_499
    })
    .await;
    // The next body of that size fits only after the first one is closed.
    let mut second = Client::connect(ingress.public).await;
    second.send(&stalled[..stalled.len() - 1]).await;
    hostile.closed().await;
    second.send(&stalled[stalled.len() - 1..]).await;
    assert_eq!(second.answer().await.unwrap().status, 400);
    assert_eq!(
        metric(&ingress, "alipay_ingress_connections_closed_total{why=\"body_memory\"}").await,
        1
    );
    assert_eq!(ingress.post(SHOP, good("after")).await.body, "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_refused_too_often_is_no_longer_read() {
    let sandbox = sandbox().await;
    let limit = [("ALIPAY__INGRESS__MAX_REFUSED_PER_MINUTE", "5")];
    let ingress = Ingress::start_with(&sandbox.amqp_url, &limit).await;
    let (stranger, alipay) = ("203.0.113.7", "198.51.100.5");
    let genuine = async |client: &str| {
        client::ask(ingress.public, forwarded(SHOP, &good("genuine"), client)).await
    };
    assert_eq!(genuine(alipay).await.body, "success");
    let wrong = async |client: &str| {
        client::ask(ingress.public, forwarded(SHOP, "a=1&sign=x", client)).await.status
    };
    for _ in 0..5 {
        assert_eq!((wrong(stranger).await, wrong(alipay).await), (400, 400));
    }
    // A minute may have ended in between: then the count begins again.
    let mut more = 0;
    while wrong(stranger).await != 429 {
        more += 1;
        assert!(more < 12, "no limit");
    }
    let answer = genuine(stranger).await;
    assert_eq!((answer.status, answer.body.as_str()), (429, "fail"));
    assert!(ingress.answers("fail", "too_many_refused").await >= 2);
    // Other clients are not affected, and a client that has sent a genuine notification has no limit.
    assert_eq!(genuine("203.0.113.8").await.body, "success");
    for _ in 0..10 {
        assert_eq!(wrong(alipay).await, 400);
    }
    assert_eq!(genuine(alipay).await.body, "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_refusals_are_summarised_in_the_log() {
    let sandbox = sandbox().await;
    let mut ingress = Ingress::start(&sandbox.amqp_url).await;
    for _ in 0..200 {
        assert_eq!(ingress.post(SHOP, "a=1&sign=x").await.status, 400);
    }
    assert_eq!(ingress.answers("fail", "bad_signature").await, 200);
    ingress.terminate();
    let (_, log) = ingress.wait().await;
    let lines = log.lines().filter(|line| line.contains("refused merchant=\"shop\"")).count();
    // Ten, or twenty where a minute ended in between.
    assert!((10..=20).contains(&lines), "{lines} lines\n{log}");
    let left_out: u64 = log
        .lines()
        .filter(|line| line.contains("refused more like these"))
        .filter_map(|line| line.split("number=").nth(1)?.split(' ').next()?.parse::<u64>().ok())
        .sum();
    assert_eq!(left_out, 200 - u64::try_from(lines).unwrap(), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_notify_url_is_logged() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start(&sandbox.amqp_url).await;
    for (path, number) in [
        ("/alipay/shop/notify/", 1),
        ("/alipay/shop//notify", 2),
        ("//alipay/shop/notify", 3),
        ("/alipay/nobody/notify", 4),
        ("/", 4),
        ("/wp-login.php", 4),
    ] {
        assert_eq!(ingress.post(path, good("lost")).await.status, 404, "{path}");
        assert_eq!(metric(&ingress, "alipay_ingress_unknown_paths_total").await, number, "{path}");
    }
    let told = async || ingress.log().contains("/alipay/nobody/notify");
    until_async("the last path", told).await;
    let log = ingress.log();
    assert!(log.contains("/alipay/shop//notify") && log.contains("notify URL"), "{log}");
    assert!(!log.contains("wp-login"), "{log}");
}
