//! Why there is no connection, and what to do about it.

use mysql_async::{DriverError, IoError};
use service::connect_failure;
use service::outage::OutageKind;

use super::CONNECT_TIMEOUT;
use super::address::UrlError;
use super::tls;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL cannot be used.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// An attempt to connect failed.
    #[error("{label}: {problem}")]
    Attempt {
        /// Host, port, user, and who set the URL.
        label: String,
        /// What stood in the way.
        problem: ConnectProblem,
    },
    /// The server refused a moment ago and was not tried again.
    #[error("{0}")]
    RefusedBefore(String),
    /// No runtime could be made to wait on.
    #[error("cannot wait for an answer: {0}")]
    Runtime(#[from] std::io::Error),
    /// It was connected to a server that is not the primary any more.
    #[error("the server was not the primary")]
    NotPrimary,
    /// It was lost while it was idle.
    #[error("the connection was lost: {0}")]
    Lost(String),
}

/// What stood in the way of a connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectProblem {
    /// The server cannot be reached, or the connection broke.
    #[error("{0}")]
    Unreachable(String),
    /// The server answers and refuses.
    #[error("{reason}{}", hint(*number, *encrypted))]
    Refused {
        /// The server's error number.
        number: u16,
        /// The server's message.
        reason: String,
        /// Whether TLS was offered to the server.
        encrypted: bool,
    },
    /// TLS is required and the server has none.
    #[error("the server offers no TLS, and database.tls is \"required\"")]
    NoTls,
    /// The certificate is not one that is trusted, or not for this host: what to do about it.
    #[error("{0}")]
    Tls(String),
    /// There was no answer within 5 s.
    #[error(
        "no answer within {} s: is that the port of MySQL or MariaDB, and does a firewall let it through?",
        CONNECT_TIMEOUT.as_secs()
    )]
    Timeout,
    /// The session's settings were refused, with the server's words.
    #[error("the session's settings were refused: {0}")]
    Session(String),
}

impl ConnectError {
    /// Whether the server is away, or a person has to change something.
    pub fn kind(&self) -> OutageKind {
        match self {
            ConnectError::Url(_) | ConnectError::RefusedBefore(_) => OutageKind::Refuses,
            ConnectError::Attempt { problem, .. } if problem.is_for_somebody() => {
                OutageKind::Refuses
            }
            ConnectError::Attempt { .. }
            | ConnectError::Runtime(_)
            | ConnectError::NotPrimary
            | ConnectError::Lost(_) => OutageKind::Away,
        }
    }
}

impl ConnectProblem {
    /// A person has to change something.
    fn is_for_somebody(&self) -> bool {
        match self {
            ConnectProblem::NoTls | ConnectProblem::Tls(_) => true,
            ConnectProblem::Refused { number, .. } => is_of_the_account(*number),
            ConnectProblem::Unreachable(_)
            | ConnectProblem::Timeout
            | ConnectProblem::Session(_) => false,
        }
    }

    /// The driver's error of an attempt to connect.
    pub(super) fn of(encrypted: bool, error: mysql_async::Error) -> ConnectProblem {
        match error {
            mysql_async::Error::Server(error) => {
                ConnectProblem::Refused { number: error.code, reason: error.message, encrypted }
            }
            mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => {
                ConnectProblem::NoTls
            }
            mysql_async::Error::Driver(DriverError::UnknownAuthPlugin { name }) => {
                let reason = format!("the server asks for the authentication plugin {name}");
                ConnectProblem::Refused { number: UNKNOWN_PLUGIN, reason, encrypted }
            }
            mysql_async::Error::Io(IoError::Tls(error)) => {
                ConnectProblem::Tls(format!("TLS cannot be set up: {error}"))
            }
            mysql_async::Error::Io(IoError::Io(error)) => match tls::explain(&error) {
                Some(reason) => ConnectProblem::Tls(reason),
                None => ConnectProblem::Unreachable(connect_failure::explain(&error)),
            },
            error => ConnectProblem::Unreachable(format!(
                "what listens there does not answer as MySQL or MariaDB does ({error}): is the port right?"
            )),
        }
    }
}

/// What clients report where they do not have the user's authentication plugin: CR_AUTH_PLUGIN_CANNOT_LOAD.
const UNKNOWN_PLUGIN: u16 = 2059;

/// The server does not know this host, account or schema, or does not allow it: repeating does not help.
fn is_of_the_account(number: u16) -> bool {
    matches!(
        number,
        1044 | 1045 | 1049 | 1130 | 1251 | 1524 | 1698 | 1862 | UNKNOWN_PLUGIN | 3118 | 3159 | 4151
    )
}

/// What to do if the server refuses the login.
fn hint(number: u16, encrypted: bool) -> &'static str {
    match number {
        // MariaDB reports the same if it requires an encrypted connection.
        1045 if !encrypted => {
            " (user or password is wrong, or the server requires TLS: set database.tls = \"required\" and \
             database.ca_file; in the URL's user and password write @ as %40, : as %3A, / as %2F, # as %23, % as %25)"
        }
        1045 => {
            " (user or password is wrong; in the URL's user and password write @ as %40, : as %3A, / as %2F, \
             # as %23, % as %25)"
        }
        // MariaDB's root of a fresh installation, among others.
        1698 => {
            " (the server allows this user only by its local socket, or with another plugin: make a user \
             with a password for the programs)"
        }
        1044 => {
            " (the user may not use this schema: GRANT on it, or correct the schema in the URL)"
        }
        1049 => {
            " (create the schema first: CREATE DATABASE … CHARACTER SET utf8mb4; or correct the schema in the URL)"
        }
        1129 => " (on the server: FLUSH HOSTS, then look why connections from here were broken)",
        1130 => {
            " (the server knows no user from this machine: CREATE USER 'USER'@'HOST' with this machine's address)"
        }
        1040 | 1203 | 1226 => " (raise the limit of connections, or run fewer lanes)",
        // MySQL invents a plugin for a user that it does not know.
        UNKNOWN_PLUGIN => {
            " (there is no such user, or its authentication plugin is not one of mysql_native_password, \
             caching_sha2_password)"
        }
        1251 | 1524 => {
            " (the user's authentication plugin is not one of mysql_native_password, caching_sha2_password)"
        }
        1862 => " (set a new password: ALTER USER … IDENTIFIED BY …)",
        3118 | 4151 => " (ALTER USER … ACCOUNT UNLOCK)",
        3159 => " (set database.tls = \"required\" and database.ca_file)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use mysql_async::DriverError;
    use service::outage::OutageKind;

    use super::{ConnectError, ConnectProblem};

    fn refused(number: u16) -> ConnectError {
        let (label, reason) = ("db:3306 as \"shop\"".to_owned(), "words of the server".to_owned());
        let problem = ConnectProblem::Refused { number, reason, encrypted: true };
        ConnectError::Attempt { label, problem }
    }

    #[test]
    fn an_unknown_plugin_is_a_refusal() {
        let plugin = DriverError::UnknownAuthPlugin { name: "sha256_password".to_owned() };
        let problem = ConnectProblem::of(true, mysql_async::Error::Driver(plugin));
        let words = problem.to_string();
        assert!(words.contains("sha256_password") && words.contains("no such user"), "{words}");
        let error = ConnectError::Attempt { label: "db:3306 as \"shop\"".to_owned(), problem };
        assert_eq!(error.kind(), OutageKind::Refuses);
    }

    #[test]
    fn what_somebody_has_to_change_is_no_outage() {
        for number in [1044, 1045, 1049, 1130, 1698, 1862, 3118, 3159, 4151] {
            let error = refused(number);
            assert_eq!(error.kind(), OutageKind::Refuses, "{number}");
            assert!(error.to_string().ends_with(')'), "what to do is told: {error}");
        }
        for number in [1040, 1053, 1129, 1203, 1226, 2006] {
            assert_eq!(refused(number).kind(), OutageKind::Away, "{number}");
        }
    }
}
