//! The back-query of the legacy gateway, in its three modes.

use std::time::{Duration, Instant};

use alipay::Form;
use testkit::{FakeGateway, Program, Reply, run_program, until_async};

use crate::broker::Broker;
use crate::broker_down::{CONFIRM_TIMEOUT, refused_in_time};
use crate::client::{self, Client};
use crate::notification::{MD5_KEY, RSA_SELLER, SHOP_SELLER, good, mapi_form, md5, rsa, signed};
use crate::proxy::Proxy;
use crate::running::{Ingress, sandbox};

const SHOP: &str = "/alipay/shop/notify";

/// An ingress that asks this gateway about merchant `shop`.
async fn asking(amqp_url: &str, mode: &str, gateway: &str) -> Ingress {
    let variables = [
        ("ALIPAY__MERCHANTS__SHOP__NOTIFY_VERIFY", mode),
        ("ALIPAY__MERCHANTS__SHOP__GATEWAY", gateway),
        ("ALIPAY__INGRESS__NOTIFY_VERIFY_TIMEOUT", "500ms"),
        CONFIRM_TIMEOUT,
    ];
    Ingress::start_with(amqp_url, &variables).await
}

async fn status(ingress: &Ingress, notify_id: &str) -> u16 {
    let answer = ingress.post(SHOP, good(notify_id)).await;
    assert_eq!(answer.body, if answer.status == 200 { "success" } else { "fail" });
    answer.status
}

#[tokio::test(flavor = "multi_thread")]
async fn every_gateway_answer_is_handled_in_every_mode() {
    let sandbox = sandbox().await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let gateway = FakeGateway::start(Reply::text("true")).unwrap();
    let required = asking(&sandbox.amqp_url, "required", &gateway.url).await;
    let best_effort = asking(&sandbox.amqp_url, "best_effort", &gateway.url).await;
    let none = "notify_verify_no_answer";
    for (at, (says, with_required, with_best_effort, reason)) in [
        (Reply::text("true"), 200, 200, ""),
        (Reply::text("false"), 400, 400, "notify_verify_false"),
        (Reply::text("invalid"), 400, 400, "notify_verify_invalid"),
        (Reply::text("<html>try again, it is not true"), 503, 200, none),
        (Reply::text("True"), 503, 200, none),
        (Reply::text(""), 503, 200, none),
        (Reply::Status(302, b"true".to_vec()), 503, 200, none),
        (Reply::Status(500, b"true".to_vec()), 503, 200, none),
        (Reply::Raw(Vec::new()), 503, 200, none),
        (Reply::Stall(Vec::new()), 503, 200, none),
    ]
    .into_iter()
    .enumerate()
    {
        gateway.reply(says.clone());
        let id = format!("n{at}");
        for (ingress, expected) in [(&required, with_required), (&best_effort, with_best_effort)] {
            let before = ingress.answers("fail", reason).await;
            let started = Instant::now();
            assert_eq!(status(ingress, &id).await, expected, "{says:?}");
            assert!(started.elapsed() < Duration::from_secs(3), "{says:?}");
            let counted = ingress.answers("fail", reason).await - before;
            assert_eq!(counted, u64::from(expected != 200), "{says:?}: not {reason}");
            let arrived = broker.arrived().await.len();
            assert_eq!(arrived, usize::from(expected == 200), "{says:?}");
        }
        let line = format!(
            "GET /gateway.do?service=notify_verify&partner={SHOP_SELLER}&notify_id={id} HTTP/1.1"
        );
        let asked = gateway.requests();
        assert!(asked.len() >= 2 && asked.iter().all(|one| one.starts_with(&line)), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_notifications_signed_for_this_merchant_are_confirmed() {
    let sandbox = sandbox().await;
    let gateway = FakeGateway::start(Reply::text("true")).unwrap();
    let ingress = asking(&sandbox.amqp_url, "required", &gateway.url).await;
    let forged = good("n1").replace("12.34", "0.01");
    assert_eq!(ingress.post(SHOP, forged).await.status, 400);
    let other = signed(mapi_form("n1", RSA_SELLER), &md5()).encode();
    assert_eq!(ingress.post(SHOP, other).await.status, 400);
    // A merchant without `notify_verify`.
    let rsa = signed(mapi_form("n1", RSA_SELLER), &rsa()).encode();
    assert_eq!(ingress.post("/alipay/rsa/notify", rsa).await.status, 200);
    for form in [signed(mapi_form("", SHOP_SELLER), &md5()), {
        let mut form = mapi_form("", SHOP_SELLER);
        form.remove("notify_id");
        signed(form, &md5())
    }] {
        assert_eq!(ingress.post(SHOP, form.encode()).await.status, 400);
    }
    assert_eq!(ingress.answers("fail", "no_notify_id").await, 2);
    assert_eq!(gateway.requests(), [""; 0]);

    for at in 0..20 {
        assert_eq!(status(&ingress, &format!("n{at}")).await, 200);
    }
    assert_eq!(gateway.requests().len(), 20);
    assert_eq!(gateway.connections(), 1, "connections are used again");
}

/// Alipay's legacy RSA key signs for every merchant, and a batch of refunds does not say for whom it is.
#[tokio::test(flavor = "multi_thread")]
async fn md5_batch_refunds_are_always_confirmed_with_notify_verify() {
    let sandbox = sandbox().await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let gateway = FakeGateway::start(Reply::text("false")).unwrap();
    let variables = [
        ("ALIPAY__MERCHANTS__RSA__GATEWAY", gateway.url.as_str()),
        ("ALIPAY__MERCHANTS__SHOP__GATEWAY", gateway.url.as_str()),
        ("ALIPAY__INGRESS__NOTIFY_VERIFY_TIMEOUT", "500ms"),
    ];
    let ingress = Ingress::start_with(&sandbox.amqp_url, &variables).await;
    let batch = |id: &str| {
        Form::from_pairs([
            ("batch_no", "20261123001"),
            ("notify_id", id),
            ("notify_time", "2026-11-23 12:00:05"),
            ("notify_type", "batch_refund_notify"),
            ("result_details", "2026112322001400001^1.00^SUCCESS"),
            ("success_num", "1"),
        ])
    };
    let rsa = |id: &str| signed(batch(id), &rsa()).encode();
    assert_eq!(ingress.post("/alipay/rsa/notify", rsa("n1")).await.status, 400);
    gateway.reply(Reply::Raw(Vec::new()));
    assert_eq!(ingress.post("/alipay/rsa/notify", rsa("n1")).await.status, 503);
    gateway.reply(Reply::text("true"));
    assert_eq!(ingress.post("/alipay/rsa/notify", rsa("n1")).await.status, 200);
    // The query that got no answer was sent a second time.
    assert_eq!(gateway.requests().len(), 4);
    // Only this merchant has the MD5 key.
    let md5 = signed(batch("n2"), &md5()).encode();
    assert_eq!(ingress.post(SHOP, md5).await.status, 200);
    assert_eq!(gateway.requests().len(), 0);
    assert_eq!(broker.arrived().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_notification_is_not_confirmed_again() {
    let sandbox = sandbox().await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let proxy = Proxy::to(&sandbox.amqp_url).await;
    let gateway = FakeGateway::start(Reply::text("true")).unwrap();
    let ingress = asking(&proxy.amqp_url, "required", &gateway.url).await;
    ingress.until_ready_says(200, "ready").await;

    // The answer `success` is lost: the id is used up, and Alipay repeats the notification.
    assert_eq!(status(&ingress, "lost").await, 200);
    gateway.reply(Reply::text("false"));
    assert_eq!(status(&ingress, "lost").await, 200);
    assert_eq!(gateway.requests().len(), 1);
    assert_eq!(status(&ingress, "another").await, 400);

    // The broker is away: confirmed, refused, and repeated until it is back.
    gateway.reply(Reply::text("true"));
    proxy.cut();
    ingress.until_ready_says(503, "broker").await;
    refused_in_time(&ingress).await;
    gateway.reply(Reply::Stall(Vec::new()));
    refused_in_time(&ingress).await;
    assert_eq!(ingress.answers("fail", "broker_unavailable").await, 2);
    proxy.mend();
    ingress.until_ready_says(200, "ready").await;
    assert_eq!(status(&ingress, "refused").await, 200);
    assert_eq!(gateway.requests().len(), 2, "of \"another\" and \"refused\"");
    assert_eq!(broker.arrived().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_after_alipay_disconnects_is_remembered() {
    let sandbox = sandbox().await;
    let gateway =
        FakeGateway::start(Reply::Late(Duration::from_millis(333), "true".into())).unwrap();
    let ingress = asking(&sandbox.amqp_url, "required", &gateway.url).await;
    let mut impatient = Client::connect(ingress.public).await;
    impatient.send(client::post(SHOP, good("n1"))).await;
    until_async("a question", async || gateway.requests().len() == 1).await;
    drop(impatient);
    gateway.reply(Reply::text("false"));
    // Until the slow answer arrives, the gateway denies a second query of the same id.
    until_async("remembered", async || status(&ingress, "n1").await == 200).await;
    assert_eq!(status(&ingress, "n2").await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_gateway_does_not_block_other_merchants() {
    let sandbox = sandbox().await;
    let gateway = FakeGateway::start(Reply::Stall(Vec::new())).unwrap();
    let variables = [
        ("ALIPAY__MERCHANTS__SHOP__NOTIFY_VERIFY", "required"),
        ("ALIPAY__MERCHANTS__SHOP__GATEWAY", &gateway.url),
        ("ALIPAY__INGRESS__NOTIFY_VERIFY_TIMEOUT", "60s"),
        ("ALIPAY__INGRESS__MAX_IN_FLIGHT", "4"),
    ];
    let ingress = Ingress::start_with(&sandbox.amqp_url, &variables).await;
    let waits = ingress.post(SHOP, good("slow"));
    let meanwhile = async {
        until_async("one question", async || gateway.requests().len() == 1).await;
        // A second notification is not queried, and other merchants' notifications are accepted.
        assert_eq!(status(&ingress, "second").await, 503);
        let rsa = signed(mapi_form("n1", RSA_SELLER), &rsa()).encode();
        assert_eq!(ingress.post("/alipay/rsa/notify", rsa).await.status, 200);
    };
    tokio::select! {
        answer = waits => panic!("{answer:?}"),
        () = meanwhile => {}
    }
    assert_eq!(ingress.answers("fail", "notify_verify_no_answer").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_confirms_its_own_notifications() {
    let sandbox = sandbox().await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alipay.toml");
    let text = format!(
        "[merchants.SHOP]\nprotocol = \"mapi\"\nseller_id = \"{SHOP_SELLER}\"\n\
         sign_types = [\"MD5\"]\nmd5_key = \"{MD5_KEY}\"\n\
         gateway = \"http://127.0.0.1:9/gateway.do\"\n"
    );
    std::fs::write(&file, text).unwrap();
    let config = file.to_str().unwrap();
    let mut alipay = Program::start("simulator", &["--config", config, "serve"], &[]);
    let line = alipay.wait_until_ready();
    let gateway = line.value("gateway");

    let ingress = asking(&sandbox.amqp_url, "required", gateway).await;
    let to = format!("http://{}{SHOP}", ingress.public);
    let arguments = ["--config", config, "pay", "--order", "A1", "--total", "12.34", "--to", &to];
    for _ in 0..2 {
        let output = run_program("simulator", &arguments, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(ingress.answers("success", "").await, 2);
    assert_eq!(broker.arrived().await.len(), 2);
    // Signed, but not sent by this simulator.
    assert_eq!(status(&ingress, "forged").await, 400);
    assert_eq!(ingress.answers("fail", "notify_verify_false").await, 1);
}
