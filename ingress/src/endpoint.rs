//! One request and its answer.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use config::{Config, Peer};
use futures_util::FutureExt;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use metrics::counter;
use service::{metric, trace};
use tokio::sync::watch;

use crate::broker::Broker;
use crate::connection_slots::ConnectionSlot;
use crate::explainer::Explainer;
use crate::notify_verify::NotifyVerifier;
use crate::refusal_limit::RefusalLimit;
use crate::refusal_log::RefusalLog;
use crate::request_trace::RequestTrace;
use crate::route::{self, Callback};
use crate::{notify_url, return_url};

/// Characters of an unknown path in the log.
const LONGEST_PATH: usize = 200;

/// Answers requests; shared by all connections.
pub(crate) struct Endpoint {
    /// The configuration of this moment. A request looks once, so it never sees half of a change.
    pub(crate) config: watch::Receiver<Arc<Config>>,
    pub(crate) broker: Broker,
    pub(crate) notify_verifier: Arc<NotifyVerifier>,
    pub(crate) refusal_limit: RefusalLimit,
    pub(crate) refusal_log: Arc<RefusalLog>,
    pub(crate) explainer: Explainer,
}

impl Endpoint {
    /// Answers one request. Never fails and never panics.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        place: &ConnectionSlot,
    ) -> Response<Full<Bytes>> {
        let trace = RequestTrace::begin(&request);
        let context = Some(trace.context());
        let answer = trace::carry_out(context, self.answer_in_trace(request, place)).await;
        trace.end(&answer);
        answer
    }

    async fn answer_in_trace(
        &self,
        request: Request<Incoming>,
        place: &ConnectionSlot,
    ) -> Response<Full<Bytes>> {
        let active = place.begin_request();
        let config = Arc::clone(&self.config.borrow());
        let (head, body) = request.into_parts();
        let route = route::read(head.uri.path());
        let merchant = route.and_then(|route| route.merchant(&config).ok());
        let merchant = merchant.map_or("", |merchant| merchant.name.as_str());
        let proxies = &config.ingress.trusted_proxies;
        let peer = Peer::of_request(place.address(), &head.headers, proxies);
        let too_many = peer
            .is_some_and(|peer| self.refusal_limit.are_too_many(peer, merchant, Instant::now()));
        if route.is_some_and(|route| route.callback == Callback::Return) {
            if too_many {
                return return_url::turned_away(self, merchant);
            }
            let Some(route) = route else { return return_url::panicked() };
            // A browser's request has no body: it is read to its end.
            active.body_complete();
            let answer = catch_panic(return_url::answer(self, &config, route, &head)).await;
            let answer = answer.unwrap_or_else(|_| return_url::panicked());
            self.count(peer, merchant, answer.status(), false);
            return answer;
        }
        if too_many {
            return notify_url::turned_away(self, merchant);
        }
        if merchant.is_empty() {
            self.log_unknown_path(&head);
        }
        let handled = notify_url::answer(self, &config, route, &head, body, &active);
        let handled = catch_panic(handled).await;
        let (answer, is_alipays) = handled.unwrap_or_else(|_| (notify_url::panicked(), false));
        self.count(peer, merchant, answer.status(), is_alipays);
        answer
    }

    /// Remembers of a client that it was refused, or that its notification was genuine.
    fn count(&self, peer: Option<Peer>, merchant: &str, status: StatusCode, is_alipays: bool) {
        let Some(peer) = peer else { return };
        if status.is_client_error() {
            self.refusal_limit.refused(peer, merchant, Instant::now());
        } else if is_alipays && status.is_success() {
            self.refusal_limit.genuine(peer, Instant::now());
        }
    }

    /// A POST to an unknown path below `/alipay/`: a notify URL that was given to Alipay with a mistake
    /// loses every notification.
    fn log_unknown_path(&self, head: &Parts) {
        let path = head.uri.path();
        let ours = path.trim_start_matches('/').split('/').next() == Some("alipay");
        if !ours || head.method != Method::POST {
            return;
        }
        counter!(metric::INGRESS_UNKNOWN_PATHS).increment(1);
        if self.refusal_log.writes("", "unknown path", Instant::now()) {
            let path: String = path.chars().take(LONGEST_PATH).collect();
            tracing::warn!(
                path,
                "a POST to an unknown path below /alipay/: is the notify URL at Alipay right?"
            );
        }
    }
}

/// Runs a handler to its end or its panic. The panic itself is reported by the panic hook.
async fn catch_panic<T>(handler: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    AssertUnwindSafe(handler)
        .catch_unwind()
        .await
        .inspect_err(|_| counter!(metric::INGRESS_PANICS).increment(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_caught() {
        async fn handler() -> Response<Full<Bytes>> {
            panic!("made by a test")
        }
        assert!(catch_panic(handler()).await.is_err());
        for answer in [notify_url::panicked(), return_url::panicked()] {
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
    }
}
