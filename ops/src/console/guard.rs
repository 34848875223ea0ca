//! Checks where a request comes from (see [`service::guard`]), and the token that every form of the console holds.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use maud::Markup;
use service::guard::{self, Foreign, WrongName};
use service::language::say;
use service::page::hidden;
use subtle::ConstantTimeEq as _;

use super::request::{Fields, Refusal, refusal};
use super::user::User;

/// The field of every form that changes something.
const FIELD: &str = "token";

/// Tells the console's own host names and forms from those of others.
#[derive(Debug)]
pub(super) struct FormGuard {
    site: guard::OriginGuard,
}

impl FormGuard {
    /// A guard for a console of these names.
    pub(super) fn new(names: &[String], remote: bool) -> Result<FormGuard, WrongName> {
        Ok(FormGuard { site: guard::OriginGuard::new(names, remote)? })
    }

    /// The hidden field that a form must hold: the token of the user's login.
    pub(super) fn field(&self) -> Markup {
        hidden(FIELD, &User::here().map(|user| user.token).unwrap_or_default())
    }

    /// Whether the browser asks by HTTPS: for a name that was given so.
    pub(super) fn is_https(&self, headers: &HeaderMap) -> bool {
        self.site.is_https(headers)
    }

    /// Refuses a name that is not ours, and a POST that did not come from a page of ours.
    pub(super) fn check(&self, request: &Request) -> Result<(), Refusal> {
        self.site.check(request).map_err(|foreign| match foreign {
            Foreign::Host => refusal(
                StatusCode::MISDIRECTED_REQUEST,
                say(
                    "控制台不使用这个主机名。请用地址访问，或用 --host NAME 启动。",
                    "the console is not known by this name (Host). Use its address, or start it with --host NAME.",
                ),
            ),
            Foreign::Sender => nothing_done(say(
                "表单来自其他网站；如控制台有自己的域名，请用 --host 写明浏览器中的协议、域名和端口",
                "the form comes from another site; where the console has a name of its own, --host says scheme, \
                 name and port as the browser shows them",
            )),
        })
    }

    /// Refuses a form without the token.
    pub(super) fn check_token(&self, form: &Fields) -> Result<(), Refusal> {
        let is_own =
            |user: User| bool::from(form.get(FIELD).as_bytes().ct_eq(user.token.as_bytes()));
        if User::here().is_some_and(is_own) {
            return Ok(());
        }
        Err(nothing_done(say(
            "页面已过期，请返回、刷新后重试",
            "the form is from before this login: go back, load the page again, and send it again",
        )))
    }
}

fn nothing_done(why: &str) -> Refusal {
    refusal(StatusCode::FORBIDDEN, format!("{}: {why}", say("未执行", "nothing was done")))
}
