//! What is probably wrong with the URL of a server.

/// How a URL's user and password are written, for errors.
pub const ENCODE: &str =
    "in user and password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25";

/// A mistake of a URL `scheme://USER:PASSWORD@HOST:PORT/PATH` that hides a part of it: characters that end the
/// host although they belong to the password. The text quotes nothing of the URL, which holds a password.
pub fn url_mistake(url: &str) -> Option<&'static str> {
    let (_, rest) = url.split_once("://")?;
    if rest.contains('#') {
        return Some("it holds a #, which ends a URL: in user and password write # as %23");
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    if !authority.contains('@') && behind.contains('@') {
        return Some(match behind.as_bytes().first() {
            Some(b'?') => {
                "a ? comes before its @, so the host ends there: in user and password write ? as %3F"
            }
            _ => {
                "a / comes before its @, so the host ends there: in user and password write / as %2F"
            }
        });
    }
    let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if has_bare_percent(login) {
        return Some("a % in user or password is not followed by two hex digits: write % as %25");
    }
    let port = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map(|(_, port)| port);
    if port.is_some_and(|port| port.parse::<u16>().is_err() && !port.is_empty()) {
        return Some("its port is no number from 0 to 65535");
    }
    None
}

fn has_bare_percent(text: &str) -> bool {
    let mut pieces = text.split('%');
    pieces.next();
    pieces.any(|piece| {
        let digits = piece.as_bytes().get(..2);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::url_mistake;

    #[test]
    fn what_hides_a_part_of_the_url_is_named() {
        for (url, says) in [
            ("mysql://shop:pa#ss@db/pay", "%23"),
            ("mysql://shop:12#34@db/pay", "%23"),
            ("mysql://shop:pa/ss@db/pay", "%2F"),
            ("mysql://shop:12/34@db/pay", "%2F"),
            ("mysql://sh/op:x@db/pay", "%2F"),
            ("amqp://shop:pa?ss@mq/%2f", "%3F"),
            ("amqp://shop:100%@mq/%2f", "%25"),
            ("amqp://shop:%zz@mq/%2f", "%25"),
            ("amqp://shop:x@mq:port/%2f", "port"),
            ("amqp://shop:x@mq:99999/%2f", "port"),
        ] {
            let text = url_mistake(url).unwrap_or_else(|| panic!("{url}"));
            assert!(text.contains(says), "{url}: {text}");
        }
    }

    #[test]
    fn what_is_right_is_not_a_mistake() {
        for url in [
            "mysql://shop:p%40s%2Fs%23%25@db:3306/pay?ssl_mode=required",
            "mysql://shop:p@ss@db/pay",
            "mysql://root@[::1]:3307/pay",
            "mysql://root@[::1]/pay",
            "amqp://mq",
            "amqp://shop:x@mq/a@b",
            "amqp://shop:x@mq:/v",
            "no url at all",
            "",
        ] {
            assert_eq!(url_mistake(url), None, "{url}");
        }
    }
}
