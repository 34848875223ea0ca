//! What all pages have in common.

use chrono::Utc;
use hyper::StatusCode;
use service::html::Html;
use service::language::{Language, say};
use store::BeijingTime;

use super::answer::Answer;
use crate::failure::Failure;

const STYLE: &str = include_str!("style.css");

/// The pages of the menu, in Chinese and in English.
const MENU: [(&str, &str, &str); 5] = [
    ("/", "总览", "Status"),
    ("/orders", "订单", "Orders"),
    ("/dead-letters", "死信", "Dead letters"),
    ("/reviews", "复核", "Reviews"),
    ("/products", "商品", "Products"),
];

/// A page on its way.
pub(super) struct Page {
    pub(super) status: StatusCode,
    /// Which entry of the menu it belongs to.
    pub(super) menu: &'static str,
    pub(super) title: String,
    pub(super) body: Html,
    /// Load it again after so many seconds.
    pub(super) refresh: Option<u32>,
}

impl Page {
    pub(super) fn new(menu: &'static str, title: impl Into<String>, body: Html) -> Page {
        Page { status: StatusCode::OK, menu, title: title.into(), body, refresh: None }
    }

    /// The page as an answer; `remote` warns whoever looks at it.
    pub(super) fn answer(self, remote: bool) -> Answer {
        let mut page = Html::new()
            .raw("<!doctype html>\n<html lang=\"")
            .raw(Language::here().tag())
            .raw("\"><head><meta charset=\"utf-8\">")
            .raw("<meta name=\"color-scheme\" content=\"light dark\">")
            .raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")
            .raw("<meta name=\"robots\" content=\"noindex\">");
        if let Some(seconds) = self.refresh {
            page = page.raw("<meta http-equiv=\"refresh\" content=\"").shown(seconds).raw("\">");
        }
        page = page
            .raw("<title>")
            .text(&self.title)
            .raw(" · ops console</title><style>")
            .raw(STYLE)
            .raw("</style></head>\n<body><header><a class=\"name\" href=\"/\">")
            .raw(say("运维控制台", "Ops console"))
            .raw("</a><nav>");
        for (path, chinese, english) in MENU {
            let current =
                if path == self.menu { " class=\"here\" aria-current=\"page\"" } else { "" };
            page = page.raw("<a href=\"").raw(path).raw("\"").raw(current).raw(">");
            page = page.raw(say(chinese, english)).raw("</a>");
        }
        // An address without a path is the page itself.
        page = page
            .raw("</nav><a class=\"language\" href=\"?lang=")
            .raw(Language::here().other().tag())
            .raw("\">")
            .raw(say("English", "中文"))
            .raw("</a></header>\n");
        if remote {
            page = page
                .raw("<p class=\"remote\">")
                .raw(say(
                    "没有登录：能访问本页的人都能操作，前面要有带认证的反向代理。",
                    "There is no login: whoever reaches this page can act. Keep an authenticating reverse proxy in front.",
                ))
                .raw("</p>\n");
        }
        page = page
            .raw("<main><h1>")
            .text(&self.title)
            .raw("</h1>\n")
            .html(self.body)
            .raw("</main>\n<footer>")
            .shown(BeijingTime(Utc::now()))
            .raw(say(" 北京时间 · ops ", " Beijing time · ops "))
            .raw(env!("CARGO_PKG_VERSION"))
            .raw("</footer></body></html>\n");
        Answer::page(self.status, page.into_string())
    }
}

/// A box that says what cannot be shown now, and what to do.
pub(super) fn away(failure: &Failure) -> Html {
    let text = failure.to_string();
    let (title, what) = match failure {
        Failure::DatabaseAway(_) => (
            say("数据库无法访问", "The database does not answer"),
            say(
                "数据库恢复后刷新本页即可，消息留在队列里，不会丢失。",
                "Load this page again once it is back; messages wait in their queues meanwhile.",
            ),
        ),
        Failure::BrokerAway(_) => (
            say("消息队列无法访问", "The broker does not answer"),
            say(
                "RabbitMQ 恢复后刷新本页即可。支付宝会重发没有得到 success 的通知。",
                "Load this page again once it is back; Alipay repeats what was not answered with success.",
            ),
        ),
        _ => (
            say("暂时无法查询", "This could not be asked"),
            say("请稍后刷新。", "Load this page again later."),
        ),
    };
    Html::new()
        .raw("<div class=\"box bad\"><b>")
        .raw(title)
        .raw("</b><p>")
        .raw(what)
        .raw("</p><pre>")
        .text(&text)
        .raw("</pre></div>\n")
}

/// A page that says why there is no other.
pub(super) fn problem(menu: &'static str, failure: &Failure) -> Page {
    let (status, title, body) = match failure {
        Failure::DatabaseAway(_) | Failure::BrokerAway(_) | Failure::CouldNotAsk(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, say("暂时不可用", "Not available now"), away(failure))
        }
        Failure::NotFound(text) => {
            (StatusCode::NOT_FOUND, say("没有找到", "Not found"), said(text))
        }
        Failure::Refused(text) => (StatusCode::CONFLICT, say("没有执行", "Not done"), said(text)),
        Failure::Usage(text) => (StatusCode::BAD_REQUEST, say("没有执行", "Not done"), said(text)),
    };
    Page { status, ..Page::new(menu, title, body) }
}

fn said(text: &str) -> Html {
    Html::new()
        .raw("<div class=\"box bad\"><pre>")
        .text(text)
        .raw("</pre></div><p class=\"note\">")
        .raw(say("用浏览器的“返回”回到上一页。", "Go back with your browser."))
        .raw("</p>")
}

/// What a table shows that has no rows.
pub(super) fn nothing(text: &'static str) -> Html {
    Html::new().raw("<p class=\"empty\">").raw(text).raw("</p>\n")
}
