//! Gateways that are slow, broken or not there.

use std::time::{Duration, Instant};

use alipay::{AnswerError, MAX_ANSWER, TradeRef};
use gateway::{Gateway, GatewayError};
use tokio::net::TcpListener;

use crate::merchant::{json, openapi};
use testkit::{FakeGateway, Reply};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

async fn ask(timeout: Duration, gateway: &str) -> GatewayError {
    let started = Instant::now();
    let answer = Gateway::new(timeout).query(&openapi(gateway), TradeRef::OutTradeNo("A-1")).await;
    assert!(started.elapsed() < LONG, "the call is bounded: {:?}", started.elapsed());
    answer.unwrap_err()
}

async fn failure(timeout: Duration, reply: Reply) -> GatewayError {
    let server = FakeGateway::start(reply).unwrap();
    ask(timeout, &server.url).await
}

fn with_length(length: usize, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn one_time_limit_for_every_part_of_a_call() {
    let good = json("A-1");
    for said in [
        Vec::new(),
        b"HTTP/1.1 200 OK\r\nContent-Le".to_vec(),
        with_length(good.len(), b""),
        with_length(good.len(), &good[..good.len() - 1]),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n".to_vec(),
    ] {
        let shown = said.escape_ascii().to_string();
        let error = failure(SHORT, Reply::Stall(said)).await;
        assert_eq!(error, GatewayError::Timeout { after: SHORT }, "{shown}");
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn nobody_accepts_or_listens() {
    // A listener whose queue nobody empties: the connection stands and no byte comes.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let error = ask(SHORT, &format!("http://{address}/gateway.do")).await;
    assert_eq!(error, GatewayError::Timeout { after: SHORT });
    drop(listener);
    let error = ask(LONG, &format!("http://{address}/gateway.do")).await;
    assert!(matches!(error, GatewayError::Connect { .. }), "{error:?}");
    assert!(error.to_string().contains("refused") && error.is_transient(), "{error}");
    let says = format!("no answer from the gateway: {address}: nothing accepts connections there");
    assert!(error.to_string().starts_with(&says), "{error}");
    let error = ask(LONG, "http://no-such-host.invalid/gateway.do").await;
    let says = "no answer from the gateway: no-such-host.invalid:80: the name has no address";
    assert!(error.to_string().starts_with(says) && error.is_transient(), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks() {
    let good = json("A-1");
    for said in [
        Vec::new(),
        b"HTTP/1.1 200".to_vec(),
        with_length(good.len(), &good[..good.len() - 1]),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n".to_vec(),
        b"220 mail.example.com ESMTP\r\n".to_vec(),
        b"\x15\x03\x01\x00\x02\x02\x46".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n".to_vec(),
    ] {
        let shown = said.escape_ascii().to_string();
        let error = failure(LONG, Reply::Raw(said)).await;
        assert!(matches!(error, GatewayError::Connect { .. }), "{shown}: {error:?}");
        assert_eq!(error.reason_code(), "no_connection");
    }
}

#[tokio::test]
async fn an_answer_without_a_length_ends_with_the_connection() {
    // Cut short it is no JSON; whole it is the answer. Nothing else tells them apart.
    let good = json("A-1");
    let head = b"HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\n".as_slice();
    let cut = [head, &good[..good.len() - 1]].concat();
    let error = failure(LONG, Reply::Raw(cut)).await;
    assert!(matches!(error, GatewayError::Answer(AnswerError::NotAnAnswer { .. })), "{error:?}");
    let server = FakeGateway::start(Reply::Raw([head, &good].concat())).unwrap();
    let gateway = Gateway::new(LONG);
    let answer = gateway.query(&openapi(&server.url), TradeRef::OutTradeNo("A-1")).await;
    assert!(answer.is_ok(), "the type of the content does not matter: {answer:?}");
}

#[tokio::test]
async fn an_answer_that_is_too_large() {
    let limit = GatewayError::TooLarge { limit: MAX_ANSWER };
    assert_eq!(failure(LONG, Reply::Endless).await, limit);
    // Announced, the first byte is not waited for.
    assert_eq!(failure(LONG, Reply::Stall(with_length(MAX_ANSWER + 1, b""))).await, limit);

    let mut largest = json("A-1");
    largest.resize(MAX_ANSWER, b' ');
    let server = FakeGateway::start(Reply::Good(largest)).unwrap();
    let gateway = Gateway::new(LONG);
    let answer = gateway.query(&openapi(&server.url), TradeRef::OutTradeNo("A-1")).await;
    assert!(answer.is_ok(), "{answer:?}");
}

#[tokio::test]
async fn other_statuses_are_errors() {
    let good = json("A-1");
    for (status, transient) in [
        ("302 Found\r\nLocation: http://127.0.0.1:1/", false),
        ("307 Temporary Redirect\r\nLocation: /gateway.do", false),
        ("201 Created", false),
        ("404 Not Found", false),
        ("429 Too Many Requests", true),
        ("502 Bad Gateway", true),
    ] {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", good.len());
        let server = FakeGateway::start(Reply::Raw([head.as_bytes(), &good].concat())).unwrap();
        let error = ask(LONG, &server.url).await;
        let number = status[..3].parse().unwrap();
        assert_eq!(error, GatewayError::Http { status: number });
        assert_eq!(error.is_transient(), transient, "{status}");
        assert!(server.next_request().is_some());
        assert!(server.requests().is_empty(), "a redirect is not followed");
    }
}

#[tokio::test]
async fn pages_of_something_in_between() {
    for page in ["", "true", "<html>please log in</html>", "{\"error\":\"upstream\"}", "\0\u{ff}"] {
        let error = failure(LONG, Reply::Good(page.as_bytes().to_vec())).await;
        assert_eq!((error.reason_code(), error.is_transient()), ("not_an_answer", true), "{page}");
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_the_client_usable() {
    let stalled = FakeGateway::start(Reply::Stall(Vec::new())).unwrap();
    let good = FakeGateway::start(Reply::Good(json("A-1"))).unwrap();
    let gateway = Gateway::new(LONG);
    let merchant = openapi(&stalled.url);
    let call = gateway.query(&merchant, TradeRef::OutTradeNo("A-1"));
    assert!(tokio::time::timeout(SHORT, call).await.is_err());
    let answer = gateway.query(&openapi(&good.url), TradeRef::OutTradeNo("A-1")).await;
    assert!(answer.is_ok(), "{answer:?}");
}
