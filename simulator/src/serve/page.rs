//! Pages.

use alipay::Charset;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use axum::response::Response;
use maud::{Markup, html};
use service::language::say;
use service::page::Document;

use super::answer;

const STYLE: &str = include_str!("style.css");

/// A page has its own style and forms, and nothing else. Forms may lead anywhere: to the
/// merchant's return page.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
);

/// A whole page. Nothing in it may load or run anything.
pub(super) fn page(status: StatusCode, title: &str, body: Markup) -> Response {
    let body = html! {
        header {
            a href="/" { (say("支付宝模拟器", "Alipay simulator")) }
            span { (say("不是真实资金", "no real money")) }
        }
        main { h1 { (title) } (body) }
    };
    let page = Document { title, style: STYLE, head: html! {}, body }.into_string();
    let mut page = answer::of(status, "text/html", Charset::Utf8, page.into_bytes());
    page.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    page
}

/// A page that says what is wrong and what to do.
pub(super) fn problem(status: StatusCode, code: &str, text: &str) -> Response {
    let body = html! { p { (text) } p { code { (code) } } };
    page(status, say("操作失败", "That did not work"), body)
}
