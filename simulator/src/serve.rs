//! Alipay over HTTP: the gateway of both protocols, in front of a [`Book`] of trades.
//!
//! A request comes from a merchant's program and is verified with the merchant's own keys; what is
//! answered is signed as Alipay signs it. Reading, deciding and signing are plain functions from a
//! request to an answer (`gateway`, `mapi`, `openapi`), run on a thread that may wait for the
//! book's file; only connections and time are asynchronous.

mod answer;
mod book;
mod cashier;
mod gateway;
mod gateway_faults;
mod html;
mod json;
mod mapi;
mod mapi_batch;
mod mapi_refund;
mod mapi_trade;
mod openapi;
mod openapi_trade;
mod pay;
mod post;
mod request;
mod route;
mod step;
mod tickets;
mod trade_pages;
mod xml;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::answer::Answer;
pub use self::book::Book;
pub use self::gateway_faults::GatewayFaults;
use self::post::Post;
pub use self::post::SendSettings;
use self::tickets::Tickets;
use crate::Account;

/// Connections served at one time.
const CONNECTIONS: usize = 512;
/// Bytes of a request's head: a pay link with a long subject has a few thousand.
const HEAD_BYTES: usize = 64 * 1024;
/// How long a request's head may take, also between two requests of a connection.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long requests that are under way may take when the server stops.
const STOP_TIME: Duration = Duration::from_secs(2);
/// Pause after an error of `accept`, such as no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How a [`Server`] behaves.
#[derive(Debug, Clone, Default)]
pub struct ServeSettings {
    /// What the gateway's answers have wrong.
    pub gateway: GatewayFaults,
    /// How notifications are sent.
    pub sending: SendSettings,
}

/// A stand-in for Alipay that answers HTTP. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Server(Arc<Alipay>);

/// What all requests share.
#[derive(Debug)]
struct Alipay {
    accounts: Vec<Account>,
    book: Book,
    settings: ServeSettings,
    post: Post,
    tickets: AllTickets,
}

/// What was given out and may be asked for again.
#[derive(Debug, Default)]
struct AllTickets {
    /// Batches of refunds that wait for a password.
    batches: Tickets<mapi_batch::Batch>,
    /// Ids of return pages.
    returns: Tickets<()>,
    /// Keys against phishing.
    keys: Tickets<()>,
}

impl Server {
    /// A server for these merchants and their trades.
    pub fn new(accounts: Vec<Account>, book: Book, settings: ServeSettings) -> Server {
        let post = Post::new(settings.sending.clone());
        Server(Arc::new(Alipay { accounts, book, settings, post, tickets: AllTickets::default() }))
    }

    /// Serves until `shutdown` is cancelled; requests that are under way may end, repeats of
    /// notifications do not.
    pub async fn run(&self, listener: TcpListener, shutdown: CancellationToken) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let connections = TaskTracker::new();
        while let Some(place) =
            shutdown.run_until_cancelled(Arc::clone(&places).acquire_owned()).await
        {
            let stream = match shutdown.run_until_cancelled(listener.accept()).await {
                None => break,
                Some(Ok((stream, _))) => stream,
                Some(Err(error)) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (server, shutdown) = (self.clone(), shutdown.clone());
            connections.spawn(async move {
                let _place = place;
                server.serve(stream, shutdown).await;
            });
        }
        self.0.post.stop();
        connections.close();
        // Whoever is still waiting then sees a broken connection, as at any stop.
        let _ = tokio::time::timeout(STOP_TIME, connections.wait()).await;
    }

    async fn serve(self, stream: TcpStream, shutdown: CancellationToken) {
        // An answer is one small segment: it must not wait for the next one.
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request: Request<Incoming>| {
            let alipay = Arc::clone(&self.0);
            async move { Ok::<_, Infallible>(answer(alipay, request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            // Clients hang up, time out and send rubbish: nothing that anybody can act on.
            tracing::debug!(%error, "connection ended");
        }
    }
}

async fn answer(alipay: Arc<Alipay>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let request = match request::read(request).await {
        Ok(request) => request,
        Err(answer) => return answer.into_response(),
    };
    let is_gateway = request.path == gateway::PATH;
    if is_gateway {
        let faults = &alipay.settings.gateway;
        tokio::time::sleep(faults.delay).await;
        if faults.fails() {
            return Answer::text(503, "Service Unavailable").into_response();
        }
    }
    // Signing takes a millisecond, and the book's file is locked and synced.
    let answer = tokio::task::spawn_blocking(move || route::answer(&alipay, &request));
    let failed = |_| Answer::text(500, "Internal Server Error");
    answer.await.unwrap_or_else(failed).into_response()
}
