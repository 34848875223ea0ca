//! What went wrong in the database, and whether trying again can help.

use diesel::result::{DatabaseErrorKind, DeserializeFieldError, Error as DieselError};

use crate::column::UnknownValue;
use crate::error_number::{is_not_primary, kind_of_number, kind_without_number};

/// What this crate returns.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused, or did not answer.
    #[error("{0}")]
    Database(#[source] DieselError),
    /// All connections of the pool were in use.
    #[error("no database connection: {0}")]
    Pool(String),
    /// The server cannot be reached: where, why, and what to do.
    #[error("no database connection: {0}")]
    Away(String),
    /// The server answers and refuses this program: where, why, and what to do.
    #[error("no database connection: {0}")]
    Refused(String),
    /// A row holds a value that this version cannot read.
    #[error("table {table}: {what}")]
    Row {
        /// The table.
        table: &'static str,
        /// Which value.
        what: String,
    },
    /// Rows could not be written as JSON for a batch statement.
    #[error("batch parameter: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> StoreError {
        let unknown = unknown_value(&error);
        match error {
            // A connection that ends in a COMMIT fails in the ROLLBACK after it, too. The first error tells what happened.
            DieselError::RollbackErrorOnCommit { commit_error, .. } => (*commit_error).into(),
            error => unknown.unwrap_or(StoreError::Database(error)),
        }
    }
}

/// The value of a column that this version does not know, where that is the error.
fn unknown_value(error: &DieselError) -> Option<StoreError> {
    let DieselError::DeserializationError(error) = error else { return None };
    let unknown: Option<&UnknownValue> = match error.downcast_ref::<DeserializeFieldError>() {
        Some(of_field) => of_field.error.downcast_ref(),
        None => error.downcast_ref(),
    };
    let UnknownValue { table, column, value } = unknown?;
    Some(StoreError::Row { table, what: format!("{column} is {value:?}, which is not known") })
}

/// What has to change before the statement can succeed. The worker must not mix these up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The server or the network: deadlock, lock wait, connection lost, read-only, disk full. Try again.
    Infrastructure,
    /// The data: the same statement with the same values will fail again.
    Data,
    /// The statement: this server, schema or account refuses it, whatever the data. It can
    /// succeed only after one of the three has been changed.
    Statement,
    /// Not known: an error of the shop's own triggers, keys and checks, among others. The cause may
    /// be the data, and only trying again can tell.
    Unknown,
}

impl ErrorKind {
    /// A word for traces.
    pub fn word(self) -> &'static str {
        match self {
            ErrorKind::Infrastructure => "infrastructure",
            ErrorKind::Data => "data",
            ErrorKind::Statement => "statement",
            ErrorKind::Unknown => "unknown",
        }
    }
}

impl StoreError {
    /// The kind. It depends on the server's error number, never on its text, which can be in any language.
    pub fn kind(&self) -> ErrorKind {
        match self {
            StoreError::Pool(_) | StoreError::Away(_) | StoreError::Refused(_) => {
                ErrorKind::Infrastructure
            }
            StoreError::Row { .. } | StoreError::Json(_) => ErrorKind::Data,
            StoreError::Database(error) => kind_of(error),
        }
    }

    /// The server's error number, such as 1213 for a deadlock.
    pub fn number(&self) -> Option<u16> {
        match self {
            StoreError::Database(error) => number_of(error),
            StoreError::Pool(_)
            | StoreError::Away(_)
            | StoreError::Refused(_)
            | StoreError::Row { .. }
            | StoreError::Json(_) => None,
        }
    }

    /// There is no connection, or it ended: the pool logs this, once per outage, so that callers need not log it.
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            StoreError::Away(_)
                | StoreError::Refused(_)
                | StoreError::Database(DieselError::DatabaseError(
                    DatabaseErrorKind::ClosedConnection,
                    _
                ))
        )
    }

    /// A deadlock, and the server rolled this transaction back: repeated, it usually succeeds.
    pub fn is_deadlock(&self) -> bool {
        self.number() == Some(1213)
    }

    /// The server takes no writes; another one may be the primary now.
    pub fn is_read_only(&self) -> bool {
        self.number().is_some_and(is_not_primary)
    }

    /// The beginning of the statement that failed. It holds no values.
    pub fn statement(&self) -> Option<&str> {
        match self {
            StoreError::Database(DieselError::DatabaseError(_, information)) => information.hint(),
            _ => None,
        }
    }
}

/// The server's error number, which [`ServerError`](crate::connection) puts into the details.
pub(crate) fn number_of(error: &DieselError) -> Option<u16> {
    match error {
        DieselError::DatabaseError(_, information) => information.details()?.parse().ok(),
        _ => None,
    }
}

fn kind_of(error: &DieselError) -> ErrorKind {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, information) => {
            kind_without_number(information.message())
        }
        DieselError::DatabaseError(..) => {
            number_of(error).map_or(ErrorKind::Unknown, kind_of_number)
        }
        DieselError::DeserializationError(_)
        | DieselError::SerializationError(_)
        | DieselError::QueryBuilderError(_)
        | DieselError::InvalidCString(_)
        | DieselError::NotFound => ErrorKind::Data,
        _ => ErrorKind::Infrastructure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_ends_in_a_commit_is_an_outage() {
        let lost = || {
            let reason = "Connection reset by peer".to_owned();
            Box::new(DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection,
                Box::new(reason),
            ))
        };
        let error = StoreError::from(DieselError::RollbackErrorOnCommit {
            rollback_error: lost(),
            commit_error: lost(),
        });
        assert!(error.is_outage(), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::Infrastructure);
    }
}
