//! Pages.

use alipay::Charset;

pub(super) use service::html::Html;

use super::answer::Answer;
use service::language::{Language, say};

const STYLE: &str = include_str!("style.css");

/// A whole page. Nothing in it may load or run anything.
pub(super) fn page(status: u16, title: &str, body: Html) -> Answer {
    let page = Html::new()
        .raw("<!doctype html>\n<html lang=\"")
        .raw(Language::here().tag())
        .raw("\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">")
        .raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>")
        .text(title)
        .raw("</title><style>")
        .raw(STYLE)
        .raw("</style></head>\n<body><header><a href=\"/\">")
        .raw(say("支付宝模拟器", "Alipay simulator"))
        .raw("</a>")
        .raw("<span>")
        .raw(say("不是真的钱", "no real money"))
        .raw("</span></header>\n<main><h1>")
        .text(title)
        .raw("</h1>\n")
        .html(body)
        .raw("</main></body></html>\n");
    let mut answer =
        Answer::of(status, "text/html", Charset::Utf8, page.into_string().into_bytes());
    answer.is_page = true;
    answer
}

/// A page that says what is wrong and what to do.
pub(super) fn problem(status: u16, code: &str, text: &str) -> Answer {
    let body =
        Html::new().raw("<p>").text(text).raw("</p>\n<p><code>").text(code).raw("</code></p>");
    page(status, say("操作失败", "That did not work"), body)
}
