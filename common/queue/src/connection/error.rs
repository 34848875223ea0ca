//! Why there is no connection.

use std::fmt;

use lapin::ErrorKind;
use service::outage::OutageKind;

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
        /// The error of lapin or the reply of the broker.
        reason: String,
    },
    /// The broker, or the network, refused.
    #[error("{0}")]
    Amqp(#[from] lapin::Error),
}

impl ConnectionError {
    /// No host can be connected to, or the line ended: [`supervise`](crate::supervise) logs that, once an outage, so
    /// that no caller has to.
    pub fn is_outage(&self) -> bool {
        match self {
            ConnectionError::NoHost(_) | ConnectionError::Lost { .. } => true,
            ConnectionError::Amqp(error) => matches!(
                error.kind(),
                ErrorKind::IOError(_)
                    | ErrorKind::InvalidConnectionState(_)
                    | ErrorKind::MissingHeartbeatError
            ),
            ConnectionError::Settings { .. } | ConnectionError::Timeout { .. } => false,
        }
    }

    /// Whether the broker is away, or a person has to change something.
    pub(crate) fn kind(&self) -> OutageKind {
        match self {
            ConnectionError::Settings { .. } => OutageKind::Refuses,
            ConnectionError::NoHost(hosts) if hosts.iter().any(HostError::is_refusal) => {
                OutageKind::Refuses
            }
            ConnectionError::NoHost(_)
            | ConnectionError::Timeout { .. }
            | ConnectionError::Lost { .. }
            | ConnectionError::Amqp(_) => OutageKind::Away,
        }
    }
}

/// Each host with its problem; who named them, with the first.
fn listed(errors: &[HostError]) -> String {
    let Some((first, others)) = errors.split_first() else { return "no host".to_owned() };
    let HostError { place, source, problem } = first;
    let others: String = others.iter().map(|host| format!("; {host}")).collect();
    format!("{place} ({source}): {problem}{others}")
}

/// Why one host of the broker cannot be used.
#[derive(Debug, Clone)]
pub struct HostError {
    /// `host:port as "user"`
    pub place: String,
    /// Who set the URL: `environment variable AMQP_URL`, `amqp.url in /etc/alipay/alipay.toml`.
    pub source: String,
    /// What went wrong.
    pub problem: HostProblem,
}

impl HostError {
    fn is_refusal(&self) -> bool {
        matches!(self.problem, HostProblem::NotABroker(_) | HostProblem::Refused(_))
    }
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
    /// The name has no address; the text says so.
    #[error("{0}")]
    Name(String),
    /// The address and port refuse connections.
    #[error("{0}")]
    Tcp(String),
    /// Something accepted the connection, and did not answer in time.
    #[error(
        "no answer within {} s while {action}: is that RabbitMQ's port for AMQP (5672, with amqps:// 5671; 15672 is its \
         management), and does a firewall let it through?",
        BROKER_TIMEOUT.as_secs()
    )]
    Timeout {
        /// What was waited for.
        action: &'static str,
    },
    /// One side does not accept the other's TLS; the text says what to do.
    #[error("{0}")]
    Tls(String),
    /// Something else than a broker listens there.
    #[error("{0}")]
    NotABroker(&'static str),
    /// Another refusal, or an end of the line in the middle of the handshake.
    #[error("{0}")]
    Amqp(lapin::Error),
    /// The broker refused the account or the virtual host; the text says what to do.
    #[error("{0}")]
    Refused(String),
}

impl HostProblem {
    /// How far the connection came: what came further says more.
    pub(super) fn progress(&self) -> u8 {
        match self {
            HostProblem::Name(_) => 0,
            HostProblem::Tcp(_) => 1,
            HostProblem::Timeout { .. } => 2,
            HostProblem::Tls(_) => 3,
            HostProblem::NotABroker(_) => 4,
            HostProblem::Amqp(_) => 5,
            HostProblem::Refused(_) => 6,
        }
    }
}
