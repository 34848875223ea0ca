//! Invalid input for every page.

use bytes::Bytes;
use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::alipay_server::AlipayServer;

const PATHS: [&str; 10] = [
    "/",
    "/gateway.do",
    "/cashier/1",
    "/cashier/1/pay",
    "/cashier/1/leave",
    "/trades/1",
    "/trades/1/refund",
    "/trades/1/resend",
    "/refund/1",
    "/nothing",
];

#[tokio::test]
async fn every_path_survives_invalid_input() {
    let server = AlipayServer::start().await;
    let script = "%3Cscript%3Ealert(1)%3C/script%3E";
    for path in PATHS {
        for query in [
            "a=1&a=2",
            "%zz=%&%=%%%",
            "service=%ff%fe&partner=%00",
            "service=create_direct_pay_by_user&partner=<>&_input_charset=utf-7",
            "method=alipay.trade.page.pay&app_id=2021000000000001&biz_content={\"a\":",
            "service=notify_verify&notify_id=",
            &format!("service={script}&method={script}&error={script}"),
            &"x".repeat(20_000),
            &(0..300).map(|n| format!("p{n}=1&")).collect::<String>(),
        ] {
            for (method, body) in
                [(Method::GET, ""), (Method::POST, query), (Method::POST, "fault=%00&amount=-1")]
            {
                let target = format!("{path}?{query}").replace(['<', '>', '{', '"'], "");
                let answer = server.send(method, &target, Bytes::from(body.to_owned())).await;
                let text = String::from_utf8_lossy(&answer.body);
                assert!(answer.status < 500, "{path} {query}: {}", answer.status);
                assert!(!text.contains("<script"), "{path} {query}: {text}");
            }
        }
        for method in [Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS] {
            let answer = server.send(method.clone(), path, Bytes::new()).await;
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn pages_are_read_with_get_and_changed_with_post() {
    let server = AlipayServer::start().await;
    let trade = server.trade("shop", "A1", |_| {}).trade_no;
    for path in [
        format!("/cashier/{trade}/pay"),
        format!("/cashier/{trade}/leave"),
        format!("/trades/{trade}/pay"),
        format!("/trades/{trade}/close"),
    ] {
        assert_eq!(server.get(&path).await.status, 405, "{path}");
    }
    for path in ["/".to_owned(), format!("/cashier/{trade}"), format!("/trades/{trade}")] {
        assert_eq!(server.post(&path, "").await.status, 405, "{path}");
    }
    let kept = server.kept("shop", "A1").unwrap();
    assert!(kept.notifications.is_empty(), "nothing happened");
    for path in ["/cashier/2026", "/trades/2026", "/refund/2026"] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn bodies_have_a_size_limit_and_a_time_limit() {
    let server = AlipayServer::start().await;
    let huge = vec![b'a'; 600 * 1024];
    assert_eq!(server.post("/gateway.do", huge).await.status, 413);
    let address = server.url.trim_start_matches("http://").to_owned();
    // A body that never arrives occupies only its own connection.
    let mut silent = TcpStream::connect(&address).await.unwrap();
    silent
        .write_all(b"POST /gateway.do HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc")
        .await
        .unwrap();
    assert_eq!(server.get("/").await.status, 200);
    silent.shutdown().await.unwrap();
    let mut answer = Vec::new();
    silent.read_to_end(&mut answer).await.unwrap();
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{answer:?}");
    let mut rubbish = TcpStream::connect(&address).await.unwrap();
    rubbish.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    rubbish.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{answer:?}");
}

#[tokio::test]
async fn order_texts_are_escaped() {
    let server = AlipayServer::start().await;
    let trade = server.trade("shop", "<img src=x onerror=alert(1)>", |trade| {
        trade.subject = "\"><script>alert(1)</script>".to_owned();
        trade.buyer.account = "'><script>".to_owned();
    });
    for path in [
        "/".to_owned(),
        format!("/cashier/{}", trade.trade_no),
        format!("/trades/{}", trade.trade_no),
    ] {
        let page = server.get(&path).await.text();
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"), "{page}");
        assert!(!page.contains("<img") && !page.contains("<script"), "{page}");
    }
}

#[tokio::test]
async fn url_and_body_must_not_disagree() {
    let server = AlipayServer::start().await;
    for (body, status) in [("service=query_timestamp", 200), ("service=close_trade", 400)] {
        let path = "/gateway.do?service=query_timestamp&partner=2088000000000001";
        assert_eq!(server.post(path, body).await.status, status, "{body}");
    }
}
