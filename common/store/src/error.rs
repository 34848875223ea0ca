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

/// Server messages that blame the data: how they begin, and what they hold further on. diesel gives
/// no error numbers, and only some kinds, through prepared statements, so messages decide; MariaDB
/// and MySQL word them alike. The beginning is compared because a message can quote a value, and a
/// buyer may be named like an error. Everything that is not listed counts as infrastructure: it is
/// retried and no message is given up for it. That goes for a schema of another version too
/// (unknown column, missing table, a new column without a default): no notification can help it.
const DATA_MESSAGES: [(&str, &str); 14] = [
    ("Data too long for column ", ""),                     // 1406
    ("Out of range value for column ", ""),                // 1264
    ("BIGINT ", "value is out of range in '"),             // 1690
    ("Incorrect ", " value: '"), // 1292, 1366, 1411; not "Incorrect key file"
    ("Data truncated for column ", ""), // 1265
    ("CONSTRAINT `", " failed for "), // 4025 MariaDB
    ("Check constraint '", " is violated"), // 3819 MySQL
    ("Column '", "cannot be null"), // 1048
    ("Cannot add or update a child row: ", ""), // 1452
    ("Cannot delete or update a parent row: ", ""), // 1451
    ("Got a packet bigger than 'max_allowed_packet'", ""), // 1153
    ("Illegal mix of collations ", ""), // 1267
    ("Cannot convert string '", ""), // 3854 MySQL
    ("Conversion from collation ", " impossible for "), // 3988 MySQL
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
            DatabaseErrorKind::CheckViolation | DatabaseErrorKind::ForeignKeyViolation => {
                Fault::Data
            }
            _ if blames_data(information.message()) => Fault::Data,
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

fn blames_data(message: &str) -> bool {
    DATA_MESSAGES
        .iter()
        .any(|(begins, holds)| message.starts_with(begins) && message.contains(holds))
}

#[cfg(test)]
mod tests {
    use super::blames_data;

    /// MySQL 8's words, from its error reference; what MariaDB says is provoked in `tests/faults.rs`.
    #[test]
    fn what_mysql_says() {
        for data in [
            "Data too long for column 'name' at row 1",
            "Out of range value for column 'status' at row 1",
            "BIGINT value is out of range in '(`a`.`b` * 2)'",
            "Incorrect datetime value: '2026-02-31' for column 'paid_dtime' at row 1",
            "Incorrect string value: '\\xFF' for column 'name' at row 1",
            "Check constraint 'user_order_total_positive' is violated.",
            "Column 'quantity' cannot be null",
            "Cannot convert string '\\xFF' from binary to utf8mb4",
            "Conversion from collation utf8mb4_bin into latin1_bin impossible for parameter",
        ] {
            assert!(blames_data(data), "{data}");
        }
        for infrastructure in [
            "MySQL server has gone away",
            "Lost connection to MySQL server during query",
            "Lock wait timeout exceeded; try restarting transaction",
            "Query execution was interrupted, maximum statement execution time exceeded",
            "The MySQL server is running with the --super-read-only option so it cannot execute this statement",
            "Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set.",
            "Disk full (/tmp); waiting for someone to free some space... (errno: 28 \"No space left on device\")",
            "Got error 28 - 'No space left on device' from storage engine",
            "The table 'notification' is full",
            "Incorrect key file for table 'notification'; try to repair it",
            "Incorrect information in file: './alipay/notification.frm'",
            "Unknown column 'changes' in 'field list'",
            "Table 'alipay.notification' doesn't exist",
            "Field 'newer' doesn't have a default value",
            "Duplicate entry 'Column cannot be null' for key 'product.PRIMARY'",
            "Too many connections",
        ] {
            assert!(!blames_data(infrastructure), "{infrastructure}");
        }
    }
}
