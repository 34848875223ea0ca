//! A proxy in front of a server, with which a test breaks the line between the two.

use std::io::{Error, ErrorKind, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::server_url::ServerUrl;

/// Passes TCP connections on to a server, until it is told otherwise. With its last clone it resets all
/// connections and is gone.
///
/// Every method returns when it is in force: after [`cut`](FaultProxy::cut) no connection is open,
/// after [`black_hole`](FaultProxy::black_hole) not a byte is passed on.
///
/// ```no_run
/// use testkit::{FaultProxy, Sandbox};
///
/// let sandbox = Sandbox::new();
/// let line = FaultProxy::in_front_of(&sandbox.database_url).unwrap();
/// let url = line.url(&sandbox.database_url); // for the program under test
/// line.black_hole();
/// line.resume();
/// ```
#[derive(Debug, Clone)]
pub struct FaultProxy {
    address: SocketAddr,
    target: Arc<Mutex<SocketAddr>>,
    orders: mpsc::UnboundedSender<ProxyCommand>,
    keeps_request: Arc<AtomicBool>,
}

/// What happens on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineState {
    Pass,
    Delay(Duration),
    BlackHole,
    Cut,
}

struct ProxyCommand {
    line: LineState,
    /// Bytes that may still pass before the line is cut.
    left: u64,
    done: Option<std_mpsc::Sender<()>>,
}

/// What all connections share.
#[derive(Clone)]
struct Shared {
    line: watch::Receiver<LineState>,
    left: Arc<AtomicU64>,
    orders: mpsc::WeakUnboundedSender<ProxyCommand>,
    keeps_request: Arc<AtomicBool>,
}

impl FaultProxy {
    /// Listens on a free port of 127.0.0.1 and passes everything on to `target`.
    ///
    /// # Errors
    /// There is no free port, or no thread.
    pub fn start(target: SocketAddr) -> Result<FaultProxy> {
        let [port] = crate::ports::free().map_err(Error::other)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let target = Arc::new(Mutex::new(target));
        let shared_target = Arc::clone(&target);
        #[expect(clippy::disallowed_methods, reason = "orders come from threads, a few a test")]
        let (orders, received) = mpsc::unbounded_channel();
        let weak = orders.downgrade();
        let keeps_request = Arc::new(AtomicBool::new(false));
        let kept = Arc::clone(&keeps_request);
        let (bound, is_bound) = std_mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("fault proxy".into()).spawn(move || {
            runtime.block_on(async {
                match hold(address).and_then(|socket| socket.listen(1024)) {
                    Ok(listener) => {
                        let _ = bound.send(Ok(()));
                        serve(address, shared_target, listener, received, (weak, kept)).await;
                    }
                    Err(error) => drop(bound.send(Err(error))),
                }
            });
        })?;
        is_bound.recv().map_err(Error::other)??;
        Ok(FaultProxy { address, target, orders, keeps_request })
    }

    /// The same, to the server of a URL such as `mysql://root@127.0.0.1:3306/alipay`.
    ///
    /// # Errors
    /// The URL names no IP address; as [`start`](FaultProxy::start).
    pub fn in_front_of(url: &str) -> Result<FaultProxy> {
        FaultProxy::start(server_of(url)?)
    }

    /// Leads new connections to the server of another URL; those that are open stay where they are. So a
    /// name, or a virtual address, moves to the new primary after a failover.
    ///
    /// # Errors
    /// The URL names no IP address.
    pub fn lead_to(&self, url: &str) -> Result<()> {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = server_of(url)?;
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same URL, but through this proxy; empty for what is no URL.
    pub fn url(&self, url: &str) -> String {
        let through = ServerUrl::read(url).and_then(|server| server.at(self.address));
        through.unwrap_or_default()
    }

    /// Passes everything on again, also what a black hole kept, and accepts again after a cut.
    pub fn resume(&self) {
        self.set(LineState::Pass, u64::MAX);
    }

    /// Resets every connection now and refuses new ones.
    pub fn cut(&self) {
        self.set(LineState::Cut, u64::MAX);
    }

    /// Cuts after this many more bytes, counted over all connections and both directions.
    pub fn cut_after(&self, bytes: u64) {
        self.set(LineState::Pass, bytes);
    }

    /// Keeps each piece of data for this long before it is passed on: a long and thin line.
    pub fn delay(&self, time: Duration) {
        self.set(LineState::Delay(time), u64::MAX);
    }

    /// Accepts and keeps connections, and passes nothing on in either direction: no byte, no end,
    /// no reset. Connections that are open already fall silent.
    pub fn black_hole(&self) {
        self.keeps_request.store(false, Ordering::Relaxed);
        self.set(LineState::BlackHole, u64::MAX);
    }

    /// Whether a client has sent something into the [black hole](FaultProxy::black_hole): it waits for an answer.
    pub fn keeps_request(&self) -> bool {
        self.keeps_request.load(Ordering::Relaxed)
    }

    fn set(&self, line: LineState, left: u64) {
        let (done, is_done) = std_mpsc::channel();
        // Its thread ends only after the last sender, which is this one.
        if self.orders.send(ProxyCommand { line, left, done: Some(done) }).is_ok() {
            let _ = is_done.recv();
        }
    }
}

/// The port, held without accepting on it: connections are refused, and nobody else can take it.
fn hold(address: SocketAddr) -> Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Accepts and obeys, until the [`FaultProxy`] is dropped.
async fn serve(
    address: SocketAddr,
    target: Arc<Mutex<SocketAddr>>,
    listener: TcpListener,
    mut received: mpsc::UnboundedReceiver<ProxyCommand>,
    (orders, keeps_request): (mpsc::WeakUnboundedSender<ProxyCommand>, Arc<AtomicBool>),
) {
    let (tell, line) = watch::channel(LineState::Pass);
    let left = Arc::new(AtomicU64::new(u64::MAX));
    let shared = Shared { line, left, orders, keeps_request };
    let mut listener = Some(listener);
    let mut held = None;
    let mut connections = JoinSet::new();
    loop {
        let order = tokio::select! {
            biased;
            order = received.recv() => order,
            Some(_) = connections.join_next() => continue,
            accepted = accept(listener.as_ref()) => {
                if let Ok(client) = accepted {
                    let target = *target.lock().unwrap_or_else(PoisonError::into_inner);
                    connections.spawn(connect(client, target, shared.clone()));
                }
                continue;
            }
        };
        let line = order.as_ref().map_or(LineState::Cut, |order| order.line);
        shared.left.store(order.as_ref().map_or(0, |order| order.left), Ordering::Relaxed);
        tell.send_replace(line);
        if line == LineState::Cut {
            // What waits to be accepted is reset with the listener, the rest resets itself.
            drop(listener.take());
            while connections.join_next().await.is_some() {}
        }
        let Some(order) = order else { return };
        if line == LineState::Cut {
            if held.is_none() {
                held = hold(address).ok();
            }
        } else if listener.is_none() {
            let socket = held.take().map_or_else(|| hold(address), Ok);
            listener = socket.and_then(|socket| socket.listen(1024)).ok();
        }
        if let Some(done) = order.done {
            let _ = done.send(());
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(client, _)| client),
        None => std::future::pending().await,
    }
}

/// The address in a URL.
fn server_of(url: &str) -> Result<SocketAddr> {
    ServerUrl::read(url)
        .and_then(|server| Some(SocketAddr::new(server.host.parse().ok()?, server.port)))
        .ok_or_else(|| Error::from(ErrorKind::InvalidInput))
}

/// One connection from its beginning to its end.
async fn connect(mut client: TcpStream, target: SocketAddr, mut shared: Shared) {
    let server = async {
        shared.open().await?;
        TcpStream::connect(target).await
    };
    let Ok(mut server) = server.await else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let up = pump(from_client, to_server, shared.clone(), true);
    let down = pump(from_server, to_client, shared, false);
    if tokio::try_join!(up, down).is_err() {
        // Closing sends a reset instead of an orderly end.
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

/// One direction, until its orderly end. An error is a reset, or a cut.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut shared: Shared,
    is_of_client: bool,
) -> Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let keeps_request = Arc::clone(&shared.keeps_request);
        let kept = async {
            let is_kept = is_of_client && from.readable().await.is_ok();
            keeps_request.fetch_or(is_kept, Ordering::Relaxed);
            std::future::pending::<()>().await;
        };
        let line = tokio::select! {
            biased;
            line = shared.open() => line?,
            () = kept => continue,
        };
        let length = tokio::select! {
            biased;
            _ = shared.line.changed() => continue,
            length = from.read(&mut buffer) => length?,
        };
        if let LineState::Delay(time) = line {
            tokio::time::sleep(time).await;
        }
        let allowed = shared.take(length);
        let mut written = 0;
        while written < allowed {
            shared.open().await?;
            tokio::select! {
                biased;
                _ = shared.line.changed() => {}
                more = to.write(&buffer[written..allowed]) => written += more?,
            }
        }
        if allowed < length {
            shared.cut();
        } else if length == 0 {
            shared.open().await?;
            return to.shutdown().await;
        }
    }
}

impl Shared {
    /// Waits until the line passes data; an error when it is cut.
    async fn open(&mut self) -> Result<LineState> {
        let open = self.line.wait_for(|line| *line != LineState::BlackHole).await;
        match open.map(|line| *line) {
            Ok(LineState::Cut) | Err(_) => Err(ErrorKind::ConnectionReset.into()),
            Ok(line) => Ok(line),
        }
    }

    /// How many of these bytes may pass.
    fn take(&self, length: usize) -> usize {
        let left = self.left.load(Ordering::Relaxed);
        if left == u64::MAX {
            return length;
        }
        let allowed = length.min(usize::try_from(left).unwrap_or(usize::MAX));
        self.left.store(left - allowed as u64, Ordering::Relaxed);
        allowed
    }

    /// Cuts the line; this connection ends when that is in force.
    fn cut(&self) {
        if let Some(orders) = self.orders.upgrade() {
            let _ = orders.send(ProxyCommand { line: LineState::Cut, left: u64::MAX, done: None });
        }
    }
}
