//! The HTTP server of the console and of the simulator: connections, their limits, and a stop in which
//! what is under way may end.

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

/// How long a request's head may take, also between two requests of a connection.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Pause after an error of `accept`, such as no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a server allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections served at one time; further ones wait in the kernel's backlog.
    pub connections: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// How long requests that are under way may take when the server stops; whoever is still waiting
    /// then sees a broken connection.
    pub stop_time: Duration,
}

/// Serves until `shutdown` is cancelled; requests that are under way may end. `answer` is called once a
/// request and reads the body itself.
pub async fn serve<A, F>(
    listener: TcpListener,
    shutdown: CancellationToken,
    limits: Limits,
    answer: A,
) where
    A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    while let Some(place) = shutdown.run_until_cancelled(Arc::clone(&places).acquire_owned()).await
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
        let (answer, shutdown) = (answer.clone(), shutdown.clone());
        connections.spawn(async move {
            let _place = place;
            connection(stream, shutdown, limits.head_bytes, answer).await;
        });
    }
    connections.close();
    let _ = tokio::time::timeout(limits.stop_time, connections.wait()).await;
}

async fn connection<A, F>(
    stream: TcpStream,
    shutdown: CancellationToken,
    head_bytes: usize,
    answer: A,
) where
    A: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<Full<Bytes>>>,
{
    // An answer is one small segment: it must not wait for the next one.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(head_bytes)
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
