//! Which requests for pages are refused: those that another site sends from a browser that has both open.
//!
//! A page of another site can send a form here (CSRF), and can give its own name our address and then
//! read our pages as its own (DNS rebinding). The first is told apart by what a browser says about the
//! sender, the second by the name in `Host`. A page that changes something of worth has a token in its
//! forms as well.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::{Method, Request, Uri};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Which pages and names are our own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginGuard {
    /// What browsers call us, besides `localhost` and addresses.
    origins: Vec<Origin>,
    /// Whether addresses that are not loopback are names of ours too.
    remote: bool,
    /// Whether a sender that says nothing about itself is taken for a program.
    programs: bool,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// It asks for a name that is not ours.
    #[error("this server is not known by the name in Host")]
    Host,
    /// It comes from a page of another site.
    #[error("the form comes from another site")]
    Sender,
}

/// A name that cannot be one of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not NAME, https://NAME, https://NAME:PORT or http://NAME:PORT")]
pub struct WrongName(String);

/// Scheme, host and port: pages with the same three are pages of one site.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// `scheme://host[:port]`, as browsers write it.
    fn read(text: &str) -> Option<Origin> {
        let (scheme, rest) = text.split_once("://")?;
        let secure = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        Origin::of(secure, rest)
    }

    fn of(secure: bool, host: &str) -> Option<Origin> {
        let (name, port) = host_and_port(host);
        let inside = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let allowed = |byte: u8| {
            byte.is_ascii_alphanumeric()
                || b"-._".contains(&byte)
                || inside.is_some() && b"[]:".contains(&byte)
        };
        if name.is_empty() || !name.bytes().all(allowed) {
            return None;
        }
        let port = match port {
            Some(port) => port.parse().ok()?,
            None => 443 * u16::from(secure) + 80 * u16::from(!secure),
        };
        Some(Origin { secure, host: name.to_ascii_lowercase(), port })
    }
}

impl OriginGuard {
    /// A guard that answers to `localhost`, to addresses of this machine alone (of any where `remote`), and
    /// to these names. A name alone means `https`: the console is behind a proxy then.
    ///
    /// # Errors
    /// [`WrongName`].
    pub fn new(names: &[String], remote: bool) -> Result<OriginGuard, WrongName> {
        let origin = |name: &String| {
            let origin =
                if name.contains("://") { Origin::read(name) } else { Origin::of(true, name) };
            origin.ok_or_else(|| WrongName(name.clone()))
        };
        let origins = names.iter().map(origin).collect::<Result<_, _>>()?;
        Ok(OriginGuard { origins, remote, programs: false })
    }

    /// A guard that answers to `localhost` and to any address.
    pub fn addresses() -> OriginGuard {
        OriginGuard { origins: Vec::new(), remote: true, programs: false }
    }

    /// The same guard for a server that programs ask, too. A browser says who sends a form.
    #[must_use]
    pub fn for_programs_too(self) -> OriginGuard {
        OriginGuard { programs: true, ..self }
    }

    /// Refuses a request for a name that is not ours, and a POST that did not come from a page of ours.
    ///
    /// # Errors
    /// [`Foreign`].
    pub fn check<B>(&self, request: &Request<B>) -> Result<(), Foreign> {
        self.check_host(request.headers(), request.uri())?;
        match *request.method() {
            Method::POST => self.check_sender(request.headers()),
            _ => Ok(()),
        }
    }

    /// Whether a request is for one of the names that were given as `https`: a proxy in front has decrypted it.
    pub fn is_https(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let name = host_and_port(host).0.to_ascii_lowercase();
        self.origins.iter().any(|origin| origin.secure && origin.host == name)
    }

    /// An address or `localhost` cannot be the name of another site.
    fn check_host(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Foreign> {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        match uri.authority().map(|authority| authority.as_str()).or(host) {
            Some(host) if self.is_ours(host) => Ok(()),
            _ => Err(Foreign::Host),
        }
    }

    /// A page of ours has the same scheme, host and port.
    fn check_sender(&self, headers: &HeaderMap) -> Result<(), Foreign> {
        let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let site = header(FETCH_SITE);
        let origin = header(ORIGIN).map(|origin| self.is_own_page(origin, header(HOST)));
        match (site, origin) {
            (Some("same-origin") | None, Some(true)) | (Some("same-origin"), None) => Ok(()),
            (None, None) if self.programs => Ok(()),
            _ => Err(Foreign::Sender),
        }
    }

    /// Behind a proxy the origin is one of the names that were given. Without one it is the address in
    /// `Host`, by http: nothing else is served here.
    fn is_own_page(&self, origin: &str, host: Option<&str>) -> bool {
        let Some(origin) = Origin::read(origin) else { return false };
        let direct = host.filter(|host| self.is_own_address(host));
        let direct = direct.and_then(|host| Origin::of(false, host));
        self.origins.contains(&origin) || direct.is_some_and(|own| own == origin)
    }

    fn is_ours(&self, host: &str) -> bool {
        let name = host_and_port(host).0.to_ascii_lowercase();
        self.is_own_address(host) || self.origins.iter().any(|origin| origin.host == name)
    }

    fn is_own_address(&self, host: &str) -> bool {
        let name = host_and_port(host).0.to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address {
            Ok(address) => self.remote || address.is_loopback(),
            Err(_) => name == "localhost",
        }
    }
}

/// `host:port`, `[::1]:port` or a name alone.
fn host_and_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            // `::1` without brackets is an address and no port.
            if name.contains(':') && !name.ends_with(']') {
                (host, None)
            } else {
                (name, Some(port))
            }
        }
        _ => (host, None),
    }
}

/// Whether only this machine can reach the address.
pub fn is_local(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::OriginGuard;
    use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

    fn guard(names: &[&str], remote: bool) -> OriginGuard {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        OriginGuard::new(&names, remote).unwrap()
    }

    fn sends(guard: &OriginGuard, host: &str, site: Option<&str>, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        for (name, value) in [("sec-fetch-site", site), (ORIGIN.as_str(), origin)] {
            if let Some(value) = value {
                let name = hyper::header::HeaderName::from_bytes(name.as_bytes()).unwrap();
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
        }
        guard.check_sender(&headers).is_ok()
    }

    #[test]
    fn addresses_and_known_names_are_ours() {
        let local = guard(&["Ops.example.com", "http://ops.lan:8090"], false);
        for host in [
            "127.0.0.1:8090",
            "localhost",
            "[::1]:80",
            "ops.example.com:443",
            "LOCALHOST:1",
            "ops.lan:8090",
        ] {
            assert!(local.is_ours(host), "{host}");
        }
        for host in
            ["", "evil.example", "10.0.0.1", "localhost.evil.example", "127.0.0.1.evil.example"]
        {
            assert!(!local.is_ours(host), "{host}");
        }
        let remote = guard(&[], true);
        assert!(remote.is_ours("10.0.0.1:8090") && !remote.is_ours("evil.example"));
    }

    #[test]
    fn only_our_pages_send_forms() {
        let guard = guard(&["ops.example.com"], false);
        let check = |site, origin| sends(&guard, "127.0.0.1:8090", site, origin);
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

    #[test]
    fn a_page_of_another_scheme_or_port_is_of_another_site() {
        let behind_tls = guard(&["ops.example.com"], false);
        for host in ["ops.example.com", "ops.example.com:8090", "127.0.0.1:8090"] {
            let check = |origin| sends(&behind_tls, host, None, Some(origin));
            assert!(check("https://ops.example.com"), "{host}");
            for origin in [
                "http://ops.example.com",
                "http://ops.example.com:8090",
                "http://ops.example.com:443",
                "https://ops.example.com:8443",
                "ftp://ops.example.com",
                "ops.example.com",
                "https://127.0.0.1:8090",
            ] {
                assert!(!check(origin), "{host} {origin}");
            }
        }
        let plain = guard(&["http://ops.lan:8090", "https://ops.lan:8443"], false);
        for (origin, is_own) in [
            ("http://ops.lan:8090", true),
            ("https://ops.lan:8443", true),
            ("https://ops.lan:8090", false),
            ("http://ops.lan", false),
        ] {
            assert_eq!(sends(&plain, "ops.lan:8090", None, Some(origin)), is_own, "{origin}");
        }
    }

    #[test]
    fn a_program_says_nothing_about_itself() {
        let guard = guard(&[], true).for_programs_too();
        assert!(sends(&guard, "10.0.0.1:1", None, None));
        assert!(!sends(&guard, "10.0.0.1:1", Some("cross-site"), None));
        assert!(!sends(&guard, "10.0.0.1:1", None, Some("null")));
        assert!(!sends(&guard, "10.0.0.1:1", None, Some("http://evil.example")));
    }

    #[test]
    fn https_is_what_was_given_as_https() {
        let guard = guard(&["ops.example.com", "http://ops.lan:8090"], false);
        let is_https = |host| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            guard.is_https(&headers)
        };
        assert!(is_https("ops.example.com") && is_https("OPS.example.com:443"));
        assert!(!is_https("ops.lan:8090") && !is_https("127.0.0.1:8090"));
    }

    #[test]
    fn names_that_are_none() {
        for wrong in ["", "https://", "ftp://x", "a b", "https://x/path", "https://x:99999", "x:y"]
        {
            assert!(OriginGuard::new(&[wrong.to_owned()], false).is_err(), "{wrong}");
        }
    }
}
