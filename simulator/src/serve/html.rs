//! Pages.

use alipay::Charset;

pub(super) use service::html::Html;

use super::answer::Answer;

const STYLE: &str = "body{font:16px/1.5 system-ui,'PingFang SC','Noto Sans CJK SC',sans-serif;\
    margin:0;background:#f4f6f8;color:#222}\
    header{background:#1677ff;color:#fff;padding:.7rem 1.5rem}header a{color:#fff;\
    text-decoration:none;font-weight:600}header span{opacity:.8;margin-left:.6rem;font-size:.9em}\
    main{max-width:62rem;margin:1.5rem auto;padding:1.5rem;background:#fff;border-radius:8px;\
    box-shadow:0 1px 4px #0002;overflow-x:auto}\
    h1{font-size:1.3rem;margin:0 0 1rem}h2{font-size:1.05rem;margin:1.6rem 0 .5rem}\
    table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .7rem .3rem 0;\
    border-bottom:1px solid #e8ebef;vertical-align:top;overflow-wrap:anywhere}\
    th{font-weight:500;color:#667}.total{font-size:2rem;color:#1677ff;margin:.3rem 0 1rem}\
    form{display:inline-block;margin:.3rem .6rem .3rem 0}\
    button,select,input{font:inherit;padding:.35rem .8rem;border:1px solid #c8cdd4;\
    border-radius:6px;background:#fff}button{cursor:pointer}\
    button.main{background:#1677ff;border-color:#1677ff;color:#fff}\
    .yes{color:#0a7d33}.no{color:#c22}code{font-size:.9em}p.note{color:#667;font-size:.9em}";

/// A whole page. Nothing in it may load or run anything.
pub(super) fn page(status: u16, title: &str, body: Html) -> Answer {
    let page = Html::new()
        .raw("<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">")
        .raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>")
        .text(title)
        .raw("</title><style>")
        .raw(STYLE)
        .raw("</style></head>\n<body><header><a href=\"/\">支付宝模拟器 Alipay simulator</a>")
        .raw("<span>不是真的钱 no real money</span></header>\n<main><h1>")
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
    page(status, "操作失败 That did not work", body)
}
