//! Reading a request: bounded, and decoded once.

use std::collections::BTreeMap;
use std::time::Duration;

use alipay::{Form, FormError};
use axum::extract::Request;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::header::CONTENT_TYPE;
use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::answer::Answer;

/// The longest address: filters and an order number have a few hundred bytes.
const LONGEST_ADDRESS: usize = 4 * 1024;
/// The longest form: two hundred letters that are ticked, and a note.
const LONGEST_FORM: usize = 64 * 1024;
/// How long the form may take.
const FORM_TIME: Duration = Duration::from_secs(10);

/// A request that was read to its end.
#[derive(Debug)]
pub(super) struct Asked {
    /// POST, otherwise GET or HEAD.
    pub(super) is_post: bool,
    /// The parts of the path, decoded.
    pub(super) path: Vec<String>,
    /// What the address asks for.
    pub(super) query: Parameters,
    /// What a form says.
    pub(super) form: Parameters,
}

/// Names and values as text.
#[derive(Debug, Default)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    fn read(encoded: &[u8]) -> Result<Parameters, Answer> {
        let unusable = |what| Answer::text(StatusCode::BAD_REQUEST, format!("400: {what}\n"));
        let form = match Form::parse(encoded) {
            Ok(form) => form,
            Err(FormError::Empty) => return Ok(Parameters::default()),
            Err(error) => return Err(unusable(error.to_string())),
        };
        let text = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).map(str::to_owned);
            text.map_err(|_| unusable("a parameter is not UTF-8".to_owned()))
        };
        let pairs = form.iter().map(|(name, value)| Ok((text(name)?, text(value)?)));
        pairs.collect::<Result<_, Answer>>().map(Parameters)
    }

    /// The value without spaces around it; empty when it is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(|value| value.trim()).unwrap_or_default()
    }

    /// The value, where there is one.
    pub(super) fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// What follows `prefix` in the names that begin with it.
    pub(super) fn after<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.keys().filter_map(move |name| name.strip_prefix(prefix))
    }
}

/// Reads the request; the error is the answer to send.
pub(super) async fn read(request: Request) -> Result<Asked, Answer> {
    let is_post = request.method() == Method::POST;
    if !is_post && request.method() != Method::GET && request.method() != Method::HEAD {
        return Err(Answer::only("GET, HEAD, POST"));
    }
    let uri = request.uri();
    let query = uri.query().unwrap_or_default();
    if uri.path().len() + query.len() > LONGEST_ADDRESS {
        return Err(Answer::text(StatusCode::URI_TOO_LONG, "414: the address is too long\n"));
    }
    let parts = uri.path().split('/').skip(1);
    let decoded = parts.map(|part| percent_decode_str(part).decode_utf8().map(Into::into));
    let path = decoded.collect::<Result<Vec<String>, _>>();
    let path =
        path.map_err(|_| Answer::text(StatusCode::BAD_REQUEST, "400: the address is not UTF-8\n"))?;
    let query = Parameters::read(query.as_bytes())?;
    let form = if is_post { form(request).await? } else { Parameters::default() };
    Ok(Asked { is_post, path, query, form })
}

async fn form(request: Request) -> Result<Parameters, Answer> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Answer::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "415: only a form\n"));
    }
    let body = Limited::new(request.into_body(), LONGEST_FORM).collect();
    let (status, what) = match tokio::time::timeout(FORM_TIME, body).await {
        Ok(Ok(body)) => return Parameters::read(&body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            (StatusCode::PAYLOAD_TOO_LARGE, "413: the form is too long\n")
        }
        Ok(Err(_)) => (StatusCode::BAD_REQUEST, "400: the form ends too early\n"),
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "408: the form did not come in time\n"),
    };
    Err(Answer::text(status, what))
}
