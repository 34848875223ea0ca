//! A request to a return URL and its answer: a page for a buyer.

use std::time::Instant;

use bytes::Bytes;
use config::{Config, Merchant};
use http_body_util::Full;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use metrics::counter;
use service::metric;

use crate::endpoint::Endpoint;
use crate::refusal_log::RefusalLog;
use crate::route::Route;
use crate::{Refusal, request_trace, return_page};

/// What a buyer reads where the merchant has no page of its own.
const THANKS: &str = concat!(
    "<!doctype html><meta charset=utf-8><title>Alipay</title>\n",
    "<p lang=zh>谢谢，正在核实您的订单。\n",
    "<p lang=en>Thank you, your order is being checked.\n",
);
/// What a buyer reads whose address is not one of Alipay's.
const NOT_VALID: &str = concat!(
    "<!doctype html><meta charset=utf-8><title>Alipay</title>\n",
    "<p lang=zh>此链接无效。如您已付款，订单会自动更新。\n",
    "<p lang=en>This link is not valid. If you have paid, your order will be updated by itself.\n",
);

/// The answer to a request that is signed and for this merchant.
struct ReturnAnswer {
    /// The merchant's page, where one is configured.
    location: Option<String>,
    /// Why the gateway will not be asked because of this request.
    not_asked: Option<Refusal>,
}

/// Answers a request to a return URL. Its body, if any, plays no part.
pub(crate) async fn answer(
    endpoint: &Endpoint,
    config: &Config,
    route: Route<'_>,
    head: &Parts,
) -> Response<Full<Bytes>> {
    let (merchant, result) = match route.merchant(config) {
        Ok(merchant) => {
            let result = welcome(endpoint, config, merchant, head).await;
            (merchant.name.as_str(), result)
        }
        Err(refusal) => ("", Err(refusal)),
    };
    report(merchant, &result, Some(&endpoint.refusal_log));
    response(&result)
}

/// The page for a client of which too many requests were refused already.
pub(crate) fn turned_away(endpoint: &Endpoint, merchant: &str) -> Response<Full<Bytes>> {
    let result = Err(Refusal::TooManyRefused);
    report(merchant, &result, Some(&endpoint.refusal_log));
    response(&result)
}

async fn welcome(
    endpoint: &Endpoint,
    config: &Config,
    merchant: &Merchant,
    head: &Parts,
) -> Result<ReturnAnswer, Refusal> {
    // HEAD as well: a program that checks links is not a buyer.
    if head.method != Method::GET {
        return Err(Refusal::MethodNotAllowed);
    }
    let order = return_page::order(merchant, head.uri.query().unwrap_or_default())?;
    let timeout = config.ingress.confirm_timeout;
    let not_asked = return_page::ask(merchant, &order, &endpoint.broker, timeout).await.err();
    Ok(ReturnAnswer { location: return_page::destination(merchant, &order), not_asked })
}

/// The page for a request whose handler panicked.
pub(crate) fn panicked() -> Response<Full<Bytes>> {
    let result = Err(Refusal::Panic);
    report("", &result, None);
    response(&result)
}

fn response(result: &Result<ReturnAnswer, Refusal>) -> Response<Full<Bytes>> {
    let location = match result {
        Ok(welcome) => welcome.location.as_ref().and_then(|to| HeaderValue::try_from(to).ok()),
        Err(_) => None,
    };
    let (status, text) = match (result, &location) {
        (Ok(_), Some(_)) => (StatusCode::SEE_OTHER, ""),
        (Ok(_), None) => (StatusCode::OK, THANKS),
        (Err(refusal), _) => (refusal.status(), NOT_VALID),
    };
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    if let Err(refusal) = result {
        request_trace::note_reason(&mut response, refusal);
    }
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    // The address holds what Alipay signed: it must not be stored or passed on to other sites.
    set(CACHE_CONTROL, "no-store");
    set(REFERRER_POLICY, "no-referrer");
    if !text.is_empty() {
        set(CONTENT_TYPE, "text/html; charset=utf-8");
        set(CONTENT_SECURITY_POLICY, "default-src 'none'");
    }
    if matches!(result, Err(Refusal::MethodNotAllowed)) {
        set(ALLOW, "GET");
    }
    if let Some(location) = location {
        headers.insert(LOCATION, location);
    }
    response
}

/// Logs and counts the answer, separately from notifications: no alarm depends on what browsers do.
fn report(merchant: &str, result: &Result<ReturnAnswer, Refusal>, log: Option<&RefusalLog>) {
    let (outcome, reason) = match result {
        Ok(ReturnAnswer { not_asked: None, .. }) => ("asked", ""),
        Ok(ReturnAnswer { not_asked: Some(refusal), .. }) => {
            let reason = refusal.reason();
            tracing::warn!(
                merchant,
                reason,
                detail = %refusal,
                "a buyer returned, but the query to the gateway could not be queued; a worker queries later"
            );
            ("not_asked", reason)
        }
        Err(refusal) => {
            let reason = refusal.reason();
            if log.is_none_or(|log| log.writes(merchant, reason, Instant::now())) {
                tracing::info!(merchant, reason, detail = %refusal, "return page refused");
            }
            ("fail", reason)
        }
    };
    counter!(
        metric::INGRESS_RETURNS,
        "merchant" => merchant.to_owned(), "outcome" => outcome, "reason" => reason
    )
    .increment(1);
}
