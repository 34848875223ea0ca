//! Reading a request: bounded, and with its parameters in one form.

use std::time::Duration;

use alipay::Form;
use axum::extract::Request;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::Method;

use super::answer::Answer;

/// The longest body: a batch of a thousand refunds has less than this.
const LONGEST_BODY: usize = 512 * 1024;
/// How long the body may take.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A request that was read to its end.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    /// Still encoded.
    query: String,
    body: Bytes,
}

/// Why a request has no parameters that mean one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ambiguous;

/// Reads the request; the error is the answer to send.
pub(super) async fn read(request: Request) -> Result<Asked, Answer> {
    let method = request.method().clone();
    if method != Method::GET && method != Method::POST {
        return Err(Answer::text(405, "only GET and POST"));
    }
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = Limited::new(request.into_body(), LONGEST_BODY).collect();
    let body = match tokio::time::timeout(BODY_TIME, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return Err(Answer::text(413, "the body is too long"));
        }
        Ok(Err(_)) => return Err(Answer::text(400, "the body ends too early")),
        Err(_) => return Err(Answer::text(408, "the body did not come in time")),
    };
    Ok(Asked { method, path, query, body })
}

impl Asked {
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
