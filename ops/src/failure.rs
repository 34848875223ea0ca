//! Errors that carry the exit code.

use std::process::ExitCode;

use config::ConfigError;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use queue::topology::TopologyError;
use queue::{ConnectionError, PublishError};
use store::{ErrorKind, StoreError};

/// Why an operation did not succeed. The command line makes an exit code of the variant and prints the text on stderr;
/// the console makes a status of HTTP and a page of it.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Failure {
    /// What was named is not there.
    #[error("{0}")]
    NotFound(String),
    /// The answer is no, as things stand: the order is paid, the id is taken, the signature is wrong.
    #[error("{0}")]
    Refused(String),
    /// Usage or configuration.
    #[error("{0}")]
    Usage(String),
    /// The database does not answer, or cannot be used.
    #[error("{0}")]
    DatabaseAway(String),
    /// The broker does not answer, or cannot be used.
    #[error("{0}")]
    BrokerAway(String),
    /// Something else could not be asked or is busy: the gateway, the output, another operator's turn.
    #[error("{0}")]
    CouldNotAsk(String),
}

impl Failure {
    /// The exit code: 1 for a no, 2 for usage, 3 for what could not be asked.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Refused(_) | Failure::NotFound(_) => 1,
            Failure::Usage(_) => 2,
            Failure::DatabaseAway(_) | Failure::BrokerAway(_) | Failure::CouldNotAsk(_) => 3,
        })
    }

    /// The same failure, told in other words.
    pub(crate) fn reworded(self, reword: impl FnOnce(&str) -> String) -> Failure {
        match self {
            Failure::NotFound(text) => Failure::NotFound(reword(&text)),
            Failure::Refused(text) => Failure::Refused(reword(&text)),
            Failure::Usage(text) => Failure::Usage(reword(&text)),
            Failure::DatabaseAway(text) => Failure::DatabaseAway(reword(&text)),
            Failure::BrokerAway(text) => Failure::BrokerAway(reword(&text)),
            Failure::CouldNotAsk(text) => Failure::CouldNotAsk(reword(&text)),
        }
    }
}

/// Whether the database refused a row because its key is taken.
pub(crate) fn is_taken(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Database(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
    )
}

/// MySQL's error numbers.
const UNKNOWN_COLUMN: u16 = 1054;
const NO_SUCH_TABLE: u16 = 1146;
const NO_SCHEMA_SELECTED: u16 = 1046;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        if matches!(error, StoreError::Away(_) | StoreError::Refused(_) | StoreError::Pool(_)) {
            return Failure::DatabaseAway(error.to_string());
        }
        let text = format!("database: {error}");
        let hint = match error.number() {
            Some(NO_SUCH_TABLE) => "Is the schema there? Run `ops migrate`.",
            Some(NO_SCHEMA_SELECTED) => {
                "The URL of the database names no schema: write mysql://USER:PASSWORD@HOST:PORT/SCHEMA."
            }
            Some(UNKNOWN_COLUMN) => {
                "The schema is of another version than this program. Is this program the newer one? Run `ops migrate`."
            }
            _ => "",
        };
        if !hint.is_empty() {
            return Failure::DatabaseAway(format!("{text}\n{hint}"));
        }
        match error.kind() {
            ErrorKind::Data | ErrorKind::Unknown => Failure::Refused(text),
            ErrorKind::Infrastructure | ErrorKind::Statement => Failure::DatabaseAway(text),
        }
    }
}

impl From<DieselError> for Failure {
    fn from(error: DieselError) -> Failure {
        StoreError::from(error).into()
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::Usage(format!("configuration: {error}"))
    }
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Failure {
        match error {
            ConnectionError::Settings { .. } => Failure::Usage(format!("configuration: {error}")),
            error => Failure::BrokerAway(format!("broker: {error}")),
        }
    }
}

impl From<TopologyError> for Failure {
    fn from(error: TopologyError) -> Failure {
        match error {
            TopologyError::Conflicts(_) => Failure::Refused(error.to_string()),
            TopologyError::Connection(error) => error.into(),
            error => Failure::BrokerAway(format!("broker: {error}")),
        }
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Failure {
        let hint = match error {
            PublishError::Returned { .. } | PublishError::Channel(_) => {
                "\nAre the queues there? Run `ops topology apply`."
            }
            _ => "",
        };
        Failure::BrokerAway(format!("broker: {error}{hint}"))
    }
}
