//! What is answered to a request.

use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// An HTTP answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    status: StatusCode,
    content_type: &'static str,
    body: String,
    extra: Option<(HeaderName, String)>,
}

/// A page has its own style and forms that lead back here, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

impl Answer {
    /// Plain text.
    pub(super) fn text(status: StatusCode, text: impl Into<String>) -> Answer {
        Answer { status, content_type: "text/plain; charset=utf-8", body: text.into(), extra: None }
    }

    /// A whole page.
    pub(super) fn page(status: StatusCode, page: String) -> Answer {
        Answer { content_type: "text/html; charset=utf-8", ..Answer::text(status, page) }
    }

    /// Leads the browser to another page of this server, with GET.
    pub(super) fn see(address: String) -> Answer {
        let extra = Some((LOCATION, address));
        Answer { extra, ..Answer::text(StatusCode::SEE_OTHER, "") }
    }

    /// Another method is wanted.
    pub(super) fn only(methods: &'static str) -> Answer {
        let text = format!("405: {methods}\n");
        let extra = Some((ALLOW, methods.to_owned()));
        Answer { extra, ..Answer::text(StatusCode::METHOD_NOT_ALLOWED, text) }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            (CONTENT_TYPE, self.content_type),
            (CACHE_CONTROL, "no-store"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
            // Other sites learn no order numbers; this one still says where a form came from.
            (REFERRER_POLICY, "same-origin"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        // An address of ours is percent-encoded and always a header value.
        if let Some((name, value)) = self.extra
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            headers.insert(name, value);
        }
        response
    }
}
