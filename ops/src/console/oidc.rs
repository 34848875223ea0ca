//! `/login/oidc`: a login at the company's identity provider.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{HOST, HeaderValue, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use config::Oidc;
use order::OperatorAction;
use parking_lot::Mutex;
use service::language::say;
use subtle::ConstantTimeEq as _;
use tracing::{info, warn};

use super::address::at;
use super::authentication::NOBODY;
use super::login::{begin_session, by_way_of, is_https, no_login, own_page, throttled};
use super::request::QueryString;
use super::session::{cookie_of, random};
use super::{Console, Shared};
use crate::failure::Failure;
use crate::operations::identity_provider::{IdentityProvider, LoginAttempt, Person};

/// Where a login begins.
pub(super) const BEGIN: &str = "/login/oidc";
/// Where the provider sends the browser back to; the provider must know this address.
pub(super) const CALLBACK: &str = config::OIDC_CALLBACK;

/// Ties a login to the browser in which it began. `Lax`, since the provider's page leads back to us.
const COOKIE_NAME: &str = "alipay_console_login";
/// How long a login may take at the provider.
const LONGEST: Duration = Duration::from_mins(10);
/// Logins that are under way. Of one more, the oldest is forgotten.
const MOST: usize = 1000;

/// Logins that have begun, by their state.
#[derive(Debug, Default)]
pub(super) struct PendingLogins(Mutex<HashMap<String, PendingLogin>>);

#[derive(Debug)]
struct PendingLogin {
    attempt: LoginAttempt,
    /// What the browser keeps in its cookie.
    browser: String,
    /// The page that was asked for.
    to: String,
    begun: Instant,
}

impl PendingLogins {
    fn keep(&self, login: PendingLogin) {
        let mut kept = self.0.lock();
        kept.retain(|_, one| one.begun.elapsed() < LONGEST);
        if kept.len() >= MOST {
            let oldest =
                kept.iter().min_by_key(|(_, one)| one.begun).map(|(state, _)| state.clone());
            oldest.and_then(|state| kept.remove(&state));
        }
        kept.insert(login.attempt.state.clone(), login);
    }

    /// Takes out the login with this state; it ends, whatever comes of it.
    fn take(&self, state: &str) -> Option<PendingLogin> {
        self.0.lock().remove(state).filter(|one| one.begun.elapsed() < LONGEST)
    }
}

/// `GET /login/oidc`
pub(super) async fn begin(
    State(console): Shared,
    parts: Parts,
    QueryString(query): QueryString,
) -> Result<Response, Failure> {
    let oidc = configured(&console)?;
    let client = console.authentication.client_of(&parts);
    if let Err(wait) = console.authentication.take_begin(client, Instant::now()) {
        return Ok(throttled(wait, own_page(&query)));
    }
    let is_https = is_https(&console, &parts);
    let asked_at = || {
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let scheme = if is_https { "https" } else { "http" };
        format!("{scheme}://{host}{}", at(CALLBACK))
    };
    let attempt = LoginAttempt::new(oidc.redirect_uri.clone().unwrap_or_else(asked_at));
    let address = IdentityProvider(oidc).login_address(&attempt).await?;
    let (browser, to) = (random(), own_page(&query).to_owned());
    let mut response = Redirect::to(&address).into_response();
    set_cookie(&mut response, &browser, LONGEST, is_https);
    console.pending_logins.keep(PendingLogin { attempt, browser, to, begun: Instant::now() });
    Ok(response)
}

/// `GET /login/oidc/callback`
pub(super) async fn finish(
    State(console): Shared,
    parts: Parts,
    QueryString(query): QueryString,
) -> Result<Response, Failure> {
    let oidc = configured(&console)?;
    let pending = console.pending_logins.take(query.get("state"));
    let browser = cookie_of(&parts.headers, COOKIE_NAME).unwrap_or_default();
    let is_here =
        |login: &PendingLogin| bool::from(login.browser.as_bytes().ct_eq(browser.as_bytes()));
    let client = console.authentication.client_of(&parts);
    let address = console.authentication.recorded_address(&parts);
    let note_refused = || console.note(OperatorAction::RefuseLogin, NOBODY, address);
    let Some(login) = pending.filter(is_here) else {
        warn!("a login was refused: it did not begin in that browser, or took too long");
        note_refused();
        return Ok(refusal(say(
            "这次登录不是在这个浏览器里开始的，或已超时。请重新登录。",
            "This login did not begin in this browser, or took too long. Log in again.",
        )));
    };
    if let Some(error) = query.some("error") {
        warn!(error, "the identity provider refused a login");
        note_refused();
        return Ok(refusal(say(
            "身份提供方拒绝了登录。",
            "The identity provider refused the login.",
        )));
    }
    let Person { name, groups } = IdentityProvider(oidc)
        .person(&login.attempt, query.get("code"))
        .await
        .inspect_err(|failure| {
            warn!(%failure, "a login at the identity provider failed");
            note_refused();
        })?;
    let Some(role) = console.authentication.role_by_groups(&name, oidc, &groups) else {
        warn!(user = name, "a login was refused: no role");
        console.note(OperatorAction::RefuseLogin, &name, address);
        return Ok(refusal(say(
            "您在这个控制台没有角色，请联系管理员。",
            "You have no role in this console. Ask an administrator.",
        )));
    };
    info!(user = name, %role, "logged in by the identity provider");
    console.note(OperatorAction::LogIn, &name, address);
    console.authentication.give_back_begin(client, Instant::now());
    // The provider's page leads here, so the browser would keep a Strict cookie back if we led on at once.
    let page = by_way_of(at(&login.to)).into_response();
    let mut response = begin_session(&console, &parts, (&name, role), page);
    set_cookie(&mut response, "", Duration::ZERO, is_https(&console, &parts));
    Ok(response)
}

fn configured(console: &Console) -> Result<&Oidc, Failure> {
    let none = || {
        Failure::NotFound(
            say("没有配置身份提供方", "no identity provider is configured").to_owned(),
        )
    };
    console.config.console.oidc.as_ref().ok_or_else(none)
}

fn refusal(why: &str) -> Response {
    no_login(StatusCode::FORBIDDEN, why, "/").into_response()
}

fn set_cookie(response: &mut Response, browser: &str, age: Duration, is_https: bool) {
    let secure = if is_https { "; Secure" } else { "" };
    let age = age.as_secs();
    let path = at(BEGIN);
    let text = format!(
        "{COOKIE_NAME}={browser}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"
    );
    if let Ok(cookie) = HeaderValue::from_str(&text) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
