//! Errors that carry the exit code.

use std::process::ExitCode;

use config::ConfigError;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use queue::topology::TopologyError;
use queue::{ConnectionError, PublishError};
use store::{Fault, StoreError};

/// Why a verb did not end with 0. The text goes to stderr.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The answer is no.
    #[error("{0}")]
    No(String),
    /// What was named is not there.
    #[error("{0}")]
    NotThere(String),
    /// Usage or configuration.
    #[error("{0}")]
    Usage(String),
    /// The database or the broker could not be asked.
    #[error("{0}")]
    CouldNotAsk(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::No(_) | Failure::NotThere(_) => 1,
            Failure::Usage(_) => 2,
            Failure::CouldNotAsk(_) => 3,
        })
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
            return Failure::CouldNotAsk(error.to_string());
        }
        let text = format!("database: {error}");
        if error.number() == Some(NO_SUCH_TABLE) {
            return Failure::CouldNotAsk(format!(
                "{text}\nIs the schema there? Run `ops migrate`."
            ));
        }
        if error.number() == Some(NO_SCHEMA_SELECTED) {
            return Failure::CouldNotAsk(format!(
                "{text}\nThe URL of the database names no schema: write mysql://USER:PASSWORD@HOST:PORT/SCHEMA."
            ));
        }
        if error.number() == Some(UNKNOWN_COLUMN) {
            return Failure::CouldNotAsk(format!(
                "{text}\nThe schema is of another version than this program. Is this program the newer one? \
                 Run `ops migrate`."
            ));
        }
        match error.fault() {
            Fault::Data | Fault::Unknown => Failure::No(text),
            Fault::Infrastructure | Fault::Statement => Failure::CouldNotAsk(text),
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
            error => Failure::CouldNotAsk(format!("broker: {error}")),
        }
    }
}

impl From<TopologyError> for Failure {
    fn from(error: TopologyError) -> Failure {
        match error {
            TopologyError::Conflicts(_) => Failure::No(error.to_string()),
            TopologyError::Connection(error) => error.into(),
            error => Failure::CouldNotAsk(format!("broker: {error}")),
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
        Failure::CouldNotAsk(format!("broker: {error}{hint}"))
    }
}
