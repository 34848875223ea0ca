//! A TCP proxy in front of the broker that can be told to do harm.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};

pub(crate) struct Proxy {
    /// The broker's URL by way of the proxy.
    pub(crate) url: String,
    faults: Arc<Faults>,
}

struct Faults {
    /// To every open connection.
    commands: broadcast::Sender<Command>,
    /// New connections are closed at once.
    refuse: AtomicBool,
    /// Nothing passes, either way, and nothing is closed.
    frozen: watch::Sender<bool>,
    /// Confirms of the broker do not reach the client.
    swallow_acks: AtomicBool,
}

#[derive(Clone, Debug)]
enum Command {
    Cut,
    Inject(Vec<u8>),
    /// The last frame that the client gets. The socket stays open.
    Last(Vec<u8>),
}

impl Proxy {
    pub(crate) async fn start(url: &str) -> Proxy {
        let authority = url.split(['/', '?']).nth(2).unwrap();
        let broker = authority.rsplit('@').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = url.replace(&broker, &listener.local_addr().unwrap().to_string());
        let faults = Arc::new(Faults {
            commands: broadcast::Sender::new(16),
            refuse: AtomicBool::new(false),
            frozen: watch::Sender::new(false),
            swallow_acks: AtomicBool::new(false),
        });
        let shared = Arc::clone(&faults);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !shared.refuse.load(Ordering::SeqCst) {
                    let broker = TcpStream::connect(&broker).await.unwrap();
                    tokio::spawn(pass(client, broker, Arc::clone(&shared)));
                }
            }
        });
        Proxy { url, faults }
    }

    /// Closes every open connection.
    pub(crate) fn cut(&self) {
        let _ = self.faults.commands.send(Command::Cut);
    }

    pub(crate) fn refuse(&self, refuse: bool) {
        self.faults.refuse.store(refuse, Ordering::SeqCst);
    }

    pub(crate) fn freeze(&self, frozen: bool) {
        self.faults.frozen.send_replace(frozen);
    }

    pub(crate) fn swallow_acks(&self, swallow: bool) {
        self.faults.swallow_acks.store(swallow, Ordering::SeqCst);
    }

    /// `connection.blocked`, as a broker sends it that is short of memory.
    pub(crate) fn block(&self) {
        self.send(Command::Inject(method(10, 60, b"\x0dlow on memory")));
    }

    /// `connection.unblocked`
    pub(crate) fn unblock(&self) {
        self.send(Command::Inject(method(10, 61, b"")));
    }

    /// `connection.close` with a reply code, as a broker sends it that is told to.
    pub(crate) fn close(&self, code: u16) {
        let [high, low] = code.to_be_bytes();
        let arguments = [&[high, low, 6][..], b"closed\0\0\0\0"].concat();
        self.send(Command::Last(method(10, 50, &arguments)));
    }

    fn send(&self, command: Command) {
        self.faults.commands.send(command).expect("an open connection");
    }
}

/// A method frame on channel 0, as if the broker had sent it.
fn method(class: u16, method: u16, arguments: &[u8]) -> Vec<u8> {
    let payload = [&class.to_be_bytes()[..], &method.to_be_bytes()[..], arguments].concat();
    let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[1, 0, 0][..], &size[..], &payload[..], &[0xce][..]].concat()
}

async fn pass(client: TcpStream, broker: TcpStream, faults: Arc<Faults>) {
    let mut commands = faults.commands.subscribe();
    let (client_in, mut client_out) = client.into_split();
    let (broker_in, broker_out) = broker.into_split();
    let (frames, mut arriving) = tokio::sync::mpsc::channel(16);
    let up = copy(client_in, broker_out, faults.frozen.subscribe());
    let down = read_frames(broker_in, frames);
    let write = async {
        let mut frozen = faults.frozen.subscribe();
        loop {
            let frame = tokio::select! {
                command = commands.recv() => match command {
                    Ok(Command::Inject(frame)) => frame,
                    Ok(Command::Last(frame)) => {
                        let _ = client_out.write_all(&frame).await;
                        // Until the client closes the socket.
                        return std::future::pending().await;
                    }
                    Ok(Command::Cut) | Err(_) => return,
                },
                frame = arriving.recv() => match frame {
                    Some(frame) => frame,
                    None => return,
                },
            };
            if is_ack(&frame) && faults.swallow_acks.load(Ordering::SeqCst) {
                continue;
            }
            let _ = frozen.wait_for(|frozen| !frozen).await;
            if client_out.write_all(&frame).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = write => {}
        () = async { tokio::join!(up, down); } => {}
    }
}

/// `basic.ack`: class 60, method 80.
fn is_ack(frame: &[u8]) -> bool {
    frame[0] == 1 && frame[7..11] == [0, 60, 0, 80]
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut frozen: watch::Receiver<bool>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let _ = frozen.wait_for(|frozen| !frozen).await;
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// Whole frames, so that one can be put between two others.
async fn read_frames(mut from: OwnedReadHalf, frames: tokio::sync::mpsc::Sender<Vec<u8>>) {
    loop {
        let mut frame = vec![0; 7];
        if from.read_exact(&mut frame).await.is_err() {
            return;
        }
        let size = u32::from_be_bytes([frame[3], frame[4], frame[5], frame[6]]);
        frame.resize(7 + size as usize + 1, 0);
        if from.read_exact(&mut frame[7..]).await.is_err() || frames.send(frame).await.is_err() {
            return;
        }
    }
}
