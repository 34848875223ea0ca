//! One HTTP server for the admin endpoint, the console and the simulator: it accepts connections within
//! limits, serves an [`axum::Router`], and lets requests end when it stops.
//!
//! `axum::serve` limits neither connections nor the size and time of a request's head, so the accept loop is
//! our own. The ingress has a stricter one, which closes idle connections to make room.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Pause after an error of `accept`, such as no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a server allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections served at one time; further ones wait in the kernel's backlog.
    pub connections: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// How long a request's head may take, also between two requests of a connection.
    pub head_time: Duration,
    /// The largest age of a connection, which is cut off then; [`Duration::MAX`] is no limit.
    pub connection_age: Duration,
    /// How long requests that are under way may take when the server stops. Connections that remain are
    /// broken when the process ends.
    pub stop_time: Duration,
}

/// Serves until `shutdown` is cancelled; requests that are under way may end.
pub async fn serve(
    listener: TcpListener,
    shutdown: CancellationToken,
    limits: Limits,
    router: Router,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    while let Some(place) = shutdown.run_until_cancelled(Arc::clone(&places).acquire_owned()).await
    {
        let accepted = match shutdown.run_until_cancelled(listener.accept()).await {
            None => break,
            Some(Ok(accepted)) => accepted,
            Some(Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (router, shutdown) = (router.clone(), shutdown.clone());
        connections.spawn(async move {
            let _place = place;
            let served = serve_connection(accepted, shutdown, limits, router);
            // A connection that is too old is dropped, whatever it is at.
            let _ = tokio::time::timeout(limits.connection_age, served).await;
        });
    }
    connections.close();
    let _ = tokio::time::timeout(limits.stop_time, connections.wait()).await;
}

/// The other side of the connection that a request came by: an extension of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

async fn serve_connection(
    (stream, peer): (TcpStream, SocketAddr),
    shutdown: CancellationToken,
    limits: Limits,
    router: Router,
) {
    // An answer is one small segment: it must not wait for the next one.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(PeerAddress(peer));
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head_bytes)
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
