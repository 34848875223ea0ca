//! What is answered to a request.

use alipay::Charset;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Redirect, Response};

/// Plain text.
pub(super) fn text(status: StatusCode, text: impl Into<String>) -> Response {
    of(status, "text/plain", Charset::Utf8, text.into().into_bytes())
}

/// A body of a type in a charset.
pub(super) fn of(status: StatusCode, kind: &str, charset: Charset, body: Vec<u8>) -> Response {
    (status, [(CONTENT_TYPE, format!("{kind};charset={charset}"))], body).into_response()
}

/// Leads the browser elsewhere, with GET.
pub(super) fn redirect(location: &str) -> Response {
    Redirect::to(location).into_response()
}

/// The headers of every answer.
pub(super) async fn with_headers(mut response: Response) -> Response {
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A page's address has a trade number in it. With "no-referrer" a browser would not say either that a
        // form comes from here.
        (REFERRER_POLICY, "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
