//! Connections and their limits.

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

use super::{Console, request, route};

/// Connections served at one time: a few operators with some pages each.
const CONNECTIONS: usize = 128;
/// Bytes of a request's head.
const HEAD_BYTES: usize = 32 * 1024;
/// How long a request's head may take, also between two requests of a connection.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long pages that are under way may take when the server stops.
const STOP_TIME: Duration = Duration::from_secs(5);
/// Pause after an error of `accept`, such as no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` is cancelled; what is under way may end.
pub(crate) async fn serve(console: Console, listener: TcpListener, shutdown: CancellationToken) {
    let console = Arc::new(console);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
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
        let (console, shutdown) = (Arc::clone(&console), shutdown.clone());
        connections.spawn(async move {
            let _place = place;
            connection(console, stream, shutdown).await;
        });
    }
    connections.close();
    let _ = tokio::time::timeout(STOP_TIME, connections.wait()).await;
}

async fn connection(console: Arc<Console>, stream: TcpStream, shutdown: CancellationToken) {
    // An answer must not wait for the next one.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| {
        let console = Arc::clone(&console);
        async move { Ok::<_, Infallible>(answer(&console, request).await) }
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

async fn answer(console: &Arc<Console>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let guard = &console.guard;
    let mut checked = guard.check_host(request.headers(), request.uri());
    if request.method() == hyper::Method::POST {
        checked = checked.and_then(|()| guard.check_sender(request.headers()));
    }
    if let Err(answer) = checked {
        return answer.into_response();
    }
    let asked = match request::read(request).await {
        Ok(asked) => asked,
        Err(answer) => return answer.into_response(),
    };
    if asked.is_post
        && let Err(answer) = guard.check_token(&asked)
    {
        return answer.into_response();
    }
    route::answer(console, &asked).await.into_response()
}
