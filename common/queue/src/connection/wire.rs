//! The transport to the broker, plain TCP or TLS, as lapin uses it.
//!
//! lapin can open connections by itself; ours are opened here, so that every address of a host is tried, an
//! IPv6 address works, the name in a certificate is checked against the URL's, and an error says
//! what is wrong. A connection that the URL asks to encrypt can never be plain text: there is one function,
//! below, that makes it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_util::Stream;
use parking_lot::Mutex;
use service::connect_failure;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

use super::error::HostProblem;
use super::{access_refused, tls};

/// The first byte that a TLS server sends to a client without TLS: an alert.
const TLS_ALERT: u8 = 0x15;

/// This number of bytes shows what listens there.
const FIRST: usize = 5;

/// What the first bytes or an error of a line have shown.
#[derive(Debug)]
pub(super) enum WireProblem {
    /// What was wrong with TLS.
    Tls(String),
    /// What listens there is no broker.
    NotABroker(&'static str),
}

/// The problem of a line, if there is one.
#[derive(Debug, Default)]
pub(super) struct WireProblems(Mutex<Option<WireProblem>>);

impl WireProblems {
    /// What was wrong with the line; the first problem stays.
    pub(super) fn taken(&self) -> Option<WireProblem> {
        self.0.lock().take()
    }

    fn put(&self, remark: WireProblem) {
        self.0.lock().get_or_insert(remark);
    }
}

trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// A transport that remembers why it ended.
pub(super) struct Wire {
    transport: Box<dyn Transport>,
    remarks: Arc<WireProblems>,
    /// The first bytes of a line without TLS; none once there were enough of them.
    first: Option<Vec<u8>>,
}

impl Wire {
    /// A line to this address; `tls`: with the name that the certificate has to be for.
    pub(super) async fn open(
        address: SocketAddr,
        tls: Option<(&Arc<ClientConfig>, &str)>,
    ) -> Result<Wire, HostProblem> {
        let tcp = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>(stream)
        };
        let tcp = tcp.await.map_err(|error| HostProblem::Tcp(connect_failure::explain(&error)))?;
        let remarks = Arc::new(WireProblems::default());
        let Some((config, name)) = tls else {
            return Ok(Wire { transport: Box::new(tcp), remarks, first: Some(Vec::new()) });
        };
        let server = ServerName::try_from(name.to_owned())
            .map_err(|_| HostProblem::Tls("no certificate can be for this name".to_owned()))?;
        let secured = TlsConnector::from(Arc::clone(config)).connect(server, tcp).await;
        match secured {
            Ok(stream) => Ok(Wire { transport: Box::new(stream), remarks, first: None }),
            Err(error) => Err(HostProblem::Tls(tls::explain(&error).unwrap_or_else(|| {
                format!(
                    "the connection ended during the TLS handshake ({error}): is that a port for TLS?"
                )
            }))),
        }
    }

    /// The problems of the line, to be read after an error.
    pub(super) fn remarks(&self) -> Arc<WireProblems> {
        Arc::clone(&self.remarks)
    }

    /// In the form that lapin takes.
    pub(super) fn compat(self) -> Compat<Wire> {
        TokioAsyncReadCompatExt::compat(self)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut wire.transport).poll_read(context, buffer);
        match &read {
            Poll::Ready(Err(error)) => {
                if let Some(remark) = tls::explain(error) {
                    wire.remarks.put(WireProblem::Tls(remark));
                }
            }
            Poll::Ready(Ok(())) => {
                let read = buffer.filled().get(before..).unwrap_or_default();
                look(&mut wire.first, &wire.remarks, read);
            }
            Poll::Pending => {}
        }
        read
    }
}

/// Looks at the first bytes of a line for what listens there.
fn look(first: &mut Option<Vec<u8>>, remarks: &WireProblems, read: &[u8]) {
    let Some(bytes) = first else { return };
    bytes.extend(read.iter().take(FIRST - bytes.len()));
    if bytes.first() == Some(&TLS_ALERT) {
        let remark =
            "what listens there speaks TLS, and the URL begins with amqp://: write amqps://";
        remarks.put(WireProblem::Tls(remark.to_owned()));
        *first = None;
    } else if let Some(remark) = access_refused::not_amqp(bytes) {
        remarks.put(WireProblem::NotABroker(remark));
        *first = None;
    } else if bytes.len() >= FIRST {
        *first = None;
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().transport).poll_write(context, data)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().transport).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().transport).poll_shutdown(context)
    }
}

/// The runtime that lapin runs on: tokio, with [`Wire`] for its lines.
pub(super) type WireRuntime = Runtime<RuntimeParts<Tokio, WireReactor>>;

/// The current tokio runtime.
pub(super) fn runtime() -> WireRuntime {
    Runtime::new(RuntimeParts::new(Tokio::current(), WireReactor(Tokio::current())))
}

/// tokio's reactor, of which only the type of a line differs.
#[derive(Debug, Clone)]
pub(super) struct WireReactor(Tokio);

impl Reactor for WireReactor {
    type TcpStream = Compat<Wire>;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<
        H: io::Read + io::Write + std::os::fd::AsFd + std::os::fd::AsRawFd + Send + 'static,
    >(
        &self,
        socket: H,
    ) -> io::Result<
        impl futures_util::io::AsyncRead + futures_util::io::AsyncWrite + Send + Unpin + 'static,
    > {
        self.0.register(socket)
    }

    fn sleep(&self, time: Duration) -> Self::Sleep {
        self.0.sleep(time)
    }

    fn interval(&self, time: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(time)
    }

    /// lapin calls this where it opens a line by itself, which it does not: it is handed one.
    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        let refused = format!("a line to {address} is not opened by lapin");
        std::future::ready(Err(io::Error::other(refused)))
    }
}
