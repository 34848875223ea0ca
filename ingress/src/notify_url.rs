//! A request to a notify URL and its answer: `success` or `fail`.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use config::{Config, Merchant};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, EXPECT, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Response, StatusCode};
use metrics::{counter, histogram};
use service::metric;

use crate::connection_slots::ActiveRequest;
use crate::endpoint::Endpoint;
use crate::refusal_log::RefusalLog;
use crate::route::Route;
use crate::{Refusal, body, notify, request_trace};

/// The merchant's name for the metrics, once it is known, and the outcome of the request.
struct HandledRequest<'a> {
    merchant: &'a str,
    /// `true`: only Alipay can have sent it. A buyer with a text that Alipay signed can cut it elsewhere.
    result: Result<bool, Refusal>,
}

/// Answers a request to a notify URL, or to an unknown path; and says whether Alipay sent it.
pub(crate) async fn answer(
    endpoint: &Endpoint,
    config: &Arc<Config>,
    route: Option<Route<'_>>,
    head: &Parts,
    body: Incoming,
    request: &ActiveRequest<'_>,
) -> (Response<Full<Bytes>>, bool) {
    let started = Instant::now();
    let outcome = handle(endpoint, config, route, head, body, request).await;
    report(&outcome, started, Some(&endpoint.refusal_log));
    (response(&outcome.result), matches!(outcome.result, Ok(true)))
}

/// The answer to a client of which too many requests were refused already: its body is not read.
pub(crate) fn turned_away(endpoint: &Endpoint, merchant: &str) -> Response<Full<Bytes>> {
    let outcome = HandledRequest { merchant, result: Err(Refusal::TooManyRefused) };
    report(&outcome, Instant::now(), Some(&endpoint.refusal_log));
    response(&outcome.result)
}

/// The answer to a request whose handler panicked.
pub(crate) fn panicked() -> Response<Full<Bytes>> {
    let outcome = HandledRequest { merchant: "", result: Err(Refusal::Panic) };
    report(&outcome, Instant::now(), None);
    response(&outcome.result)
}

async fn handle<'a>(
    endpoint: &Endpoint,
    config: &'a Arc<Config>,
    route: Option<Route<'_>>,
    head: &Parts,
    mut body: Incoming,
    request: &ActiveRequest<'_>,
) -> HandledRequest<'a> {
    let merchant = match merchant(config, route, head) {
        Ok(merchant) => merchant,
        Err(refusal) => return turn_away("", refusal, head, body).await,
    };
    let limits = &config.ingress;
    let read = if is_form(&head.headers) {
        body::read(&mut body, request, limits.max_body, limits.body_timeout).await
    } else {
        Err(Refusal::WrongContentType)
    };
    match read {
        Ok(bytes) => {
            request.body_complete();
            let result = take(endpoint, config, merchant, &bytes).await;
            if let Err(Refusal::Signature(error)) = &result {
                endpoint.explainer.explain(config, merchant, &bytes, error);
            }
            HandledRequest { merchant: &merchant.name, result }
        }
        Err(refusal) => turn_away(&merchant.name, refusal, head, body).await,
    }
}

fn merchant<'a>(
    config: &'a Config,
    route: Option<Route<'_>>,
    head: &Parts,
) -> Result<&'a Merchant, Refusal> {
    let merchant = route.ok_or(Refusal::NotFound)?.merchant(config)?;
    if head.method == Method::POST { Ok(merchant) } else { Err(Refusal::MethodNotAllowed) }
}

/// Takes a notification, unless too many wait for the broker.
async fn take(
    endpoint: &Endpoint,
    config: &Arc<Config>,
    merchant: &Merchant,
    body: &[u8],
) -> Result<bool, Refusal> {
    let permit = endpoint.broker.admit()?;
    let timeout = config.ingress.confirm_timeout;
    let notification = notify::read(merchant, body)?;
    endpoint.notify_verifier.check(config, merchant, &notification).await?;
    notification.publish(&endpoint.broker, &permit, timeout).await?;
    Ok(!notification.is_ambiguous)
}

/// Refuses a request whose body was not read, or not to its end.
async fn turn_away<'a>(
    merchant: &'a str,
    refusal: Refusal,
    head: &Parts,
    body: Incoming,
) -> HandledRequest<'a> {
    // A client that waits for "100 Continue" has sent nothing yet, and a late one has had its time.
    let wanted = !head.headers.contains_key(EXPECT)
        && !matches!(refusal, Refusal::BodyTimeout | Refusal::BodyIncomplete(_));
    if wanted {
        body::discard(body).await;
    }
    HandledRequest { merchant, result: Err(refusal) }
}

/// Whether the body says it is a form. Of two types in one header the first counts (docs/protocol.md §13.2:
/// proxies join them). Parameters such as `charset` are allowed and not believed: the
/// charset is a signed parameter of the form itself.
fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split([';', ',']).next())
        .is_some_and(|essence| {
            essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

fn response(result: &Result<bool, Refusal>) -> Response<Full<Bytes>> {
    let (status, text) = match result {
        Ok(_) => (StatusCode::OK, "success"),
        Err(refusal) => (refusal.status(), "fail"),
    };
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    if let Err(refusal) = result {
        request_trace::note_reason(&mut response, refusal);
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    match result {
        Err(Refusal::MethodNotAllowed) => {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        Err(
            Refusal::BodyTooLarge { .. }
            | Refusal::BodyTimeout
            | Refusal::BodyIncomplete(_)
            | Refusal::TooManyRefused,
        ) => {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    response
}

/// Logs and counts the answer. What a client can cause is information; what somebody should look at is a
/// warning. Not every line is written where there are many alike.
fn report(outcome: &HandledRequest<'_>, started: Instant, log: Option<&RefusalLog>) {
    let merchant = outcome.merchant;
    let (word, reason) = match &outcome.result {
        Ok(_) => ("success", ""),
        Err(refusal) => {
            let reason = refusal.reason();
            let written = log.is_none_or(|log| log.writes(merchant, reason, Instant::now()));
            match refusal {
                _ if !written => {}
                Refusal::Signature(_)
                | Refusal::NotThisMerchant { .. }
                | Refusal::Charset(_)
                | Refusal::NoNotifyId
                | Refusal::NotifyVerifyFalse
                | Refusal::NotifyVerifyInvalid
                | Refusal::NotifyVerifyNoAnswer { .. }
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
        metric::INGRESS_REQUESTS,
        "merchant" => merchant.to_owned(), "outcome" => word, "reason" => reason
    )
    .increment(1);
    histogram!(metric::INGRESS_REQUEST_SECONDS, "outcome" => word).record(started.elapsed());
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
            (Some("application/x-www-form-urlencoded, text/plain"), true),
            (Some("text/plain, application/x-www-form-urlencoded"), false),
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
}
