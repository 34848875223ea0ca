//! `/livez`, `/readyz`, `/metrics` and `/config`, on a listener of their own that is not meant for the internet.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::http::{self, Limits};
use crate::telemetry::Metrics;

/// Probes and a scraper need a handful of connections.
const LIMITS: Limits = Limits {
    connections: 64,
    head_bytes: 16 * 1024,
    head_time: Duration::from_secs(5),
    connection_age: Duration::from_secs(60),
    stop_time: Duration::ZERO,
};

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
pub async fn serve<S: Serialize + 'static>(
    listener: TcpListener,
    readiness: impl Fn() -> Readiness + Clone + Send + Sync + 'static,
    summary: impl Fn() -> S + Clone + Send + Sync + 'static,
    metrics: Metrics,
    shutdown: CancellationToken,
) {
    let router = Router::new()
        .route("/livez", get(async || "alive"))
        .route("/readyz", get(async move || readiness()))
        .route("/metrics", get(async move || metrics.render()))
        .route("/config", get(async move || as_json(&summary())))
        .method_not_allowed_fallback(async || (StatusCode::METHOD_NOT_ALLOWED, "only GET"))
        .fallback(async || (StatusCode::NOT_FOUND, "not found"))
        .layer(axum::middleware::map_response(as_text));
    http::serve(listener, shutdown, LIMITS, router).await;
}

impl IntoResponse for Readiness {
    fn into_response(self) -> Response {
        match self {
            Readiness::Ready => "ready".into_response(),
            Readiness::NotReady(why) => {
                (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}")).into_response()
            }
        }
    }
}

fn as_json(summary: &impl Serialize) -> Result<String, (StatusCode, String)> {
    serde_json::to_string(summary)
        .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

/// Every answer has the type of Prometheus' text format, as scrapers want it.
async fn as_text(mut response: Response) -> Response {
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

/// A listener that cannot be bound. The system's error is part of the text, not its source.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen: {}", explained(.key, *.address, .error))]
pub struct CannotListen {
    /// The key of the configuration.
    pub key: &'static str,
    /// Its value.
    pub address: SocketAddr,
    /// The error of the system.
    pub error: io::Error,
}

fn explained(key: &str, address: SocketAddr, error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::AddrInUse {
        return format!("{key} {address}: {error}");
    }
    let variable = format!("ALIPAY__{}", key.replace('.', "__").to_uppercase());
    format!(
        "{key} {address}: {error}: another program listens there. Each program on a machine needs its own address, such as \
         {variable}=127.0.0.1:0, which takes a free port"
    )
}

/// Binds the endpoint's listener; `key` names it in errors. Returns it with its address, whose port the system chose where
/// `address` has port 0: apart from [`serve`], so that the address can be printed.
pub async fn bind(
    key: &'static str,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), CannotListen> {
    let cannot_listen = |error| CannotListen { key, address, error };
    let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
    let bound = listener.local_addr().map_err(cannot_listen)?;
    Ok((listener, bound))
}
