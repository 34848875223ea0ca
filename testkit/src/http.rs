//! A plain HTTP client for tests: one request a connection.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;

use crate::wait::WAIT_LIMIT;

/// An answer, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// The status line and the headers, as they came.
    pub head: String,
    /// What follows, to the end of the connection.
    pub body: String,
}

impl Response {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// GETs `http://HOST:PORT/PATH`.
///
/// # Errors
/// As [`request`].
pub fn get(url: &str) -> Result<Response> {
    request("GET", url, &[], "")
}

/// POSTs a form.
///
/// # Errors
/// As [`request`].
pub fn post_form(url: &str, form: &str) -> Result<Response> {
    request("POST", url, &[("Content-Type", "application/x-www-form-urlencoded")], form)
}

/// One request to `http://HOST:PORT/PATH`.
///
/// # Errors
/// As [`send`].
pub fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Result<Response> {
    let place = url.strip_prefix("http://").ok_or(ErrorKind::InvalidInput)?;
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let headers = [&[("Host", host)], headers].concat();
    send(host, method, &format!("/{path}"), &headers, body)
}

/// One request with these headers, `Connection: close`, and the length of a body; also one that no browser sends.
///
/// # Errors
/// Nobody listens at `HOST:PORT`, or what came is no answer.
pub fn send(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Response> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(WAIT_LIMIT))?;
    stream.set_write_timeout(Some(WAIT_LIMIT))?;
    let mut text = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if method != "GET" || !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str(&format!("\r\n{body}"));
    // A server that refuses early may close before it has read all, and resets the connection then.
    let written = stream.write_all(text.as_bytes());
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    read_response(&answer).ok_or_else(|| {
        let answer = String::from_utf8_lossy(&answer);
        let error = written.err().or(read.err()).map(|error| format!(" ({error})"));
        Error::other(format!("{method} {target}: no answer: {answer}{}", error.unwrap_or_default()))
    })
}

fn read_response(answer: &[u8]) -> Option<Response> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Response { status, head: head.to_owned(), body: body.to_owned() })
}
