//! Connections: accepting them, and serving each with limits on its time.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use service::config::Ingress;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::counted::Counted;
use crate::endpoint::Endpoint;

/// Bytes that a connection may hold of a request's head. Alipay's has a few hundred.
const HEAD_BYTES: usize = 16 * 1024;
/// Pause after an error of `accept`, such as no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until `stopping` is cancelled. Each is a task of `connections` that ends soon
/// after: with the answers to the requests it has sent.
pub(crate) async fn accept(
    listener: TcpListener,
    endpoint: Arc<Endpoint>,
    connections: TaskTracker,
    stopping: CancellationToken,
) {
    let limits = endpoint.config.borrow().ingress.clone();
    let places = Arc::new(Semaphore::new(limits.max_connections));
    loop {
        let accepted = stopping.run_until_cancelled(next(&listener, &places)).await;
        match accepted {
            None => return,
            Some(Ok((stream, place))) => {
                let serving =
                    serve(stream, Arc::clone(&endpoint), limits.clone(), stopping.clone());
                connections.spawn(async move {
                    let _counted = Counted::new("ingress_connections");
                    let _place = place;
                    serving.await;
                });
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The next connection, once there is a place for it; until then it waits in the kernel's backlog.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // An answer is one small segment: it must not wait for the next one.
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

/// Serves the requests of one connection, one after the other.
async fn serve(
    stream: TcpStream,
    endpoint: Arc<Endpoint>,
    limits: Ingress,
    stopping: CancellationToken,
) {
    let (age, header_timeout) = (limits.connection_timeout, limits.header_timeout);
    // The longest that a request may take which has begun when the connection is told to end.
    let last_request = limits.header_timeout
        + limits.body_timeout
        + limits.notify_verify_timeout
        + limits.confirm_timeout;
    let service = service_fn(move |request| {
        let endpoint = Arc::clone(&endpoint);
        async move { Ok::<_, Infallible>(endpoint.answer(request).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stopping.cancelled() => None,
        () = tokio::time::sleep(age) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            // A client that neither sends nor reads any more is left behind here.
            match tokio::time::timeout(last_request + ACCEPT_PAUSE, connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        // Clients hang up, time out and send rubbish: nothing that anybody can act on.
        tracing::debug!(%error, "connection ended");
    }
}
