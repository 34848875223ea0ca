//! One request and its answer.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, EXPECT, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Response, StatusCode};
use metrics::{counter, histogram};
use queue::{PublishError, Publisher};
use service::Config;
use service::config::Merchant;
use tokio::sync::Semaphore;

use crate::counted::Counted;
use crate::topology::Topology;
use crate::{Refusal, body, notify, route};

/// Answers requests; shared by all connections.
pub(crate) struct Endpoint {
    pub(crate) config: Config,
    pub(crate) publisher: Publisher,
    pub(crate) topology: Topology,
    /// Places for notifications that wait for the broker.
    pub(crate) in_flight: Arc<Semaphore>,
}

/// The merchant's name for the metrics, once it is known, and what became of the request.
struct Outcome<'a> {
    merchant: &'a str,
    result: Result<(), Refusal>,
}

impl Endpoint {
    /// Answers one request. Never fails and never panics.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let started = Instant::now();
        let outcome = unwound(self.handle(request)).await.unwrap_or_else(|_| {
            counter!("ingress_panics_total").increment(1);
            Outcome { merchant: "", result: Err(Refusal::Panic) }
        });
        report(&outcome, started);
        response(&outcome.result)
    }

    async fn handle(&self, request: Request<Incoming>) -> Outcome<'_> {
        let (head, mut body) = request.into_parts();
        let merchant = match route::find(&self.config, &head.method, head.uri.path()) {
            Ok(merchant) => merchant,
            Err(refusal) => return self.turn_away("", refusal, &head, body).await,
        };
        let limits = &self.config.ingress;
        let read = if is_form(&head.headers) {
            body::read(&mut body, limits.max_body, limits.body_timeout).await
        } else {
            Err(Refusal::WrongContentType)
        };
        match read {
            Ok(bytes) => {
                let result = self.take(merchant, &bytes).await;
                Outcome { merchant: &merchant.name, result }
            }
            Err(refusal) => self.turn_away(&merchant.name, refusal, &head, body).await,
        }
    }

    /// Takes a notification if there is a place for it.
    async fn take(&self, merchant: &Merchant, body: &[u8]) -> Result<(), Refusal> {
        let Ok(_place) = self.in_flight.try_acquire() else { return Err(Refusal::Overloaded) };
        let _counted = Counted::new("ingress_in_flight");
        let timeout = self.config.ingress.confirm_timeout;
        let result = notify::take(merchant, body, &self.publisher, timeout).await;
        if let Err(Refusal::Broker(PublishError::Returned { .. } | PublishError::Channel(_))) =
            result
        {
            self.topology.look_again();
        }
        result
    }

    /// Refuses a request whose body was not read, or not to its end.
    async fn turn_away<'a>(
        &self,
        merchant: &'a str,
        refusal: Refusal,
        head: &Parts,
        body: Incoming,
    ) -> Outcome<'a> {
        // A client that waits for "100 Continue" has sent nothing yet, and a late one has had its time.
        let wanted = !head.headers.contains_key(EXPECT)
            && !matches!(refusal, Refusal::BodyTimeout | Refusal::BodyIncomplete(_));
        if wanted {
            body::discard(body).await;
        }
        Outcome { merchant, result: Err(refusal) }
    }
}

/// Runs a handler to its end or its panic. The panic itself is reported by the panic hook.
async fn unwound<T>(handler: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    AssertUnwindSafe(handler).catch_unwind().await
}

/// Whether the body says it is a form. Parameters such as `charset` are allowed and not believed: the
/// charset is a signed parameter of the form itself.
fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .is_some_and(|essence| {
            essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

fn response(result: &Result<(), Refusal>) -> Response<Full<Bytes>> {
    let (status, text) = match result {
        Ok(()) => (StatusCode::OK, "success"),
        Err(refusal) => (refusal.status(), "fail"),
    };
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    match result {
        Err(Refusal::MethodNotAllowed) => {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        Err(Refusal::BodyTooLarge { .. } | Refusal::BodyTimeout | Refusal::BodyIncomplete(_)) => {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    response
}

/// Logs and counts the answer. What a client can cause is information; what somebody should look at is a
/// warning.
fn report(outcome: &Outcome<'_>, started: Instant) {
    let merchant = outcome.merchant;
    let (word, reason) = match &outcome.result {
        Ok(()) => ("success", ""),
        Err(refusal) => {
            let reason = refusal.reason();
            match refusal {
                Refusal::Signature(_)
                | Refusal::NotThisMerchant { .. }
                | Refusal::Charset(_)
                | Refusal::Overloaded
                | Refusal::Broker(_)
                | Refusal::ConfirmTimeout
                | Refusal::Panic => tracing::warn!(merchant, reason, detail = %refusal, "refused"),
                _ => tracing::info!(merchant, reason, detail = %refusal, "refused"),
            }
            ("fail", reason)
        }
    };
    counter!(
        "ingress_requests_total",
        "merchant" => merchant.to_owned(), "outcome" => word, "reason" => reason
    )
    .increment(1);
    histogram!("ingress_request_seconds", "outcome" => word).record(started.elapsed());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for (value, expected) in [
            (Some("application/x-www-form-urlencoded"), true),
            (Some("application/x-www-form-urlencoded; charset=UTF-8"), true),
            (Some("Application/X-WWW-Form-URLEncoded;charset=gbk"), true),
            (Some("text/plain"), false),
            (Some("multipart/form-data; boundary=x"), false),
            (Some("application/x-www-form-urlencoded, text/plain"), false),
            (Some(""), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            }
            assert_eq!(is_form(&headers), expected, "{value:?}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_caught() {
        async fn handler() -> Outcome<'static> {
            panic!("made by a test")
        }
        assert!(unwound(handler()).await.is_err());
        let answer = response(&Err(Refusal::Panic));
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
