//! `/login` and `/logout`

use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::header::{HeaderValue, RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use config::Role;
use maud::{Markup, html};
use order::OperatorAction;
use service::language::{Language, say};
use service::page::hidden;
use tracing::{info, warn};

use super::address::{at, link, listing};
use super::authentication::RequestSender;
use super::page::{Page, usage};
use super::request::{Fields, PostedForm, QueryString, TokenlessForm};
use super::right::role_words;
use super::user::User;
use super::{Console, Shared, oidc, session};
use crate::failure::Failure;
use crate::operations::LONGEST_PERSON_NAME;

/// The page where a person logs in.
const LOGIN: &str = "/login";
/// The field with the page that was asked for.
const TO: &str = "to";

/// What becomes of a request of nobody. A page leads to the login and from there back to the page; a form is lost.
pub(super) fn wanted(request: &Request) -> Response {
    if request.method() == Method::POST {
        let text = say(
            "登录已失效，未执行。请登录后重试。",
            "Your login has ended, so nothing was done. Log in and do it again.",
        );
        return no_login(StatusCode::FORBIDDEN, text, "/").into_response();
    }
    let asked = request.uri().path_and_query().map_or("/", |asked| asked.as_str());
    let login = listing(LOGIN, &[(TO, asked)]);
    match is_link_of_another_site(request.headers()) {
        true => by_way_of(login).into_response(),
        false => Redirect::to(&login).into_response(),
    }
}

/// Whether somebody followed a link of another site, such as an alarm in a chat: the browser keeps our cookie back then,
/// since it is `SameSite=Strict`, whether there is a login or not.
fn is_link_of_another_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site")
}

/// A page that leads on at once. What a page of ours asks for gets the cookie.
pub(super) fn by_way_of(to: String) -> Page {
    let body = html! { p { (link(&to, say("继续", "Go on"))) } };
    Page { leads_to: Some(to), ..Page::new(say("请稍候", "One moment"), body) }
}

/// The ways to log in that are configured, below what became of the last attempt.
fn page(console: &Console, status: StatusCode, problem: Option<&str>, to: &str) -> Page {
    let (name, password) = (say("用户名", "User name"), say("密码", "Password"));
    let by_provider = listing(oidc::BEGIN, &[(TO, to)]);
    let body = html! {
        @if let Some(problem) = problem { div.box.bad role="alert" { (problem) } }
        @if console.config.console.oidc.is_some() {
            p { a href=(by_provider) { (say("用公司账号登录", "Log in with the company's account")) } }
        }
        @if console.authentication.has_passwords() {
            div.card { form.login method="post" action=(at(LOGIN)) {
                (hidden(TO, to))
                label {
                    (name)
                    input name="user" required autofocus autocomplete="username" autocapitalize="none";
                }
                label {
                    (password)
                    input name="password" type="password" required autocomplete="current-password";
                }
                div.acts { button.main { (say("登录", "Log in")) } }
            } }
        }
    };
    Page { status, ..Page::new(say("登录", "Log in"), body) }
}

/// A login that did not come about, and the way to the next one.
pub(super) fn no_login(status: StatusCode, why: &str, to: &str) -> Page {
    let again = listing(LOGIN, &[(TO, to)]);
    let body = html! {
        div.box.bad role="alert" { (why) }
        p { (link(&again, say("登录", "Log in"))) }
    };
    Page { status, ..Page::new(say("登录", "Log in"), body) }
}

/// Too many attempts failed.
pub(super) fn throttled(wait: Duration, to: &str) -> Response {
    let seconds = wait.as_secs() + 1;
    let text = match Language::here() {
        Language::Chinese => format!("登录失败次数过多，请 {seconds} 秒后再试。"),
        Language::English => {
            format!("Too many logins have failed. Try again in {seconds} seconds.")
        }
    };
    let mut response = no_login(StatusCode::TOO_MANY_REQUESTS, &text, to).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// `GET /login`
pub(super) async fn show(State(console): Shared, QueryString(query): QueryString) -> Response {
    if User::here().is_some() {
        return Redirect::to(&at(own_page(&query))).into_response();
    }
    if !console.authentication.has_passwords() && console.config.console.oidc.is_none() {
        return by_proxy_only().into_response();
    }
    page(&console, StatusCode::OK, None, own_page(&query)).into_response()
}

/// Only the proxy logs people in, and it named nobody whom the configuration knows.
fn by_proxy_only() -> Page {
    let text = say(
        "登录由反向代理完成，但代理没有给出已配置角色的用户。",
        "The reverse proxy logs users in, and it named none who has a role here.",
    );
    let body = html! { div.box.bad role="alert" { (text) } };
    Page { status: StatusCode::FORBIDDEN, ..Page::new(say("登录", "Log in"), body) }
}

/// `POST /login`. There is no token to ask for; the form comes from our own page, which [`guard`](super::guard) checked.
pub(super) async fn log_in(
    State(console): Shared,
    parts: Parts,
    TokenlessForm(form): TokenlessForm,
) -> Result<Response, Failure> {
    let (name, to) = (form.get("user"), own_page(&form));
    // Blanks may be part of a password.
    let password = form.untrimmed("password");
    if name.is_empty() || password.is_empty() {
        return Err(usage("请填写用户名和密码", "give a user name and a password"));
    }
    if name.chars().count() > LONGEST_PERSON_NAME {
        return Err(usage("用户名太长", "the user name is too long"));
    }
    let (authentication, now) = (&console.authentication, Instant::now());
    let client = authentication.client_of(&parts);
    if let Err(wait) = authentication.take_attempt(name, client, now) {
        let name = authentication.recorded_name(name);
        warn!(user = name, wait_seconds = wait.as_secs() + 1, "logins are throttled");
        return Ok(throttled(wait, to));
    }
    let (user, typed) = (name.to_owned(), password.to_owned());
    let Some(role) = authentication.role_of(user, typed).await? else {
        let name = authentication.recorded_name(name);
        warn!(user = name, "a login was refused: wrong name or password");
        console.note(OperatorAction::RefuseLogin, name, authentication.recorded_address(&parts));
        let wrong = say("用户名或密码不正确。", "The user name or the password is wrong.");
        return Ok(page(&console, StatusCode::FORBIDDEN, Some(wrong), to).into_response());
    };
    info!(user = name, %role, "logged in");
    console.note(OperatorAction::LogIn, name, authentication.recorded_address(&parts));
    authentication.give_back_attempt(name, client, now);
    Ok(begin_session(&console, &parts, (name, role), Redirect::to(&at(to)).into_response()))
}

/// `POST /logout`
pub(super) async fn log_out(
    State(console): Shared,
    parts: Parts,
    PostedForm(_): PostedForm,
) -> Response {
    let ended =
        session::id_of(&parts.headers).and_then(|id| console.authentication.sessions.end(id));
    if let Some(ended) = ended {
        info!(user = ended.user, "logged out");
        console.note(OperatorAction::LogOut, &ended.user, None);
    }
    with_cookie(Redirect::to(&at(LOGIN)).into_response(), None, is_https(&console, &parts))
}

/// Begins a session, whose id goes with this answer.
pub(super) fn begin_session(
    console: &Console,
    parts: &Parts,
    (name, role): (&str, Role),
    answer: Response,
) -> Response {
    let sessions = &console.authentication.sessions;
    // The id from before the login was perhaps not this user's alone.
    session::id_of(&parts.headers).and_then(|id| sessions.end(id));
    let id = sessions.begin(name, role, Instant::now());
    with_cookie(answer, Some(&id), is_https(console, parts))
}

fn with_cookie(mut answer: Response, id: Option<&str>, is_https: bool) -> Response {
    if let Some(cookie) = session::cookie(id, is_https) {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    answer
}

/// Whether the browser's side is encrypted.
pub(super) fn is_https(console: &Console, parts: &Parts) -> bool {
    let sender = RequestSender::of(&parts.headers, &parts.extensions);
    console.guard.is_https(&parts.headers) || console.authentication.is_https_by_proxy(sender)
}

/// The page of this console that was asked for: a path below the base path, never an address of another site.
pub(super) fn own_page(fields: &Fields) -> &str {
    let to = fields.get(TO);
    let is_path =
        to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n', '\t']);
    if is_path && !to.starts_with(LOGIN) { to } else { "/" }
}

/// The user's name and role, and the way out, for the head of every page.
pub(super) fn name_and_way_out(token: Markup) -> Markup {
    let Some(User { name: Some(name), role, has_session, .. }) = User::here() else {
        return html! {};
    };
    html! {
        span.user { (name) " · " (role_words(role)) }
        @if has_session {
            form.logout method="post" action=(at("/logout")) { (token) button { (say("退出", "Log out")) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_a_page_of_the_console_alone() {
        let to = |to: &str| {
            let query = alipay::Form::from_pairs([(TO, to)]).encode();
            own_page(&Fields::read(query.as_bytes()).unwrap()).to_owned()
        };
        assert_eq!(to("/orders/A%2F1?redact=1"), "/orders/A%2F1?redact=1");
        for other in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "evil",
            "/login?to=/x",
            "/\t/evil.example",
        ] {
            assert_eq!(to(other), "/", "{other}");
        }
    }
}
