//! What went wrong in the database, and whose fault it is.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no, or did not answer.
    #[error("{0}")]
    Database(#[from] DieselError),
    /// No connection could be had in time.
    #[error("no database connection: {0}")]
    Pool(String),
    /// A row holds what this version cannot read.
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

/// Whose fault an error is. The worker must not mix these up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nobody's: deadlock, lock wait, connection lost, read-only, disk full. Try again.
    Infrastructure,
    /// The data's: the same statement will fail again.
    Data,
}

/// Server messages that blame the data. diesel gives no error numbers, and only some kinds through
/// prepared statements, so messages decide; MariaDB and MySQL word them alike. Everything that is
/// not listed counts as infrastructure: it is retried and no message is given up for it.
const DATA_MESSAGES: [&str; 11] = [
    "Data too long for column",      // 1406
    "Out of range value for column", // 1264
    "Incorrect ",                    // 1292, 1366: incorrect datetime / string / integer value
    "Data truncated for column",     // 1265
    "CONSTRAINT `",                  // 4025 MariaDB: CONSTRAINT `x` failed for ...
    "Check constraint",              // 3819 MySQL
    "cannot be null",                // 1048
    "doesn't have a default value",  // 1364
    "Got a packet bigger than",      // 1153
    "Illegal mix of collations",     // 1267
    "Cannot convert",                // 3988 MySQL character set conversion
];

impl StoreError {
    /// Whose fault this is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            StoreError::Pool(_) => Fault::Infrastructure,
            StoreError::Row { .. } | StoreError::Json(_) => Fault::Data,
            StoreError::Database(error) => fault_of(error),
        }
    }
}

fn fault_of(error: &DieselError) -> Fault {
    match error {
        DieselError::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::ForeignKeyViolation => Fault::Data,
            _ if DATA_MESSAGES.iter().any(|known| information.message().contains(known)) => {
                Fault::Data
            }
            _ => Fault::Infrastructure,
        },
        DieselError::DeserializationError(_)
        | DieselError::SerializationError(_)
        | DieselError::QueryBuilderError(_)
        | DieselError::InvalidCString(_)
        | DieselError::NotFound => Fault::Data,
        _ => Fault::Infrastructure,
    }
}
