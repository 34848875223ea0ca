//! `scheme://user:password@host:port/path`, as AMQP, MySQL and HTTP addresses are written.

use std::net::SocketAddr;

use url::Url;

/// A server's address and its parts; user and password decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) url: Url,
}

impl ServerUrl {
    /// Reads an address; the port defaults to the scheme's.
    pub(crate) fn read(url: &str) -> Option<ServerUrl> {
        let mut url = Url::parse(url).ok()?;
        let port = url.port_or_known_default().or(match url.scheme() {
            "amqp" => Some(5672),
            "amqps" => Some(5671),
            "mysql" => Some(3306),
            _ => None,
        })?;
        url.set_port(Some(port)).ok()?;
        let (user, password) = match (url.username(), url.password()) {
            // AMQP's default login, RabbitMQ's too.
            ("", None) => ("guest", "guest"),
            (user, password) => (user, password.unwrap_or_default()),
        };
        let (user, password) = (decode(user)?, decode(password)?);
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        Some(ServerUrl { user, password, host, port, url })
    }

    /// The same server and user, another database or vhost.
    pub(crate) fn with_path(&self, path: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(path);
        url.into()
    }

    /// The same, but at another address. None for a URL that can have none.
    pub(crate) fn at(&self, address: SocketAddr) -> Option<String> {
        let mut url = self.url.clone();
        url.set_host(Some(&address.ip().to_string())).ok()?;
        url.set_port(Some(address.port())).ok()?;
        Some(url.into())
    }
}

fn decode(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(piece.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(piece.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::ServerUrl;

    #[test]
    fn another_path_keeps_everything_else() {
        let url = ServerUrl::read("amqp://g%40st:p%3Aw@127.0.0.1:4711/%2f?heartbeat=10").unwrap();
        assert_eq!((url.user.as_str(), url.password.as_str()), ("g@st", "p:w"));
        assert_eq!((url.host.as_str(), url.port), ("127.0.0.1", 4711));
        assert_eq!(url.with_path("test"), "amqp://g%40st:p%3Aw@127.0.0.1:4711/test?heartbeat=10");
    }

    #[test]
    fn parts_may_be_missing() {
        let url = ServerUrl::read("mysql://root@[::1]/alipay").unwrap();
        assert_eq!((url.user.as_str(), url.password.as_str()), ("root", ""));
        assert_eq!((url.host.as_str(), url.port), ("::1", 3306));
        assert_eq!(url.with_path("test"), "mysql://root@[::1]:3306/test");
        let url = ServerUrl::read("amqp://broker").unwrap();
        assert_eq!((url.user.as_str(), url.host.as_str(), url.port), ("guest", "broker", 5672));
    }

    #[test]
    fn what_is_no_address_is_none() {
        assert_eq!(ServerUrl::read("127.0.0.1:3306"), None);
        assert_eq!(ServerUrl::read("mysql://root@host:many/alipay"), None);
        assert_eq!(ServerUrl::read("mysql://ro%zzot@host/alipay"), None);
    }
}
