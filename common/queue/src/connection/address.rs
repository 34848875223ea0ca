//! The AMQP URL.

use lapin::uri::{AMQPScheme, AMQPUri};

use super::ConnectionError;

/// Seconds between heartbeats; RabbitMQ advises 5 to 20. Without one in the URL lapin would take
/// the server's 60, and a dead peer would be noticed after two minutes.
const HEARTBEAT: u16 = 10;

/// Virtual host names are AMQP short strings. lapin panics on longer ones.
const MAX_VHOST: usize = 255;

/// Reads the URL and gives it a heartbeat where it has none.
pub(crate) fn parse(url: &str) -> Result<AMQPUri, ConnectionError> {
    let unusable = |reason| Err(ConnectionError::Url { reason });
    // The parser's own errors can quote the whole URL.
    let Ok(mut uri) = url.parse::<AMQPUri>() else {
        return unusable("it is not of the form amqp://user:password@host:port/vhost");
    };
    if uri.scheme == AMQPScheme::AMQPS {
        return unusable("amqps is not built in; end TLS in a proxy beside this program");
    }
    // The parser silently connects to localhost instead.
    if host_is_ipv6(url) {
        return unusable("IPv6 addresses are not supported; use a host name");
    }
    if uri.vhost.len() > MAX_VHOST {
        return unusable("the virtual host is longer than 255 bytes");
    }
    uri.query.heartbeat.get_or_insert(HEARTBEAT);
    Ok(uri)
}

fn host_is_ipv6(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host).starts_with('[')
}

/// `host:port/vhost`, for logs.
pub(crate) fn label(url: &str) -> String {
    parse(url).map_or_else(
        |_| String::from("?"),
        |uri| {
            let vhost = if uri.vhost == "/" { "" } else { uri.vhost.as_str() };
            format!("{}:{}/{vhost}", uri.authority.host, uri.authority.port)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::{label, parse};

    #[test]
    fn heartbeat() {
        assert_eq!(parse("amqp://localhost").unwrap().query.heartbeat, Some(10));
        assert_eq!(parse("amqp://localhost/%2f?heartbeat=30").unwrap().query.heartbeat, Some(30));
    }

    #[test]
    fn label_has_no_password() {
        assert_eq!(label("amqp://shop:secret@broker:5673/pay"), "broker:5673/pay");
        assert_eq!(label("amqp://127.0.0.1/%2f"), "127.0.0.1:5672/");
    }

    #[test]
    fn unusable_urls_are_explained_and_not_quoted() {
        let vhost = format!("amqp://u:secret@h/{}", "v".repeat(256));
        for (url, word) in [
            ("", "of the form"),
            ("mailto:u:secret@h", "of the form"),
            ("http://u:secret@h", "of the form"),
            ("amqps://u:secret@h", "TLS"),
            ("amqp://u:secret@[::1]:5672/%2f", "IPv6"),
            ("amqp://[::1]", "IPv6"),
            (vhost.as_str(), "255"),
        ] {
            let error = parse(url).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(text.contains(word) && !text.contains("secret"), "{url}: {text}");
        }
    }
}
