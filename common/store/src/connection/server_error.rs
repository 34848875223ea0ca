//! The server's error of a statement that failed.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

/// The server's message, with the number that identifies the error in every language.
///
/// diesel has no field for a number: [`details`](DatabaseErrorInformation::details) holds it, and
/// [`hint`](DatabaseErrorInformation::hint) the beginning of the statement (static text: values are
/// sent separately).
#[derive(Debug)]
pub(super) struct ServerError {
    message: String,
    number: Option<String>,
    statement: Option<String>,
}

impl ServerError {
    /// The error that diesel gave, with the number and statement that it lacks.
    pub(super) fn wrap(
        kind: DatabaseErrorKind,
        message: &str,
        number: Option<u16>,
        statement: Option<String>,
    ) -> DieselError {
        let number = number.map(|number| number.to_string());
        let information = ServerError { message: message.to_owned(), number, statement };
        DieselError::DatabaseError(kind, Box::new(information))
    }

    /// The connection is gone, and this is why.
    pub(super) fn lost(reason: impl Into<String>) -> DieselError {
        let information = ServerError { message: reason.into(), number: None, statement: None };
        DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(information))
    }
}

impl DatabaseErrorInformation for ServerError {
    fn message(&self) -> &str {
        &self.message
    }

    fn details(&self) -> Option<&str> {
        self.number.as_deref()
    }

    fn hint(&self) -> Option<&str> {
        self.statement.as_deref()
    }

    fn table_name(&self) -> Option<&str> {
        None
    }

    fn column_name(&self) -> Option<&str> {
        None
    }

    fn constraint_name(&self) -> Option<&str> {
        None
    }

    fn statement_position(&self) -> Option<i32> {
        None
    }
}
