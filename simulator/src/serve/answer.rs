//! What is answered to a request.

use alipay::Charset;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY,
};

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content_type: String,
    /// Where a redirect leads.
    pub(super) location: Option<String>,
    pub(super) body: Vec<u8>,
    /// A page for a browser, which must not load or run anything.
    pub(super) is_page: bool,
}

/// A page has its own style and forms, and nothing else. Forms may lead anywhere: to the
/// merchant's return page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; \
    base-uri 'none'";

impl Answer {
    /// Plain text.
    pub(super) fn text(status: u16, text: impl Into<String>) -> Answer {
        Answer::of(status, "text/plain", Charset::Utf8, text.into().into_bytes())
    }

    /// A body of a type in a charset.
    pub(super) fn of(status: u16, kind: &str, charset: Charset, body: Vec<u8>) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            content_type: format!("{kind};charset={charset}"),
            location: None,
            body,
            is_page: false,
        }
    }

    /// Leads the browser elsewhere, with GET.
    pub(super) fn redirect(location: impl Into<String>) -> Answer {
        Answer { location: Some(location.into()), ..Answer::text(303, "") }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            (CONTENT_TYPE, Some(self.content_type)),
            (CACHE_CONTROL, Some("no-store".to_owned())),
            (HeaderName::from_static("x-content-type-options"), Some("nosniff".to_owned())),
            (LOCATION, self.location),
            (CONTENT_SECURITY_POLICY, self.is_page.then(|| POLICY.to_owned())),
            // A page's address has a trade number in it. With "no-referrer" a browser would not say either
            // that a form comes from here.
            (REFERRER_POLICY, Some("same-origin".to_owned())),
        ] {
            // A location that is no header value leads nowhere: it is checked where it comes from.
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }
}
