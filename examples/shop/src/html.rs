//! The frame of every page, and text as HTML.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

use crate::language::Language;

pub(crate) type Page = Response<Full<Bytes>>;

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
pub(crate) fn page(status: StatusCode, language: Language, body: &str, news: Option<&str>) -> Page {
    let (tag, title) = (language.tag(), language.say("Shop", "商店"));
    let (refresh, script) = match news {
        Some(news) => (
            "<noscript><meta http-equiv=refresh content=5></noscript>",
            format!("<script src=/shop.js data-news=\"{}\"></script>", escape(news)),
        ),
        None => ("", String::new()),
    };
    let text = format!(
        "<!doctype html><html lang={tag}><head><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <link rel=stylesheet href=/shop.css>{refresh}</head><body><main>{body}</main>{script}</body></html>"
    );
    // Goods are for the buyer alone.
    answer(status, "text/html; charset=utf-8", "private, no-store", text)
}

/// The stylesheet or the script.
pub(crate) fn file(content_type: &'static str, text: &'static str) -> Page {
    answer(StatusCode::OK, content_type, "public, max-age=300", text.to_owned())
}

/// To another page of ours.
pub(crate) fn redirect(path: &str) -> anyhow::Result<Page> {
    let mut response = answer(StatusCode::SEE_OTHER, "text/plain", "no-store", String::new());
    response.headers_mut().insert(LOCATION, HeaderValue::try_from(path)?);
    Ok(response)
}

fn answer(
    status: StatusCode,
    content_type: &'static str,
    cache: &'static str,
    text: String,
) -> Page {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Text as HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    }
}
