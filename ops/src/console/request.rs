//! Reading a request: bounded, and decoded once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alipay::FormError;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use service::language::Language;

use super::Console;
use crate::failure::Failure;

/// The longest form: two hundred letters that are ticked, and a note.
pub(super) const LONGEST_FORM: usize = 64 * 1024;
/// How long the form may take.
const FORM_TIME: Duration = Duration::from_secs(10);

/// Why a request is not answered with a page: a line of text.
pub(super) type Refusal = (StatusCode, String);

/// A refusal that says its status and why.
pub(super) fn refusal(status: StatusCode, why: impl AsRef<str>) -> Refusal {
    (status, format!("{}: {}\n", status.as_u16(), why.as_ref()))
}

/// Names and values as text.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    pub(super) fn read(encoded: &[u8]) -> Result<Fields, Refusal> {
        let unusable = |what: &str| refusal(StatusCode::BAD_REQUEST, what);
        let form = match alipay::Form::parse(encoded) {
            Ok(form) => form,
            Err(FormError::Empty) => return Ok(Fields::default()),
            Err(error) => return Err(unusable(&error.to_string())),
        };
        let text = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).map(str::to_owned);
            text.map_err(|_| unusable("a parameter is not UTF-8"))
        };
        let pairs = form.iter().map(|(name, value)| Ok((text(name)?, text(value)?)));
        pairs.collect::<Result<_, Refusal>>().map(Fields)
    }

    /// The value without spaces around it; empty when it is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(|value| value.trim()).unwrap_or_default()
    }

    /// The value as it was sent; empty when it is not there.
    pub(super) fn untrimmed(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The value, where there is one.
    pub(super) fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// The value, if it has at most so many characters.
    pub(super) fn at_most(&self, name: &str, characters: usize) -> Result<String, Failure> {
        let text = self.get(name);
        if text.chars().count() <= characters {
            return Ok(text.to_owned());
        }
        Err(Failure::Usage(match Language::here() {
            Language::Chinese => format!("{name}: 太长，最多 {characters} 个字"),
            Language::English => format!("{name}: too long, at most {characters} characters"),
        }))
    }

    /// What follows `prefix` in the names that begin with it.
    pub(super) fn after<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.keys().filter_map(move |name| name.strip_prefix(prefix))
    }
}

/// What the address asks for.
pub(super) struct QueryString(pub(super) Fields);

impl<S: Sync> FromRequestParts<S> for QueryString {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<QueryString, Refusal> {
        Fields::read(parts.uri.query().unwrap_or_default().as_bytes()).map(QueryString)
    }
}

/// What a form of one of our pages says, which its token shows.
pub(super) struct PostedForm(pub(super) Fields);

impl FromRequest<Arc<Console>> for PostedForm {
    type Rejection = Refusal;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<PostedForm, Refusal> {
        let TokenlessForm(form) = TokenlessForm::from_request(request, console).await?;
        console.guard.check_token(&form)?;
        Ok(PostedForm(form))
    }
}

/// What a form says that needs no token: of who is not logged in yet.
pub(super) struct TokenlessForm(pub(super) Fields);

impl FromRequest<Arc<Console>> for TokenlessForm {
    type Rejection = Refusal;

    async fn from_request(
        request: Request,
        console: &Arc<Console>,
    ) -> Result<TokenlessForm, Refusal> {
        if !is_form(request.headers()) {
            return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "only a form"));
        }
        let body = tokio::time::timeout(FORM_TIME, Bytes::from_request(request, console)).await;
        let late = |_| refusal(StatusCode::REQUEST_TIMEOUT, "the form did not come in time");
        let body = body.map_err(late)?;
        let body = body.map_err(|error| refusal(error.status(), error.body_text()))?;
        Fields::read(&body).map(TokenlessForm)
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
