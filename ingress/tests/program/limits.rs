//! Slow and hostile clients.

use std::time::{Duration, Instant};
use testkit::until_async;

use crate::broker::Broker;
use crate::client::{self, Client, post, post_chunked};
use crate::notification::{SHOP_SELLER, good, mapi_form, md5, signed};
use crate::proxy::Proxy;
use crate::running::{Ingress, sandbox};

const SHOP: &str = "/alipay/shop/notify";

/// A valid notification of exactly this many bytes.
fn good_of(length: usize) -> String {
    let with_padding = |padding: usize| {
        let mut form = mapi_form("big", SHOP_SELLER);
        form.set("body", "x".repeat(padding));
        signed(form, &md5()).encode()
    };
    let padding = length - with_padding(0).len();
    // "&body=" is part of the empty one already: each byte of padding is one byte more.
    let body = with_padding(padding);
    assert_eq!(body.len(), length);
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_above_64_kib_is_refused() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start(&sandbox.amqp_url).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    assert_eq!(ingress.post(SHOP, good_of(65_536)).await.body, "success");
    let chunked = post_chunked(SHOP, good_of(65_536), 1000);
    assert_eq!(client::ask(ingress.public, chunked).await.body, "success");
    assert_eq!(broker.arrived().await.len(), 2);

    let chunked = post_chunked(SHOP, good_of(65_537), 1000);
    for request in [post(SHOP, good_of(65_537)), chunked, post(SHOP, "x".repeat(900_000))] {
        let answer = client::ask(ingress.public, request).await;
        assert_eq!((answer.status, answer.body.as_str()), (413, "fail"));
    }
    // The rest of a body that is still on its way is read before the answer: a connection that is closed
    // while it holds unread bytes is reset, and the reset can overtake the answer.
    let request = post(SHOP, "x".repeat(900_000));
    let (half, rest) = request.split_at(400_000);
    let mut client = Client::connect(ingress.public).await;
    client.send(half).await;
    let early = tokio::time::timeout(Duration::from_millis(200), client.answer()).await;
    assert!(early.is_err(), "answered while the body was sent: {early:?}");
    client.send(rest).await;
    assert_eq!(client.answer().await.unwrap().status, 413);
    // Refused because of its announced length.
    let mut client = Client::connect(ingress.public).await;
    client
        .send(format!(
            "POST {SHOP} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: 10000000000\r\nExpect: 100-continue\r\n\r\n"
        ))
        .await;
    assert_eq!(client.answer().await.unwrap().status, 413);
    assert_eq!(ingress.answers("fail", "body_too_large").await, 5);
    assert_eq!(broker.arrived().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_limit_is_configurable() {
    let sandbox = sandbox().await;
    let ingress =
        Ingress::start_with(&sandbox.amqp_url, &[("ALIPAY__INGRESS__MAX_BODY", "1000")]).await;
    assert_eq!(ingress.post(SHOP, good_of(1000)).await.status, 200);
    assert_eq!(ingress.post(SHOP, good_of(1001)).await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_incomplete_requests_time_out() {
    let sandbox = sandbox().await;
    let short =
        [("ALIPAY__INGRESS__BODY_TIMEOUT", "300ms"), ("ALIPAY__INGRESS__HEADER_TIMEOUT", "300ms")];
    let ingress = Ingress::start_with(&sandbox.amqp_url, &short).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let request = post(SHOP, good("slow"));

    let mut slow = Client::connect(ingress.public).await;
    slow.send(&request[..request.len() - 1]).await;
    let answer = slow.answer().await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (400, "fail"));
    slow.closed().await;
    assert_eq!(ingress.answers("fail", "body_timeout").await, 1);

    let mut half = Client::connect(ingress.public).await;
    half.send(&request[..request.len() - 1]).await;
    drop(half);
    // Nobody reads the answer, but the request is counted.
    until_async("body_incomplete is counted", async || {
        ingress.answers("fail", "body_incomplete").await == 1
    })
    .await;

    let mut head = Client::connect(ingress.public).await;
    head.send(b"POST /alipay/shop/notify HTTP/1.1\r\nHost: x\r\n").await;
    head.closed().await;
    let mut silent = Client::connect(ingress.public).await;
    silent.closed().await;
    assert_eq!(broker.arrived().await.len(), 0);
    assert_eq!(ingress.post(SHOP, good("after")).await.body, "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_and_malformed_heads_are_refused() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start(&sandbox.amqp_url).await;
    let large = format!("POST {SHOP} HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    for request in
        [large.as_bytes(), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 rubbish\r\n\r\n"]
    {
        let mut client = Client::connect(ingress.public).await;
        client.send(request).await;
        if let Some(answer) = client.answer().await {
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
        client.closed().await;
    }
    assert_eq!(ingress.post(SHOP, good("after")).await.body, "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_closed_at_its_maximum_age() {
    let sandbox = sandbox().await;
    let ingress =
        Ingress::start_with(&sandbox.amqp_url, &[("ALIPAY__INGRESS__CONNECTION_TIMEOUT", "500ms")])
            .await;
    let mut client = Client::connect(ingress.public).await;
    client.send(post(SHOP, good("first"))).await;
    assert_eq!(client.answer().await.unwrap().body, "success");
    let started = Instant::now();
    client.closed().await;
    // The header timeout of 5 s would close it as well, but later.
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_beyond_the_limit_are_refused_at_once() {
    let sandbox = sandbox().await;
    let proxy = Proxy::to(&sandbox.amqp_url).await;
    let limits =
        [("ALIPAY__INGRESS__MAX_IN_FLIGHT", "3"), ("ALIPAY__INGRESS__CONFIRM_TIMEOUT", "3s")];
    let ingress = Ingress::start_with(&proxy.amqp_url, &limits).await;
    proxy.silence();
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect(ingress.public).await;
        client.send(post(SHOP, good("waits"))).await;
        waiting.push(client);
    }
    until_async("three in flight", async || {
        client::get(ingress.admin, "/metrics").await.body.contains("alipay_ingress_in_flight 3\n")
    })
    .await;
    let answer = ingress.post(SHOP, good("too many")).await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "fail"));
    assert_eq!(ingress.answers("fail", "overloaded").await, 1);
    for mut client in waiting {
        let answer = client.answer().await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (503, "fail"));
    }
    // Clients that disconnect also free their places.
    assert!(
        client::get(ingress.admin, "/metrics").await.body.contains("alipay_ingress_in_flight 0\n")
    );
}
