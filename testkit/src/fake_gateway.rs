//! A stand-in for Alipay's gateway that answers as a test says, byte for byte. Where a gateway should behave as
//! Alipay's does, a test starts `simulator serve` instead.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a test waits for a request that must come.
const REQUEST_WAIT: Duration = Duration::from_secs(30);

/// What is done after a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Status 200 with this body; the connection is kept.
    Good(Vec<u8>),
    /// The same, after this time.
    Late(Duration, Vec<u8>),
    /// This status, with a body; the connection is kept.
    Status(u16, Vec<u8>),
    /// These bytes, then the connection is closed.
    Raw(Vec<u8>),
    /// These bytes, then nothing, with the connection open.
    Stall(Vec<u8>),
    /// A body without announced or real end.
    Endless,
}

impl Reply {
    /// Status 200 with this text.
    #[must_use]
    pub fn text(body: &str) -> Reply {
        Reply::Good(body.as_bytes().to_vec())
    }
}

/// Chooses a reply by the request: head and body as received.
type Answer = Arc<dyn Fn(&[u8]) -> Reply + Send + Sync>;

/// A gateway on a free loopback port, until the test ends.
pub struct FakeGateway {
    /// The address to configure.
    pub url: String,
    answer: Arc<Mutex<Answer>>,
    requests: Mutex<Receiver<String>>,
    connections: Arc<AtomicUsize>,
}

impl FakeGateway {
    /// Gives every request the same reply.
    ///
    /// # Errors
    /// No port is free.
    pub fn start(reply: Reply) -> io::Result<FakeGateway> {
        FakeGateway::answering(move |_| reply.clone())
    }

    /// Gives each request the reply that `answer` chooses; it may wait, since each connection has a thread.
    ///
    /// # Errors
    /// No port is free.
    pub fn answering(
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> io::Result<FakeGateway> {
        FakeGateway::answering_bytes(move |request| answer(&String::from_utf8_lossy(request)))
    }

    /// The same for requests that are no text.
    ///
    /// # Errors
    /// No port is free.
    pub fn answering_bytes(
        answer: impl Fn(&[u8]) -> Reply + Send + Sync + 'static,
    ) -> io::Result<FakeGateway> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/gateway.do", listener.local_addr()?);
        let answer: Arc<Mutex<Answer>> = Arc::new(Mutex::new(Arc::new(answer)));
        let connections = Arc::new(AtomicUsize::new(0));
        let (sender, requests) = channel();
        let (chosen, counter) = (Arc::clone(&answer), Arc::clone(&connections));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                let (chosen, sender) = (Arc::clone(&chosen), sender.clone());
                std::thread::spawn(move || serve(stream, &chosen, &sender));
            }
        });
        Ok(FakeGateway { url, answer, requests: Mutex::new(requests), connections })
    }

    /// From now on every request gets this reply.
    pub fn reply(&self, reply: Reply) {
        let answer: Answer = Arc::new(move |_| reply.clone());
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    /// The next request, head and body as received; waits for it.
    #[must_use]
    pub fn next_request(&self) -> Option<String> {
        self.received().recv_timeout(REQUEST_WAIT).ok()
    }

    /// The requests that have come since the last call.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.received().try_iter().collect()
    }

    /// How many connections were opened.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn received(&self) -> std::sync::MutexGuard<'_, Receiver<String>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers the requests of one connection.
fn serve(mut stream: impl Read + Write, answer: &Mutex<Answer>, requests: &Sender<String>) {
    let mut bytes = Vec::new();
    while let Some(request) = read(&mut stream, &mut bytes) {
        // The test may have ended.
        drop(requests.send(String::from_utf8_lossy(&request).into_owned()));
        let answer = Arc::clone(&answer.lock().unwrap_or_else(PoisonError::into_inner));
        let (status, body) = match answer(&request) {
            Reply::Good(body) => (200, body),
            Reply::Late(time, body) => {
                std::thread::sleep(time);
                (200, body)
            }
            Reply::Status(status, body) => (status, body),
            Reply::Raw(bytes) => {
                drop(stream.write_all(&bytes));
                return;
            }
            Reply::Stall(bytes) => {
                drop(stream.write_all(&bytes));
                // Until the client goes.
                drop(stream.read(&mut [0; 1]));
                return;
            }
            Reply::Endless => {
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n"));
                let some = vec![b' '; 1 << 16];
                while stream.write_all(&some).is_ok() {}
                return;
            }
        };
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

/// One whole request; `None` when the client is gone. What comes after it stays in `bytes`.
fn read(stream: &mut impl Read, bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(end) = whole(bytes) {
            let rest = bytes.split_off(end);
            return Some(std::mem::replace(bytes, rest));
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
        }
    }
}

/// Where the first request ends, once all of it is there.
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let end = head + length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    (bytes.len() >= end).then_some(end)
}
