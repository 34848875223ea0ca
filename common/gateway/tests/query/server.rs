//! A server on a loopback port that answers as it is told, byte by byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What is done after a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Status 200 with this body; the connection is kept.
    Good(Vec<u8>),
    /// These bytes, then the connection is closed.
    Raw(Vec<u8>),
    /// These bytes, then nothing, with the connection open.
    Stall(Vec<u8>),
    /// A body without announced or real end.
    Endless,
}

pub(crate) struct Server {
    /// The address to configure.
    pub(crate) gateway: String,
    /// Every request as received.
    pub(crate) requests: UnboundedReceiver<String>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Answers every request in the same way, until the test's runtime ends.
    pub(crate) async fn start(reply: Reply) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = format!("http://{}/gateway.do", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "a test reads all of it")]
        let (sender, requests) = unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, reply.clone(), sender.clone()));
            }
        });
        Server { gateway, requests, connections }
    }

    /// How many connections were opened.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Answers the requests of one connection.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    reply: Reply,
    requests: UnboundedSender<String>,
) {
    while let Some(request) = read(&mut stream).await {
        // The test may have ended.
        drop(requests.send(request));
        let written = match &reply {
            Reply::Good(body) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.write_all(&[head.as_bytes(), body].concat()).await
            }
            Reply::Raw(bytes) => {
                drop(stream.write_all(bytes).await);
                drop(stream.shutdown().await);
                return;
            }
            Reply::Stall(bytes) => {
                drop(stream.write_all(bytes).await);
                // Until the client goes.
                drop(stream.read(&mut [0; 1]).await);
                return;
            }
            Reply::Endless => {
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await);
                let some = vec![b' '; 1 << 16];
                while stream.write_all(&some).await.is_ok() {}
                return;
            }
        };
        if written.is_err() {
            return;
        }
    }
}

/// One whole request, `None` when the client is gone.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8(bytes.clone()).unwrap();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}
