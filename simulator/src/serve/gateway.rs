//! `/gateway.do`: hands a request to the gateway of its protocol.

use axum::http::StatusCode;
use axum::response::Response;

use super::request::RawForm;
use super::{Alipay, answer, mapi, openapi};

/// Where both gateways listen.
pub(super) const PATH: &str = "/gateway.do";

/// Answers a merchant's request. `service` makes it one of the legacy gateway, anything else one
/// of the Open Platform.
pub(super) fn answer(alipay: &Alipay, form: &RawForm) -> Response {
    let Ok(form) = form.parameters() else {
        return answer::text(
            StatusCode::BAD_REQUEST,
            "a parameter occurs twice, there are too many, or none is there",
        );
    };
    match form.get("service") {
        Some(_) => mapi::answer(alipay, &form),
        None if form.get("method").is_some() || form.get("app_id").is_some() => {
            openapi::answer(alipay, &form)
        }
        None => mapi::answer(alipay, &form),
    }
}
