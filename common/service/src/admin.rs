//! `/livez`, `/readyz`, `/metrics` and `/config`, on a listener of their own that is not meant for the internet.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::telemetry::Metrics;

/// Connections served at one time: probes and a scraper need a handful.
const CONNECTIONS: usize = 64;
/// Largest age of one connection.
const CONNECTION_AGE: Duration = Duration::from_secs(60);
/// How long a request's headers may take.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after an error of `accept`, such as no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Whether the program can do its job now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Yes.
    Ready,
    /// No, for these reasons.
    NotReady(String),
}

impl Readiness {
    /// Ready when every condition holds; otherwise the names of those that do not, in this order.
    pub fn of(conditions: &[(&str, bool)]) -> Readiness {
        let failed: Vec<&str> =
            conditions.iter().filter(|(_, holds)| !holds).map(|(name, _)| *name).collect();
        if failed.is_empty() { Readiness::Ready } else { Readiness::NotReady(failed.join(", ")) }
    }

    /// The same, and not ready for `reason` either where there is one.
    #[must_use]
    pub fn and(self, reason: Option<String>) -> Readiness {
        match (self, reason) {
            (readiness, None) => readiness,
            (Readiness::Ready, Some(reason)) => Readiness::NotReady(reason),
            (Readiness::NotReady(why), Some(reason)) => {
                Readiness::NotReady(format!("{why}, {reason}"))
            }
        }
    }
}

/// Serves the endpoint until `shutdown` is cancelled. `readiness` is asked at each `/readyz`, `summary` at each
/// `/config`, and neither may wait. A program that drains passes a token that outlives the drain, so that probes see `503`.
pub async fn serve<S: Serialize>(
    listener: TcpListener,
    readiness: impl Fn() -> Readiness + Send + Sync + 'static,
    summary: impl Fn() -> S + Send + Sync + 'static,
    metrics: Metrics,
    shutdown: CancellationToken,
) {
    let readiness = Arc::new(readiness);
    let summary = Arc::new(summary);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = accept(&listener, &places) => accepted,
        };
        let Ok((stream, place)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (readiness, metrics) = (Arc::clone(&readiness), metrics.clone());
        let summary = Arc::clone(&summary);
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = answer(&request, readiness.as_ref(), summary.as_ref(), &metrics);
            async move { Ok::<_, Infallible>(answer) }
        });
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            let _place = place;
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .max_buf_size(16 * 1024)
                .serve_connection(TokioIo::new(stream), service);
            // A broken connection of a probe concerns nobody.
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = tokio::time::timeout(CONNECTION_AGE, connection) => {}
            }
        });
    }
}

/// A listener that cannot be bound. The system's error is part of the text, not its source.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen: {}", told(.key, *.address, .error))]
pub struct CannotListen {
    /// The key of the configuration.
    pub key: &'static str,
    /// Its value.
    pub address: SocketAddr,
    /// What the system said.
    pub error: io::Error,
}

fn told(key: &str, address: SocketAddr, error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::AddrInUse {
        return format!("{key} {address}: {error}");
    }
    let variable = format!("ALIPAY__{}", key.replace('.', "__").to_uppercase());
    format!(
        "{key} {address}: {error}: another program listens there. Of several programs on one machine each needs an address of its own, such as \
         {variable}=127.0.0.1:0, which takes a free port"
    )
}

/// The address that was bound, with the port that the system chose; `asked` is that of the configuration.
pub fn bound(
    listener: &TcpListener,
    key: &'static str,
    asked: SocketAddr,
) -> Result<SocketAddr, CannotListen> {
    listener.local_addr().map_err(|error| CannotListen { key, address: asked, error })
}

/// Binds the endpoint's listener; `key` names it in errors. Returned apart from [`serve`] so that the bound port
/// can be printed.
pub async fn bind(key: &'static str, address: SocketAddr) -> Result<TcpListener, CannotListen> {
    TcpListener::bind(address).await.map_err(|error| CannotListen { key, address, error })
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

fn answer<S: Serialize>(
    request: &Request<Incoming>,
    readiness: &impl Fn() -> Readiness,
    summary: &impl Fn() -> S,
    metrics: &Metrics,
) -> Response<Full<Bytes>> {
    let (status, text) = match request.uri().path() {
        "/livez" | "/readyz" | "/metrics" | "/config" if request.method() != Method::GET => {
            (StatusCode::METHOD_NOT_ALLOWED, "only GET".to_owned())
        }
        "/livez" => (StatusCode::OK, "alive".to_owned()),
        "/readyz" => match readiness() {
            Readiness::Ready => (StatusCode::OK, "ready".to_owned()),
            Readiness::NotReady(why) => {
                (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}"))
            }
        },
        "/metrics" => (StatusCode::OK, metrics.render()),
        "/config" => match serde_json::to_string(&summary()) {
            Ok(json) => (StatusCode::OK, json),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        },
        _ => (StatusCode::NOT_FOUND, "not found".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET"));
    }
    response
}
