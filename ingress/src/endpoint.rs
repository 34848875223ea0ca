//! One request and its answer.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response};
use metrics::counter;
use service::Config;
use tokio::sync::watch;

use crate::broker::Broker;
use crate::notify_verify::BackQuery;
use crate::route::{self, Page};
use crate::{notify_url, return_url};

/// Answers requests; shared by all connections.
pub(crate) struct Endpoint {
    /// The configuration of this moment. A request looks once, so it never sees half of a change.
    pub(crate) config: watch::Receiver<Arc<Config>>,
    pub(crate) broker: Broker,
    pub(crate) back_query: Arc<BackQuery>,
}

impl Endpoint {
    /// Answers one request. Never fails and never panics.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let config = Arc::clone(&self.config.borrow());
        let (head, body) = request.into_parts();
        let route = route::read(head.uri.path());
        if let Some(route) = route.filter(|route| route.page == Page::Return) {
            let answer = unwound(return_url::answer(self, &config, route, &head)).await;
            answer.unwrap_or_else(|_| return_url::panicked())
        } else {
            let answer = unwound(notify_url::answer(self, &config, route, &head, body)).await;
            answer.unwrap_or_else(|_| notify_url::panicked())
        }
    }
}

/// Runs a handler to its end or its panic. The panic itself is reported by the panic hook.
async fn unwound<T>(handler: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    AssertUnwindSafe(handler)
        .catch_unwind()
        .await
        .inspect_err(|_| counter!("ingress_panics_total").increment(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::StatusCode;

    #[tokio::test]
    async fn a_panic_is_caught() {
        async fn handler() -> Response<Full<Bytes>> {
            panic!("made by a test")
        }
        assert!(unwound(handler()).await.is_err());
        for answer in [notify_url::panicked(), return_url::panicked()] {
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
    }
}
