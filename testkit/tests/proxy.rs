//! The line of which fault tests are made.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use testkit::{FaultProxy, until};

const SILENCE: Duration = Duration::from_millis(200);

/// A server that sends everything back, as long as the test runs.
fn echo() -> FaultProxy {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    FaultProxy::start(address).unwrap()
}

fn client(line: &FaultProxy) -> TcpStream {
    let stream = TcpStream::connect(line.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
}

fn hear(stream: &mut TcpStream, text: &str) {
    let mut heard = vec![0; text.len()];
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(heard, text.as_bytes());
}

fn hears_nothing(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
}

fn is_reset(stream: &mut TcpStream) {
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn passes_both_ways_to_the_orderly_end() {
    let line = echo();
    let mut stream = client(&line);
    say(&mut stream, "hello");
    hear(&mut stream, "hello");
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_cut_resets_what_is_open_and_refuses_what_is_new() {
    let line = echo();
    let mut stream = client(&line);
    say(&mut stream, "a");
    hear(&mut stream, "a");
    line.cut();
    is_reset(&mut stream);
    for _ in 0..3 {
        let refused = TcpStream::connect(line.address()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        line.cut();
    }
    line.resume();
    let mut stream = client(&line);
    say(&mut stream, "b");
    hear(&mut stream, "b");
}

#[test]
fn a_black_hole_keeps_everything_and_gives_it_back() {
    let line = echo();
    let mut old = client(&line);
    say(&mut old, "a");
    hear(&mut old, "a");
    line.black_hole();
    let mut new = client(&line);
    assert!(!line.keeps_request());
    say(&mut old, "old");
    say(&mut new, "new");
    until("the black hole keeps a request", || line.keeps_request());
    hears_nothing(&mut old);
    hears_nothing(&mut new);
    line.resume();
    hear(&mut old, "old");
    hear(&mut new, "new");
    line.black_hole();
    line.cut();
    is_reset(&mut old);
    is_reset(&mut new);
}

#[test]
fn a_cut_after_some_bytes_lets_exactly_these_through() {
    let line = echo();
    let mut stream = client(&line);
    line.cut_after(5 + 3);
    say(&mut stream, "hello");
    hear(&mut stream, "hel");
    is_reset(&mut stream);
    assert!(TcpStream::connect(line.address()).is_err());
    line.resume();
    let mut stream = client(&line);
    say(&mut stream, "whole again");
    hear(&mut stream, "whole again");
}

#[test]
fn a_delay_holds_each_direction() {
    let line = echo();
    let mut stream = client(&line);
    line.delay(SILENCE);
    let began = Instant::now();
    say(&mut stream, "slow");
    hear(&mut stream, "slow");
    assert!(began.elapsed() >= 2 * SILENCE, "{:?}", began.elapsed());
}

#[test]
fn a_dropped_proxy_is_gone() {
    let line = echo();
    let mut stream = client(&line);
    say(&mut stream, "a");
    hear(&mut stream, "a");
    let address = line.address();
    drop(line);
    is_reset(&mut stream);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_url_leads_through_it() {
    let line = FaultProxy::in_front_of("mysql://root:pass%2f@127.0.0.1:3306/alipay?x=1").unwrap();
    let port = line.address().port();
    let through = line.url("mysql://root:pass%2f@127.0.0.1:3306/alipay?x=1");
    assert_eq!(through, format!("mysql://root:pass%2f@127.0.0.1:{port}/alipay?x=1"));
    assert!(FaultProxy::in_front_of("mysql://nowhere.example/x").is_err());
}
