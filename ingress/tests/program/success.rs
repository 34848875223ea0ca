//! Notifications that are taken.

use alipay::{Charset, Form, Protocol, PublicKey, SignType, Verifier};
use queue::MessageKind;

use testkit::{FakeGateway, Reply};

use crate::broker::Broker;
use crate::client::{self, Client};
use crate::notification::{
    ALIPAY_PUBLIC_KEY, MD5_KEY, RSA_SELLER, SHOP_SELLER, good, mapi_form, md5, openapi_form, rsa,
    rsa2, signed,
};
use crate::running::{Ingress, sandbox, shop};

#[tokio::test(flavor = "multi_thread")]
async fn the_message_is_queued_before_success_is_answered() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start(&sandbox.amqp_url).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let before = chrono::Utc::now();
    let body = good("n1");
    let answer = ingress.post("/alipay/shop/notify", &body).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "success"));
    assert!(answer.head.contains("\r\ncontent-type: text/plain\r\n"), "{}", answer.head);

    let arrived = broker.arrived().await;
    assert_eq!(arrived.len(), 1);
    let (envelope, received) = (&arrived[0].envelope, &arrived[0].received);
    assert_eq!((envelope.version, envelope.merchant.as_str()), (1, "shop"));
    assert_eq!((envelope.kind, envelope.charset), (MessageKind::TradeStatus, Charset::Utf8));
    assert!(before <= envelope.received_at && envelope.received_at <= chrono::Utc::now());
    assert_eq!(envelope.form, body);
    assert_eq!(envelope.key, Some(alipay::Md5Key::new(MD5_KEY).fingerprint()));
    let form = Form::parse(body.as_bytes()).unwrap();
    assert_eq!(received.message_id, queue::message_id("shop", MessageKind::TradeStatus, &form));
    assert_eq!((received.exchange.as_str(), received.routing_key.as_str()), ("alipay.notify", "0"));
    assert_eq!(received.headers.attempt, 0);
    assert!(received.headers.traceparent.as_deref().unwrap().starts_with("00-"));
    assert_eq!(arrived[0].properties.delivery_mode(), &Some(2), "not persistent");
    assert_eq!(ingress.answers("success", "").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gbk_body_is_queued_byte_for_byte() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start(&sandbox.amqp_url).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let mut form = openapi_form("n2");
    form.set("charset", "GBK");
    form.set("subject", Charset::Gbk.encode("测试商品").unwrap());
    let form = signed(form, &rsa2());
    // Some senders leave bytes above 127 unescaped.
    let escaped = form.encode();
    let subject = Form::from_pairs([("subject", form.get("subject").unwrap())]).encode();
    let at = escaped.find(&subject).unwrap();
    let mut raw = escaped.as_bytes()[..at].to_vec();
    raw.extend_from_slice(b"subject=");
    raw.extend_from_slice(form.get("subject").unwrap());
    raw.extend_from_slice(&escaped.as_bytes()[at + subject.len()..]);

    for body in [escaped.as_bytes(), &raw] {
        let answer = ingress.post("/alipay/app/notify", body).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "success"));
    }
    let key = PublicKey::read(ALIPAY_PUBLIC_KEY).unwrap();
    let verifier =
        Verifier::new(Protocol::Openapi, vec![SignType::Rsa2], Vec::new(), vec![key]).unwrap();
    let arrived = broker.arrived().await;
    assert_eq!(arrived.len(), 2);
    for message in &arrived {
        assert_eq!(message.envelope.charset, Charset::Gbk);
        assert!(message.envelope.form.is_ascii());
        let form = Form::parse(message.envelope.form.as_bytes()).unwrap();
        verifier.verify(&form, &[], chrono::Utc::now()).unwrap();
        let subject = message.envelope.charset.decode(form.get("subject").unwrap()).unwrap();
        assert_eq!(subject, "测试商品");
    }
    assert_eq!(arrived[0].received.message_id, arrived[1].received.message_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_batch_refund_needs_no_seller() {
    let sandbox = sandbox().await;
    let gateway = FakeGateway::start(Reply::text("true")).unwrap();
    let asked = ("ALIPAY__MERCHANTS__RSA__GATEWAY", gateway.url.as_str());
    let ingress = Ingress::start_with(&sandbox.amqp_url, &[asked]).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let form = Form::from_pairs([
        ("notify_time", "2026-11-23 12:00:05"),
        ("notify_type", "batch_refund_notify"),
        ("notify_id", "n3"),
        ("batch_no", "20261123001"),
        ("success_num", "1"),
        ("result_details", "2026112322001400001^12.34^SUCCESS"),
    ]);
    let body = signed(form, &rsa()).encode();
    assert_eq!(ingress.post("/alipay/rsa/notify", &body).await.body, "success");
    // Its trade notification is taken when it names the seller, under the configured charset.
    let body = signed(mapi_form("n4", RSA_SELLER), &rsa()).encode();
    assert_eq!(ingress.post("/alipay/rsa/notify", &body).await.body, "success");
    let kinds: Vec<_> = broker
        .arrived()
        .await
        .iter()
        .map(|message| (message.envelope.kind, message.envelope.charset))
        .collect();
    assert_eq!(
        kinds,
        [(MessageKind::BatchRefund, Charset::Gbk), (MessageKind::TradeStatus, Charset::Gbk)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_short_path_is_accepted_and_the_query_is_ignored() {
    let sandbox = sandbox().await;
    let mut variables = vec![
        ("ALIPAY__AMQP__URL", sandbox.amqp_url.as_str()),
        ("ALIPAY__INGRESS__LISTEN", "127.0.0.1:0"),
        ("ALIPAY__INGRESS__ADMIN_LISTEN", "127.0.0.1:0"),
    ];
    variables.extend(shop());
    let ingress = Ingress::run(&variables).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    assert_eq!(ingress.post("/alipay/notify", good("n5")).await.body, "success");
    let path = "/alipay/shop/notify?sign=x&total_fee=0.01&total_fee=0.02";
    assert_eq!(ingress.post(path, good("n6")).await.body, "success");
    // What is only in the query is not there.
    let query = format!("/alipay/shop/notify?{}", good("n7"));
    assert_eq!(ingress.post(&query, "").await.status, 400);
    assert_eq!(broker.arrived().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_sign_type_means_the_configured_sign_type() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start(&sandbox.amqp_url).await;
    let mut form = signed(mapi_form("n8", SHOP_SELLER), &md5());
    form.remove("sign_type");
    assert_eq!(ingress.post("/alipay/shop/notify", form.encode()).await.body, "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_in_every_http_framing_are_accepted() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start(&sandbox.amqp_url).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let path = "/alipay/shop/notify";
    let mut client = Client::connect(ingress.public).await;

    // Two requests at once on one connection, and one more after their answers.
    let both = [client::post(path, good("p1")), client::post(path, good("p2"))].concat();
    client.send(both).await;
    for _ in 0..2 {
        assert_eq!(client.answer().await.unwrap().body, "success");
    }
    client.send(client::post_chunked(path, good("p3"), 7)).await;
    assert_eq!(client.answer().await.unwrap().body, "success");

    // The body in single bytes.
    for byte in client::post(path, good("p4")) {
        client.send([byte]).await;
    }
    assert_eq!(client.answer().await.unwrap().body, "success");

    // HTTP/1.0 closes after the answer.
    let body = good("p5");
    let request = format!(
        "POST {path} HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut old = Client::connect(ingress.public).await;
    old.send(request).await;
    assert_eq!(old.answer().await.unwrap().body, "success");
    old.closed().await;

    // A client that asks before it sends.
    let body = good("p6");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    client.send(head).await;
    assert_eq!(client.answer().await.unwrap().status, 100);
    client.send(body).await;
    assert_eq!(client.answer().await.unwrap().body, "success");

    let ids = ["p1", "p2", "p3", "p4", "p5", "p6"].map(|id| {
        let form = Form::parse(good(id).as_bytes()).unwrap();
        queue::message_id("shop", MessageKind::TradeStatus, &form)
    });
    let arrived = broker.arrived().await;
    let mut found: Vec<_> =
        arrived.iter().map(|message| message.received.message_id.clone()).collect();
    let mut expected = ids.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}
