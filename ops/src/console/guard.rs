//! Who may ask: not another site, in the name of an operator who has both open.
//!
//! A page of another site can send a form here (CSRF), and can give its own name our address and then
//! read our pages as its own (DNS rebinding). The first is told apart by what a browser says about the
//! sender and by a token that only our pages hold; the second by the name in `Host`.

use service::html::Html;
use std::net::{IpAddr, SocketAddr};

use hyper::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::{StatusCode, Uri};
use rand::RngExt as _;
use subtle::ConstantTimeEq as _;

use super::answer::Answer;
use super::request::Asked;

/// The field of every form that changes something.
const FIELD: &str = "token";

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What tells our own pages and names from others.
#[derive(Debug)]
pub(super) struct Guard {
    /// Names that it answers to, besides `localhost` and addresses.
    names: Vec<String>,
    /// Whether addresses that are not loopback are names of ours too.
    remote: bool,
    token: String,
}

impl Guard {
    /// A guard with a token that lives as long as the process.
    pub(super) fn new(names: Vec<String>, remote: bool) -> Guard {
        let names = names.into_iter().map(|name| name.to_lowercase()).collect();
        let random: [u8; 16] = rand::rng().random();
        Guard { names, remote, token: format!("{:032x}", u128::from_be_bytes(random)) }
    }

    /// The hidden field that a form must hold.
    pub(super) fn field(&self) -> Html {
        Html::new().hidden(FIELD, &self.token)
    }

    /// Refuses a name that is not ours. An address or `localhost` cannot be somebody else's name.
    pub(super) fn check_host(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Answer> {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        match uri.authority().map(|authority| authority.as_str()).or(host) {
            Some(host) if self.is_ours(host) => Ok(()),
            _ => Err(Answer::text(
                StatusCode::MISDIRECTED_REQUEST,
                "421: the console is not known by this name (Host). Use its address, or start it with \
                 --host NAME.\n421: 控制台不使用这个主机名。请用地址访问，或用 --host NAME 启动。\n",
            )),
        }
    }

    /// Refuses a POST that did not come from a page of ours.
    pub(super) fn check_sender(&self, headers: &HeaderMap) -> Result<(), Answer> {
        let told = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let site = told(FETCH_SITE);
        // Behind a proxy the name in Host may be the proxy's name for us.
        let origin = told(ORIGIN).map(|origin| {
            let host = origin.split_once("://").map(|(_, host)| host).unwrap_or_default();
            let same = told(HOST).is_some_and(|own| own.eq_ignore_ascii_case(host));
            same || self.names.contains(&without_port(host).to_lowercase())
        });
        match (site, origin) {
            (Some("same-origin") | None, Some(true)) | (Some("same-origin"), None) => Ok(()),
            _ => Err(foreign("the form comes from another site 表单来自其他网站")),
        }
    }

    /// Refuses a form without the token.
    pub(super) fn check_token(&self, asked: &Asked) -> Result<(), Answer> {
        let given = asked.form.get(FIELD).as_bytes();
        if bool::from(given.ct_eq(self.token.as_bytes())) {
            return Ok(());
        }
        Err(foreign(
            "the form is from before the console was started: go back, load the page again, and send it \
             again 页面已过期，请返回刷新后重试",
        ))
    }

    fn is_ours(&self, host: &str) -> bool {
        let name = without_port(host).to_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address {
            Ok(address) => self.remote || address.is_loopback() || self.names.contains(&name),
            Err(_) => name == "localhost" || self.names.contains(&name),
        }
    }
}

fn foreign(why: &str) -> Answer {
    Answer::text(StatusCode::FORBIDDEN, format!("403: nothing was done 未执行: {why}\n"))
}

/// `host:port`, `[::1]:port` or a name alone.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            // `::1` without brackets is an address and no port.
            if name.contains(':') && !name.ends_with(']') { host } else { name }
        }
        _ => host,
    }
}

/// Whether only this machine can reach the address.
pub(crate) fn is_local(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::Guard;
    use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

    #[test]
    fn addresses_and_known_names_are_ours() {
        let local = Guard::new(vec!["Ops.example.com".to_owned()], false);
        for host in
            ["127.0.0.1:8090", "localhost", "[::1]:80", "ops.example.com:443", "LOCALHOST:1"]
        {
            assert!(local.is_ours(host), "{host}");
        }
        for host in
            ["", "evil.example", "10.0.0.1", "localhost.evil.example", "127.0.0.1.evil.example"]
        {
            assert!(!local.is_ours(host), "{host}");
        }
        let remote = Guard::new(Vec::new(), true);
        assert!(remote.is_ours("10.0.0.1:8090") && !remote.is_ours("evil.example"));
    }

    #[test]
    fn only_our_pages_send_forms() {
        let guard = Guard::new(vec!["ops.example.com".to_owned()], false);
        let check = |site: Option<&'static str>, origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("127.0.0.1:8090"));
            site.map(|site| headers.insert("sec-fetch-site", HeaderValue::from_static(site)));
            origin.map(|origin| headers.insert(ORIGIN, HeaderValue::from_static(origin)));
            guard.check_sender(&headers).is_ok()
        };
        let own = Some("http://127.0.0.1:8090");
        assert!(check(Some("same-origin"), own));
        assert!(check(None, own));
        assert!(check(Some("same-origin"), None));
        assert!(check(Some("same-origin"), Some("https://ops.example.com")));
        assert!(!check(None, None));
        for site in ["cross-site", "same-site", "none", "x"] {
            assert!(!check(Some(site), own), "{site}");
        }
        for origin in ["null", "http://evil.example", "http://127.0.0.1:8091", "http://127.0.0.1"] {
            assert!(!check(Some("same-origin"), Some(origin)), "{origin}");
        }
    }
}
