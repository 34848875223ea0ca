//! What all pages have in common.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use chrono::Utc;
use maud::{Markup, display, html};
use service::language::{self, Language, say};
use service::page::{Column, Document, list};
use store::BeijingTime;

use super::address::at;
use super::user::User;
use super::{Console, Shared, login, pauses, verify};
use crate::failure::Failure;

const STYLE: &str = include_str!("style.css");

/// An entry of the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Menu {
    Status,
    Orders,
    DeadLetters,
    Reviews,
    Products,
    Pauses,
    Verify,
    Actions,
}

impl Menu {
    const ALL: [Menu; 8] = [
        Menu::Status,
        Menu::Orders,
        Menu::DeadLetters,
        Menu::Reviews,
        Menu::Products,
        Menu::Pauses,
        Menu::Verify,
        Menu::Actions,
    ];

    /// The page that it leads to.
    fn path(self) -> &'static str {
        match self {
            Menu::Status => "/",
            Menu::Orders => "/orders",
            Menu::DeadLetters => "/dead-letters",
            Menu::Reviews => "/reviews",
            Menu::Products => "/products",
            Menu::Pauses => "/pauses",
            Menu::Verify => verify::PATH,
            Menu::Actions => "/actions",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Menu::Status => say("总览", "Status"),
            Menu::Orders => say("订单", "Orders"),
            Menu::DeadLetters => say("死信", "Dead letters"),
            Menu::Reviews => say("复核", "Reviews"),
            Menu::Products => say("商品", "Products"),
            Menu::Pauses => say("暂停", "Pauses"),
            Menu::Verify => say("验签", "Verify"),
            Menu::Actions => say("操作记录", "Actions"),
        }
    }

    /// The entry that a page at this path belongs to.
    fn of(path: &str) -> Menu {
        let below = |menu: &Menu| {
            let rest = path.strip_prefix(menu.path());
            *menu != Menu::Status
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        Menu::ALL.into_iter().find(below).unwrap_or(Menu::Status)
    }
}

/// A page without its frame.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) title: String,
    pub(super) body: Markup,
    /// Load it again after so many seconds.
    pub(super) refresh: Option<u32>,
    /// Load this page in its place.
    pub(super) leads_to: Option<String>,
    /// Which entry of the menu it belongs to, where its address does not say so.
    pub(super) menu: Option<Menu>,
}

impl Page {
    pub(super) fn new(title: impl Into<String>, body: Markup) -> Page {
        Page {
            status: StatusCode::OK,
            title: title.into(),
            body,
            refresh: None,
            leads_to: None,
            menu: None,
        }
    }

    /// The page in its frame.
    fn framed(self, menu: Menu, console: &Console, banner: &Markup) -> Response {
        let menu = self.menu.unwrap_or(menu);
        let warning = say(
            "没有登录：能访问本页的人都能操作，前面要有带认证的反向代理。",
            "There is no login: whoever reaches this page can act. Keep an authenticating reverse proxy in front.",
        );
        // An address without a path is the page itself.
        let is_known = User::here().is_some();
        let other = format!("?{}={}", language::NAME, Language::here().other().tag());
        let body = html! {
            header {
                a.name href=(at("/")) { (say("运维控制台", "Ops console")) }
                @if is_known { nav { @for entry in Menu::ALL { (entry_of_menu(entry, entry == menu)) } } }
                (login::name_and_way_out(console.guard.field()))
                a.language href=(other) { (say("English", "中文")) }
            }
            @if console.open_to_proxy { p.remote { (warning) } }
            (banner)
            main { h1 { (self.title) } (self.body) }
            footer {
                (display(BeijingTime(Utc::now()))) (say(" 北京时间 · ops ", " Beijing time · ops "))
                (env!("CARGO_PKG_VERSION"))
            }
        };
        let head = html! {
            meta name="robots" content="noindex";
            @if let Some(seconds) = self.refresh { meta http-equiv="refresh" content=(seconds); }
            @if let Some(to) = self.leads_to { meta http-equiv="refresh" content={ "0;url=" (to) }; }
        };
        let title = format!("{} · ops console", self.title);
        let page = Document { title: &title, style: STYLE, head, body };
        (self.status, Html(page.into_string())).into_response()
    }
}

fn entry_of_menu(entry: Menu, is_here: bool) -> Markup {
    let (class, current) = (is_here.then_some("here"), is_here.then_some("page"));
    html! { a href=(at(entry.path())) class=[class] aria-current=[current] { (entry.words()) } }
}

impl IntoResponse for Page {
    /// [`framed`] puts the page into its frame: it knows the address that was asked for.
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        problem(&self).into_response()
    }
}

/// Puts a page into its frame.
pub(super) async fn framed(State(console): Shared, request: Request, next: Next) -> Response {
    let menu = Menu::of(request.uri().path());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Page>() {
        Some(page) => {
            // Nobody who is not logged in learns what is paused.
            let banner = match User::here() {
                Some(_) => pauses::banner(&console).await,
                None => html! {},
            };
            let mut framed = page.framed(menu, &console, &banner);
            // What a handler has added: cookies, how long to wait.
            framed.headers_mut().extend(std::mem::take(response.headers_mut()));
            framed
        }
        None => response,
    }
}

/// A box that says what cannot be shown now, and what to do.
pub(super) fn away(failure: &Failure) -> Markup {
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
    html! { div.box.bad { b { (title) } p { (what) } pre { (display(failure)) } } }
}

/// A page that says why there is no other.
pub(super) fn problem(failure: &Failure) -> Page {
    let not_done = say("没有执行", "Not done");
    let (status, title) = match failure {
        Failure::DatabaseAway(_) | Failure::BrokerAway(_) | Failure::CouldNotAsk(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, say("暂时不可用", "Not available now"))
        }
        Failure::NotFound(_) => (StatusCode::NOT_FOUND, say("没有找到", "Not found")),
        Failure::Refused(_) => (StatusCode::CONFLICT, not_done),
        Failure::Usage(_) => (StatusCode::BAD_REQUEST, not_done),
    };
    let body = match status {
        StatusCode::SERVICE_UNAVAILABLE => away(failure),
        _ => html! {
            div.box.bad { pre { (display(failure)) } }
            p.note { (say("用浏览器的“返回”回到上一页。", "Go back with your browser.")) }
        },
    };
    Page { status, ..Page::new(title, body) }
}

/// A request that cannot be carried out, in the language of the page.
pub(super) fn usage(chinese: &'static str, english: &'static str) -> Failure {
    Failure::Usage(say(chinese, english).to_owned())
}

/// What is shown in place of a table without rows.
pub(super) fn nothing(text: &str) -> Markup {
    html! { p.empty { (text) } }
}

/// A [`list`] on a card.
pub(super) fn table(
    columns: impl IntoIterator<Item = Column>,
    rows: impl IntoIterator<Item = Markup>,
) -> Markup {
    html! { div.card { (list(columns, rows)) } }
}

/// A heading and a table, where there are rows.
pub(super) fn section(
    heading: &str,
    columns: impl IntoIterator<Item = Column>,
    rows: impl IntoIterator<Item = Markup>,
) -> Markup {
    let mut rows = rows.into_iter().peekable();
    html! { @if rows.peek().is_some() { h2 { (heading) } (table(columns, rows)) } }
}

#[cfg(test)]
mod tests {
    use super::Menu;

    #[test]
    fn an_address_belongs_to_an_entry_of_the_menu() {
        for (path, menu) in [
            ("/", Menu::Status),
            ("/orders", Menu::Orders),
            ("/orders/A-1", Menu::Orders),
            ("/ordersx", Menu::Status),
            ("/reviews/1", Menu::Reviews),
            ("/nothing", Menu::Status),
        ] {
            assert_eq!(Menu::of(path), menu, "{path}");
        }
    }
}
