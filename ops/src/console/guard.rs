//! Checks where a request comes from (see [`service::guard`]), and the token that every form of the console holds.

use axum::extract::Request;
use axum::http::StatusCode;
use maud::Markup;
use rand::RngExt as _;
use service::guard::{self, Foreign, WrongName};
use service::language::say;
use service::page::hidden;
use subtle::ConstantTimeEq as _;

use super::request::{Fields, Refusal, refusal};

/// The field of every form that changes something.
const FIELD: &str = "token";

/// Tells the console's own host names and forms from those of others.
#[derive(Debug)]
pub(super) struct FormGuard {
    site: guard::OriginGuard,
    token: String,
}

impl FormGuard {
    /// A guard with a token that lives as long as the process.
    pub(super) fn new(names: &[String], remote: bool) -> Result<FormGuard, WrongName> {
        let random: [u8; 16] = rand::rng().random();
        let token = format!("{:032x}", u128::from_be_bytes(random));
        Ok(FormGuard { site: guard::OriginGuard::new(names, remote)?, token })
    }

    /// The hidden field that a form must hold.
    pub(super) fn field(&self) -> Markup {
        hidden(FIELD, &self.token)
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
        if bool::from(form.get(FIELD).as_bytes().ct_eq(self.token.as_bytes())) {
            return Ok(());
        }
        Err(nothing_done(say(
            "页面已过期，请返回、刷新后重试",
            "the form is from before the console was started: go back, load the page again, and send it again",
        )))
    }
}

fn nothing_done(why: &str) -> Refusal {
    refusal(StatusCode::FORBIDDEN, format!("{}: {why}", say("未执行", "nothing was done")))
}
