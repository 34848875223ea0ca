//! `scheme://user:password@host:port/path`, as AMQP, MySQL and HTTP addresses are written.

/// The parts of a server's address; user and password decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    pub(crate) scheme: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// What `user:password@` was, as written: for other addresses of the same server.
    pub(crate) login: String,
    /// What follows `?`, with the question mark.
    pub(crate) query: String,
}

impl ServerUrl {
    /// Reads an address; the port defaults to the scheme's.
    pub(crate) fn read(url: &str) -> Option<ServerUrl> {
        let (scheme, rest) = url.split_once("://")?;
        let (rest, query) = match rest.find('?') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let authority = rest.split('/').next()?;
        let (login, place) = match authority.rfind('@') {
            Some(at) => authority.split_at(at + 1),
            None => ("", authority),
        };
        let (user, password) = login.trim_end_matches('@').split_once(':').unwrap_or_else(|| {
            // AMQP's default login, RabbitMQ's too.
            if login.is_empty() { ("guest", "guest") } else { (login.trim_end_matches('@'), "") }
        });
        // [::1]:5672 has colons in its host.
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
            _ => (place, default_port(scheme)?),
        };
        Some(ServerUrl {
            scheme: scheme.to_owned(),
            user: decode(user)?,
            password: decode(password)?,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            login: login.to_owned(),
            query: query.to_owned(),
        })
    }

    /// The same server and user, another database or vhost.
    pub(crate) fn with_path(&self, path: &str) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let ServerUrl { scheme, login, port, query, .. } = self;
        format!("{scheme}://{login}{host}:{port}/{path}{query}")
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "amqp" => Some(5672),
        "amqps" => Some(5671),
        "mysql" => Some(3306),
        "http" => Some(80),
        _ => None,
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
