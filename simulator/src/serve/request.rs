//! Reading a request: bounded, and with its parameters in one form.

use std::time::Duration;

use alipay::Form;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use bytes::Bytes;

/// The longest body: a batch of a thousand refunds has less than this.
pub(super) const LONGEST_BODY: usize = 512 * 1024;
/// How long the body may take.
const BODY_TIME: Duration = Duration::from_secs(10);

/// The parameters of a request, still encoded: GBK must not be decoded as UTF-8.
#[derive(Debug)]
pub(super) struct RawForm {
    query: String,
    body: Bytes,
}

/// Why a request has no parameters that mean one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ambiguous;

impl<S: Send + Sync> FromRequest<S> for RawForm {
    type Rejection = (StatusCode, String);

    async fn from_request(request: Request, state: &S) -> Result<RawForm, Self::Rejection> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, state)).await;
        let late = |_| (StatusCode::REQUEST_TIMEOUT, "the body did not come in time".to_owned());
        let body = body.map_err(late)?;
        Ok(RawForm { query, body: body.map_err(|error| (error.status(), error.body_text()))? })
    }
}

impl RawForm {
    /// The parameters of URL and body together: merchants put some here and some there, and the
    /// charset in both.
    pub(super) fn parameters(&self) -> Result<Form, Ambiguous> {
        let mut all = Form::new();
        for part in [self.query.as_bytes(), &self.body] {
            if part.is_empty() {
                continue;
            }
            for (name, value) in Form::parse(part).map_err(|_| Ambiguous)?.iter() {
                let name = std::str::from_utf8(name).map_err(|_| Ambiguous)?;
                if all.get(name).is_some_and(|other| other != value) {
                    return Err(Ambiguous);
                }
                all.set(name, value);
            }
        }
        Ok(all)
    }
}
