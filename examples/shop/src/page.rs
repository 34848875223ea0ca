//! The frame of every page, and the headers of every answer.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use crate::language::Language;

/// Of all answers. Nothing but our own stylesheet and script is loaded, and no other site frames a page. The order's number
/// in the address is not told to other sites.
const HEADERS: [(HeaderName, &str); 3] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
];

/// A page. `news` is the path that answers when the page has changed: the page is shown anew then, and every few seconds
/// where the browser runs no script.
pub(crate) fn page(
    status: StatusCode,
    language: Language,
    body: &Markup,
    news: Option<&str>,
) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang=(language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (language.say("Shop", "商城")) }
                link rel="stylesheet" href="/shop.css";
                @if news.is_some() { noscript { meta http-equiv="refresh" content="5"; } }
            }
            body {
                main { (body) }
                @if let Some(news) = news { script src="/shop.js" data-news=(news) {} }
            }
        }
    };
    (status, Html(page.into_string())).into_response()
}

/// The stylesheet or the script.
pub(crate) fn file(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "public, max-age=300")], text)
}

/// Adds [`HEADERS`] to an answer; it is kept by no cache, unless it says otherwise.
pub(crate) async fn with_headers(mut response: Response) -> Response {
    let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(HeaderMap::from_iter(headers));
    // Goods are for the buyer alone.
    let private = HeaderValue::from_static("private, no-store");
    response.headers_mut().entry(CACHE_CONTROL).or_insert(private);
    response
}
