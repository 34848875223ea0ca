//! Why there is no connection.

use std::fmt;

use super::BROKER_TIMEOUT;

/// Why there is no connection, or no channel on it. The text holds no password.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConnectionError {
    /// The settings cannot be used; trying again does not help.
    #[error("{key}: {reason}")]
    Settings {
        /// The key of the configuration, such as `amqp.url`.
        key: String,
        /// What is wrong with it, without quoting it.
        reason: String,
    },
    /// None of the hosts can be used; why, for each of them.
    #[error("{}", listed(.0))]
    NoHost(Vec<HostError>),
    /// The broker did not answer within [`BROKER_TIMEOUT`].
    #[error("no answer from the broker within {} s while {action}", BROKER_TIMEOUT.as_secs())]
    Timeout {
        /// What was asked of it.
        action: &'static str,
    },
    /// The connection ended.
    #[error("connection lost: {reason}")]
    Lost {
        /// What lapin or the broker said.
        reason: String,
    },
    /// The broker, or the network, refused.
    #[error("{0}")]
    Amqp(#[from] lapin::Error),
}

fn listed(errors: &[HostError]) -> String {
    errors.iter().map(HostError::to_string).collect::<Vec<_>>().join("; ")
}

/// Why one host of the broker cannot be used.
#[derive(Debug, Clone)]
pub struct HostError {
    /// `host:port`
    pub place: String,
    /// What went wrong.
    pub problem: HostProblem,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// What can be wrong with one host; in the order of how far a connection came.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HostProblem {
    /// The name has no address.
    #[error("the name has no address: {0}")]
    Name(String),
    /// Nobody accepts a connection there.
    #[error("{0}")]
    Tcp(String),
    /// Something accepted the connection, and did not answer in time.
    #[error("no answer within {} s while {action}", BROKER_TIMEOUT.as_secs())]
    Timeout {
        /// What was waited for.
        action: &'static str,
    },
    /// One side does not accept the other's TLS; the text says what to do.
    #[error("{0}")]
    Tls(String),
    /// The broker refused, for instance the password or the virtual host.
    #[error("{0}")]
    Amqp(lapin::Error),
}

impl HostProblem {
    /// How far the connection came: what came further says more.
    pub(super) fn progress(&self) -> u8 {
        match self {
            HostProblem::Name(_) => 0,
            HostProblem::Tcp(_) => 1,
            HostProblem::Timeout { .. } => 2,
            HostProblem::Tls(_) => 3,
            HostProblem::Amqp(_) => 4,
        }
    }
}
