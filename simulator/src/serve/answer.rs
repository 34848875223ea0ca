//! What is answered to a request.

use alipay::Charset;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
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
