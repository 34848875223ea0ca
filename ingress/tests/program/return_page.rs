//! A buyer returns from Alipay's page.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use alipay::{Charset, Fen, Form, Payment, link};
use queue::MessageKind;
use testkit::{Program, until_async};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::broker::Broker;
use crate::client::{self, Answer};
use crate::notification::{APP_ID, MD5_KEY, SHOP_SELLER, md5, rsa, rsa2, signed, stranger};
use crate::proxy::Proxy;
use crate::running::{Ingress, sandbox, shop};

const RETURN_TO: [(&str, &str); 2] = [
    ("ALIPAY__MERCHANTS__SHOP__RETURN_TO", "https://shop.example/paid?from=alipay#top"),
    ("ALIPAY__MERCHANTS__SHOP__IGNORE_PARAMS", "s,_url"),
];

/// The query of the legacy gateway for merchant `shop`, unsigned.
fn mapi_return(order: &str) -> Form {
    Form::from_pairs([
        ("body", "会员"),
        ("buyer_email", "buyer@example.com"),
        ("exterface", "create_direct_pay_by_user"),
        ("is_success", "T"),
        // Encoded twice on the wire; what is signed has the literal text %2F.
        ("notify_id", "RqPnCoPT3K9%2Fvwbh3InWec8PVrw"),
        ("notify_time", "2026-11-23 12:00:05"),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", order),
        ("payment_type", "1"),
        ("seller_id", SHOP_SELLER),
        ("subject", "测试 + 商品"),
        ("total_fee", "12.34"),
        ("trade_no", "2026112322001400001"),
        ("trade_status", "TRADE_SUCCESS"),
    ])
}

/// The query of the Open Platform, unsigned.
fn openapi_return(order: &[u8]) -> Form {
    let mut form = Form::from_pairs([
        ("charset", "gbk"),
        ("method", "alipay.trade.page.pay.return"),
        ("total_amount", "12.34"),
        ("trade_no", "2026112322001400002"),
        ("auth_app_id", APP_ID),
        ("version", "1.0"),
        ("app_id", APP_ID),
        ("seller_id", "2088102146225135"),
        ("timestamp", "2026-11-23 12:00:05"),
    ]);
    form.set("out_trade_no", order);
    form
}

fn shop_query(order: &str) -> String {
    signed(mapi_return(order), &md5()).encode()
}

async fn get(ingress: &Ingress, path: &str, query: &str) -> Answer {
    client::get(ingress.public, &format!("{path}?{query}")).await
}

fn location(answer: &Answer) -> Option<&str> {
    answer.head.lines().find_map(|line| line.strip_prefix("location: "))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_return_asks_the_gateway_and_sends_the_buyer_on() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start_with(&sandbox.amqp_url, &RETURN_TO).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let before = chrono::Utc::now();

    let answer = get(&ingress, "/alipay/shop/return", &shop_query("a100")).await;
    assert_eq!((answer.status, answer.body.as_str()), (303, ""));
    let expected = "https://shop.example/paid?from=alipay&order=a100#top";
    assert_eq!(location(&answer), Some(expected));
    assert!(answer.head.contains("\r\ncache-control: no-store\r\n"), "{}", answer.head);
    // Parameters of the merchant's routing, at both ends; the rest is signed.
    let query = format!("s=/alipay/back&{}&_url=x", shop_query("a 1&order=2#x"));
    let answer = get(&ingress, "/alipay/shop/return", &query).await;
    let expected = "https://shop.example/paid?from=alipay&order=a+1%26order%3d2%23x#top";
    assert_eq!((answer.status, location(&answer)), (303, Some(expected)));

    // A merchant without a page, in GBK.
    let order = Charset::Gbk.encode("订单1").unwrap();
    let query = signed(openapi_return(&order), &rsa2()).encode();
    let answer = get(&ingress, "/alipay/app/return", &query).await;
    assert_eq!((answer.status, location(&answer)), (200, None));
    assert!(answer.head.contains("\r\ncontent-type: text/html; charset=utf-8\r\n"));
    for text in ["谢谢", "Thank you"] {
        assert!(answer.body.contains(text), "{}", answer.body);
    }
    for secret in ["订单1", "2026112322001400002", "12.34", "app"] {
        assert!(!answer.body.contains(secret), "{}", answer.body);
    }

    let arrived = broker.arrived().await;
    let asked: Vec<(&str, String)> = arrived
        .iter()
        .map(|message| {
            let (envelope, received) = (&message.envelope, &message.received);
            assert_eq!(
                (envelope.kind, envelope.charset),
                (MessageKind::QueryRequest, Charset::Utf8)
            );
            assert!(before <= envelope.received_at && envelope.received_at <= chrono::Utc::now());
            assert_eq!(received.message_id, envelope.message_id().unwrap());
            assert_eq!(message.properties.delivery_mode(), &Some(2), "not persistent");
            let mut form = Form::parse(envelope.form.as_bytes()).unwrap();
            assert!(form.remove("notify_time"));
            let text: Vec<_> = form.iter().map(|(_, value)| value.to_vec()).collect();
            (envelope.merchant.as_str(), String::from_utf8(text.join(&b'|')).unwrap())
        })
        .collect();
    let expected = [
        ("shop", "a100|return_page"),
        ("shop", "a 1&order=2#x|return_page"),
        ("app", "订单1|return_page"),
    ];
    assert_eq!(asked, expected.map(|(merchant, form)| (merchant, form.to_owned())));
    assert_eq!(ingress.returns("asked", "").await, 3);
    assert_eq!(ingress.answers("success", "").await, 0, "counted as a notification");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_short_return_path_serves_the_only_merchant() {
    let sandbox = sandbox().await;
    let mut variables = vec![
        ("ALIPAY__AMQP__URL", sandbox.amqp_url.as_str()),
        ("ALIPAY__INGRESS__LISTEN", "127.0.0.1:0"),
        ("ALIPAY__INGRESS__ADMIN_LISTEN", "127.0.0.1:0"),
    ];
    variables.extend(shop());
    let ingress = Ingress::run(&variables).await;
    let answer = get(&ingress, "/alipay/return", &shop_query("a1")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(ingress.returns("asked", "").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_return_gives_a_page_without_details() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start_with(&sandbox.amqp_url, &RETURN_TO).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let shop = |form: &Form| format!("/alipay/shop/return?{}", form.encode());
    let app = |form: Form, signer| format!("/alipay/app/return?{}", signed(form, signer).encode());
    let with = |name: &str, value: &str| {
        let mut form = mapi_return("a1");
        form.set(name, value);
        form
    };
    let mut changed = signed(mapi_return("a1"), &md5());
    changed.set("out_trade_no", "a2");
    let mut no_order = mapi_return("a1");
    no_order.remove("out_trade_no");
    let mut no_app = openapi_return(b"a1");
    no_app.remove("app_id");
    let good = shop_query("a1");
    let long = format!("/alipay/shop/return?{good}&s={}", "x".repeat(8000));
    for (what, path, status, reason) in [
        ("no query", "/alipay/shop/return".to_owned(), 400, "no_body"),
        ("an empty query", "/alipay/shop/return?".to_owned(), 400, "no_body"),
        (
            "an address of somebody",
            shop(&with("return_to", "https://x.example")),
            400,
            "missing_sign",
        ),
        ("another order", shop(&changed), 400, "bad_signature"),
        ("a parameter more", format!("/alipay/shop/return?{good}&x=1"), 400, "bad_signature"),
        (
            "a parameter twice",
            format!("/alipay/shop/return?{good}&is_success=T"),
            400,
            "duplicate_parameter",
        ),
        ("no order", shop(&signed(no_order, &md5())), 400, "missing_parameter"),
        (
            "a strange order",
            shop(&signed(with("out_trade_no", "a\r\n1"), &md5())),
            400,
            "unreadable_order_number",
        ),
        (
            "another seller",
            shop(&signed(with("seller_id", "2088000000000009"), &md5())),
            400,
            "not_this_merchant",
        ),
        ("another key", app(openapi_return(b"a1"), &stranger()), 400, "bad_signature"),
        ("a weaker type", app(openapi_return(b"a1"), &rsa()), 400, "sign_type_not_allowed"),
        ("no app", app(no_app, &rsa2()), 400, "not_this_merchant"),
        ("not in its charset", app(openapi_return(b"\xff\xff"), &rsa2()), 400, "invalid_charset"),
        ("a long query", long, 414, "query_too_long"),
        ("no such merchant", format!("/alipay/nobody/return?{good}"), 404, "unknown_merchant"),
        ("none of several", format!("/alipay/return?{good}"), 404, "unknown_merchant"),
    ] {
        let before = ingress.returns("fail", reason).await;
        let answer = client::get(ingress.public, &path).await;
        assert_eq!((answer.status, location(&answer)), (status, None), "{what}");
        assert!(answer.body.contains("此链接无效"), "{what}: {}", answer.body);
        assert!(!answer.body.contains(reason) && !answer.head.contains(reason), "{what}");
        assert_eq!(ingress.returns("fail", reason).await, before + 1, "{what}: not {reason}");
    }
    // Forms and probes.
    let posted = ingress.post(&format!("/alipay/shop/return?{good}"), &good).await;
    assert_eq!(posted.status, 405);
    assert!(posted.head.contains("\r\nallow: get\r\n"), "{}", posted.head);
    let mut stream = TcpStream::connect(ingress.public).await.unwrap();
    let head =
        format!("HEAD /alipay/shop/return?{good} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert_eq!(ingress.returns("fail", "method_not_allowed").await, 2);
    assert_eq!(broker.arrived().await.len(), 0);
    assert_eq!(ingress.returns("asked", "").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_returns_normally_while_the_broker_is_away() {
    let sandbox = sandbox().await;
    let proxy = Proxy::to(&sandbox.amqp_url).await;
    let ingress = Ingress::start_with(&proxy.amqp_url, &RETURN_TO).await;
    ingress.until_ready_says(200, "ready").await;
    let redirected = async || {
        let started = Instant::now();
        let answer = get(&ingress, "/alipay/shop/return", &shop_query("a1")).await;
        let expected = "https://shop.example/paid?from=alipay&order=a1#top";
        assert_eq!((answer.status, location(&answer)), (303, Some(expected)));
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    };
    proxy.silence();
    redirected().await;
    assert_eq!(ingress.returns("not_asked", "confirm_timeout").await, 1);
    proxy.cut();
    ingress.until_ready_says(503, "broker").await;
    redirected().await;
    assert_eq!(ingress.returns("not_asked", "broker_unavailable").await, 1);
}

/// Where an answer sends the browser, letter for letter.
async fn sent_to(address: SocketAddr, request: String) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let mut lines = answer.lines().filter_map(|line| line.split_once(": "));
    let location = lines.find(|(name, _)| name.eq_ignore_ascii_case("location"));
    location.unwrap_or_else(|| panic!("{answer}")).1.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_returns_from_the_simulators_cashier() {
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
    let arguments = ["--config", file.to_str().unwrap(), "serve"];
    let mut simulator = Program::start("simulator", &arguments, &[]);
    let line = simulator.wait_until_ready();
    let address: SocketAddr = line.value("url").trim_start_matches("http://").parse().unwrap();
    let ingress = Ingress::start_with(&sandbox.amqp_url, &RETURN_TO).await;

    let notify_url = format!("http://{}/alipay/shop/notify", ingress.public);
    let return_url = format!("http://{}/alipay/shop/return", ingress.public);
    let payment = Payment {
        out_trade_no: "A1",
        subject: "会员 + more",
        total: Fen::new(1234),
        notify_url: Some(&notify_url),
        return_url: Some(&return_url),
        more: &[],
        nested: &[],
    };
    let form = payment.mapi(SHOP_SELLER, SHOP_SELLER, Charset::Utf8, &md5()).unwrap();
    let end = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    let pay_link = link("/gateway.do", &form);
    let cashier = sent_to(address, format!("GET {pay_link} {end}\r\n")).await;
    let paid = format!(
        "POST {cashier}/pay {end}Content-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: 6\r\n\r\nfault="
    );
    let back = sent_to(address, paid).await;
    let path = back.strip_prefix(&format!("http://{}", ingress.public)).unwrap();
    let to = sent_to(ingress.public, format!("GET {path} {end}\r\n")).await;
    assert_eq!(to, "https://shop.example/paid?from=alipay&order=A1#top");
    // The notification comes from Alipay's server by itself, before or after the buyer.
    until_async("both", async || ingress.answers("success", "").await == 1).await;
    let mut kinds: Vec<String> =
        broker.arrived().await.iter().map(|one| one.envelope.kind.to_string()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["query_request", "trade_status"]);
}
