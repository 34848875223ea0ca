//! Why a server cannot be reached: a wrong name, a wrong port and a wrong certificate have words of their own.

use std::error::Error;
use std::io;

use tokio_rustls::rustls::{self, CertificateError};

/// How far a connection came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectFailure {
    /// The name has no address.
    Name,
    /// Nothing accepts connections at this address and port.
    Refused,
    /// No way to the address: a network, a route or a firewall.
    Network,
    /// It took too long.
    Slow,
    /// There is a connection, and TLS failed on it.
    Tls,
    /// There was a connection, and it ended or what came over it was not understood.
    Broken,
}

impl ConnectFailure {
    /// What stood in the way, by an error and its causes.
    pub fn of(error: &(dyn Error + 'static)) -> ConnectFailure {
        let mut cause = Some(error);
        let mut found = ConnectFailure::Broken;
        while let Some(error) = cause {
            if error.is::<rustls::Error>() {
                return ConnectFailure::Tls;
            }
            if let Some(io) = error.downcast_ref::<io::Error>() {
                found = of_io(io).unwrap_or(found);
                // What travels inside of one of input and output, as an error of TLS does, is not its source.
                if let Some(inner) = io.get_ref() {
                    cause = Some(inner);
                    continue;
                }
            }
            // hyper's connector says it in words alone.
            if error.to_string().contains("dns error") {
                return ConnectFailure::Name;
            }
            cause = error.source();
        }
        found
    }

    /// In words, without the place, which the caller names.
    fn explanation(self) -> &'static str {
        match self {
            ConnectFailure::Name => {
                "the name has no address: is it spelt right, and does this machine resolve names?"
            }
            ConnectFailure::Refused => {
                "nothing accepts connections there: is the server running, and is the port right?"
            }
            ConnectFailure::Network => {
                "there is no way to this address: look at routes and firewalls"
            }
            ConnectFailure::Slow => {
                "the connection was not made in time: look at routes and firewalls"
            }
            ConnectFailure::Tls => "TLS failed",
            ConnectFailure::Broken => "the connection ended before an answer",
        }
    }
}

/// Why the certificate of a `server` ("broker") is not accepted, and what to do: `section` of the configuration has its
/// `url` and `ca_file`.
pub fn certificate_problem(wrong: &CertificateError, server: &str, section: &str) -> String {
    let problem = match wrong {
        CertificateError::UnknownIssuer => format!(
            "is not from an authority that this program trusts: name the {server}'s authority in {section}.ca_file"
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let names = match wrong {
                CertificateError::NotValidForNameContext { presented, .. } => {
                    format!(" ({})", presented.join(", "))
                }
                _ => String::new(),
            };
            format!(
                "is for another name{names}: take a name of the certificate in {section}.url, or give the {server} a \
                 certificate for this one"
            )
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("has expired: renew it on the {server} (or this machine's clock is wrong)")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet: is this machine's clock right?".to_owned()
        }
        wrong => format!("cannot be used: {wrong}"),
    };
    format!("the {server}'s certificate {problem}")
}

fn of_io(error: &io::Error) -> Option<ConnectFailure> {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(ConnectFailure::Refused),
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::PermissionDenied => Some(ConnectFailure::Network),
        io::ErrorKind::TimedOut => Some(ConnectFailure::Slow),
        _ if error.to_string().contains("failed to lookup address") => Some(ConnectFailure::Name),
        _ => None,
    }
}

/// An error with its causes in one line, none of them twice.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// What stood in the way and the words of the system or of TLS: `nothing accepts connections there: is the
/// server running, and is the port right? (Connection refused (os error 111))`.
pub fn explain(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    format!("{} ({last})", ConnectFailure::of(error).explanation())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn io(kind: io::ErrorKind) -> io::Error {
        io::Error::from(kind)
    }

    #[test]
    fn obstacles_are_told_apart() {
        let tls = rustls::Error::General("x".to_owned());
        let inside = io::Error::new(io::ErrorKind::InvalidData, tls);
        for (error, expected) in [
            (io(io::ErrorKind::ConnectionRefused), ConnectFailure::Refused),
            (io(io::ErrorKind::NetworkUnreachable), ConnectFailure::Network),
            (io(io::ErrorKind::TimedOut), ConnectFailure::Slow),
            (io(io::ErrorKind::ConnectionReset), ConnectFailure::Broken),
            (io(io::ErrorKind::UnexpectedEof), ConnectFailure::Broken),
            (inside, ConnectFailure::Tls),
            (
                io::Error::other("failed to lookup address information: Name or service not known"),
                ConnectFailure::Name,
            ),
        ] {
            assert_eq!(ConnectFailure::of(&error), expected, "{error}");
        }
        // Inside of an error of another library.
        let wrapped = io::Error::other(io(io::ErrorKind::ConnectionRefused));
        assert_eq!(ConnectFailure::of(&wrapped), ConnectFailure::Refused);
    }

    #[tokio::test]
    async fn what_the_system_says_is_told_too() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = tokio::net::TcpStream::connect(address).await.unwrap_err();
        let text = explain(&error);
        assert!(text.starts_with("nothing accepts connections there"), "{text}");
        assert!(text.ends_with("(Connection refused (os error 111))"), "{text}");
        let error = tokio::net::TcpStream::connect("no.such.name.invalid:1").await.unwrap_err();
        assert_eq!(ConnectFailure::of(&error), ConnectFailure::Name, "{error}");
    }
}
