//! A legacy gateway that says whether it sent a notification, as it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it does with a question.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    /// This body, with status 200.
    Body(&'static str),
    /// The same, a third of a second later.
    Slowly(&'static str),
    /// This status, with the body `true`.
    Status(u16),
    /// Nothing, with the connection open.
    Nothing,
    /// The connection ends.
    Hangup,
}

#[derive(Default)]
struct Seen {
    questions: Vec<String>,
    connections: usize,
}

pub(crate) struct Gateway {
    /// The address to configure.
    pub(crate) url: String,
    says: Arc<Mutex<Says>>,
    seen: Arc<Mutex<Seen>>,
}

impl Gateway {
    pub(crate) async fn start(says: Says) -> Gateway {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/gateway.do", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new(says));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let gateway = Gateway { url, says: Arc::clone(&says), seen: Arc::clone(&seen) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.lock().unwrap().connections += 1;
                tokio::spawn(serve(stream, Arc::clone(&says), Arc::clone(&seen)));
            }
        });
        gateway
    }

    /// From now on it says this.
    pub(crate) fn says(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    /// The first line of each question since the last call.
    pub(crate) fn questions(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap().questions)
    }

    /// Connections that were opened.
    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }
}

async fn serve(mut stream: TcpStream, says: Arc<Mutex<Says>>, seen: Arc<Mutex<Seen>>) {
    let mut bytes = Vec::new();
    while let Ok(1..) = stream.read_buf(&mut bytes).await {
        if !bytes.ends_with(b"\r\n\r\n") {
            continue;
        }
        let head = String::from_utf8(std::mem::take(&mut bytes)).unwrap();
        seen.lock().unwrap().questions.push(head.lines().next().unwrap().to_owned());
        let says = says.lock().unwrap().clone();
        let (status, body) = match says {
            Says::Body(body) => (200, body),
            Says::Slowly(body) => {
                tokio::time::sleep(Duration::from_millis(333)).await;
                (200, body)
            }
            Says::Status(status) => (status, "true"),
            Says::Nothing => continue,
            Says::Hangup => return,
        };
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
