//! One AMQP URL.

use config::url_mistake;
use lapin::uri::{AMQPScheme, AMQPUri};
use url::{Host, Url};

/// Seconds between heartbeats; RabbitMQ advises 5 to 20. Without one in the URL lapin would take
/// the server's 60, and a dead peer would be noticed after two minutes.
const HEARTBEAT: u16 = 10;

/// Virtual host names and users are AMQP short strings. lapin panics on longer ones.
const MAX_VHOST: usize = 255;

/// One host of the broker. No `Debug`: it holds a password.
#[derive(Clone)]
pub(super) struct BrokerAddress {
    /// For the handshake; its host is without the brackets of an IPv6 address.
    pub(super) uri: AMQPUri,
}

impl BrokerAddress {
    /// Reads a URL and gives it a heartbeat where it has none. The error does not quote it.
    pub(super) fn read(text: &str) -> Result<BrokerAddress, &'static str> {
        const FORM: &str = "it is not of the form amqp://user:password@host:port/vhost (in user and password write \
             @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25)";
        // The parsers' own errors can quote the whole URL.
        // Two URLs with a blank between them would be one, whose virtual host holds a password.
        if text.contains(char::is_whitespace) {
            return Err("it holds a blank: several URLs are separated by commas");
        }
        let form = || url_mistake(text).unwrap_or(FORM);
        let url = Url::parse(text).map_err(|_| form())?;
        // A character of the password that is not encoded makes another host of the URL.
        let hides_host = url.fragment().is_some() || !url.authority().contains('@');
        if hides_host && let Some(mistake) = url_mistake(text) {
            return Err(mistake);
        }
        let mut uri: AMQPUri = text.parse().map_err(|_| form())?;
        // lapin's parser knows names and IPv4 addresses; of anything else it makes localhost.
        uri.authority.host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(Host::Domain("")) | None => return Err("it names no host"),
            Some(Host::Domain(_) | Host::Ipv4(_)) => uri.authority.host,
        };
        if uri.authority.host.contains(',') {
            return Err("a host name holds a comma; of several hosts each is a whole URL");
        }
        if uri.vhost.len() > MAX_VHOST {
            return Err("the virtual host is longer than 255 bytes");
        }
        if uri.authority.userinfo.username.len() > MAX_VHOST {
            return Err("the user is longer than 255 bytes");
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(BrokerAddress { uri })
    }

    pub(super) fn is_tls(&self) -> bool {
        self.uri.scheme == AMQPScheme::AMQPS
    }

    /// A name, an IPv4 or an IPv6 address.
    pub(super) fn host(&self) -> &str {
        &self.uri.authority.host
    }

    pub(super) fn port(&self) -> u16 {
        self.uri.authority.port
    }

    pub(super) fn vhost(&self) -> &str {
        &self.uri.vhost
    }

    pub(super) fn user(&self) -> &str {
        &self.uri.authority.userinfo.username
    }

    /// `host:port as "user"`, for errors.
    pub(super) fn place_and_user(&self) -> String {
        format!("{} as {:?}", self.place(), self.user())
    }

    /// `host:port`
    fn place(&self) -> String {
        let (host, port) = (self.host(), self.port());
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// `host:port/vhost`, for logs.
    pub(super) fn label(&self) -> String {
        format!("{}/{}", self.place(), if self.vhost() == "/" { "" } else { self.vhost() })
    }
}

/// The URLs of a list: separated by commas, each from its `amqp://` or `amqps://` on. A comma
/// elsewhere, as in a password, separates nothing.
pub(super) fn split(list: &str) -> Vec<&str> {
    let mut urls = Vec::new();
    let mut rest = list.trim();
    while let Some(end) = next_url(rest) {
        urls.push(rest[..end].trim_end());
        rest = rest[end + 1..].trim_start();
    }
    urls.push(rest.trim_end_matches([',', ' ']));
    urls
}

/// Where the comma in front of the next URL is.
fn next_url(list: &str) -> Option<usize> {
    list.match_indices(',').map(|(at, _)| at).find(|at| {
        let next = list[at + 1..].trim_start();
        next.starts_with("amqp://") || next.starts_with("amqps://")
    })
}

#[cfg(test)]
mod tests {
    use super::{BrokerAddress, split};

    fn heartbeat(url: &str) -> Option<u16> {
        BrokerAddress::read(url).unwrap().uri.query.heartbeat
    }

    #[test]
    fn a_url_without_a_heartbeat_gets_one() {
        assert_eq!(heartbeat("amqp://localhost"), Some(10));
        assert_eq!(heartbeat("amqp://localhost/%2f?heartbeat=30"), Some(30));
    }

    #[test]
    fn a_label_has_no_password() {
        let label = |url: &str| BrokerAddress::read(url).unwrap().label();
        assert_eq!(label("amqp://shop:secret@broker:5673/pay"), "broker:5673/pay");
        assert_eq!(label("amqp://127.0.0.1/%2f"), "127.0.0.1:5672/");
        assert_eq!(label("amqps://broker"), "broker:5671/");
        assert_eq!(label("amqp://u:secret@[2001:db8::1]:5673/%2f"), "[2001:db8::1]:5673/");
        assert_eq!(label("amqps://[::1]"), "[::1]:5671/");
    }

    #[test]
    fn a_host_is_what_the_url_says() {
        let host = |url: &str| BrokerAddress::read(url).unwrap().host().to_owned();
        assert_eq!(host("amqp://[::1]:5672/%2f"), "::1");
        assert_eq!(host("amqp://10.0.0.1:5672/%2f"), "10.0.0.1");
        assert_eq!(host("amqp://broker-1.example:5672/%2f"), "broker-1.example");
    }

    #[test]
    fn unusable_urls_are_explained_and_not_quoted() {
        let vhost = format!("amqp://u:secret@h/{}", "v".repeat(256));
        for (url, word) in [
            ("", "of the form"),
            ("amqp://u:p@h/%2f amqp://u:secret@h/%2f", "commas"),
            ("mailto:u:secret@h", "of the form"),
            ("http://u:secret@h", "of the form"),
            ("amqp://u:secret@h:port/x", "port"),
            ("amqp://u:12/secret@h/x", "%2F"),
            ("amqp://u:ab/secret@h/x", "%2F"),
            ("amqp://u:12#secret@h/x", "%23"),
            ("amqp://u:12?secret@h/x", "%3F"),
            ("amqp://u:x@h/x#secret", "%23"),
            ("amqp://u:secret@[::1/x", "of the form"),
            ("amqp:///secret", "no host"),
            ("amqp://u:secret@h1,h2:5672/x", "comma"),
            (vhost.as_str(), "255"),
        ] {
            let reason = BrokerAddress::read(url).err().unwrap();
            assert!(reason.contains(word) && !reason.contains("secret"), "{url}: {reason}");
        }
    }

    #[test]
    fn a_list_is_split_in_front_of_each_url() {
        assert_eq!(split("amqp://a"), ["amqp://a"]);
        assert_eq!(
            split(" amqp://a , amqps://b,amqp://c, "),
            ["amqp://a", "amqps://b", "amqp://c"]
        );
        assert_eq!(split("amqp://u:p,w@a,amqp://b"), ["amqp://u:p,w@a", "amqp://b"]);
        assert_eq!(split("amqp://a,http://b"), ["amqp://a,http://b"]);
    }
}
