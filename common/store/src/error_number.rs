//! The servers' error numbers. MySQL and MariaDB share those below 1900 and differ above.
//!
//! <https://dev.mysql.com/doc/mysql-errors/9.0/en/server-error-reference.html>,
//! <https://mariadb.com/kb/en/mariadb-error-code-reference/>

use crate::ErrorKind;

/// [`ErrorKind::Data`]: the value does not fit, or a constraint of this schema forbids it.
const DATA: &[u16] = &[
    1048, // column cannot be null
    1153, // packet bigger than max_allowed_packet
    1216, 1217, 1451, 1452, // foreign key
    1264, // out of range for column
    1265, // data truncated: not in the enumeration
    1267, 1271, // illegal mix of collations
    1292, // incorrect value (a date), truncated
    1300, // invalid character string
    1301, // result larger than max_allowed_packet
    1365, // division by zero
    1366, // incorrect value for column (a number, a string of another charset)
    1406, // data too long for column
    1411, // incorrect value for function
    1416, // not a geometry
    1441, // datetime function overflow
    1690, // out of range in an expression
    1918, // MariaDB: bad conversion
    3140, 3141, 3143, 3144, 3156, 3157, // MySQL: JSON
    3819, // MySQL: check constraint
    3854, 3988, // MySQL: cannot convert to this charset
    4025, // MariaDB: check constraint
    4035, 4036, 4037, 4038, 4039, 4040, 4041, 4042, // MariaDB: JSON
    4078, // MariaDB: illegal parameter types
];

/// [`ErrorKind::Statement`]: this server does not know it, this schema lacks what it names, or this
/// account may not run it.
const STATEMENT: &[u16] = &[
    1044, 1142, 1143, 1227,
    1370, // access denied to a schema, table, column, privilege, routine
    1046, // no database selected
    1050, 1051, 1060, 1061, 1068, 1091, // a table, column, key is there already, or is not
    1052, // column is ambiguous
    1054, // unknown column
    1064, 1149, // syntax
    1066, // not a unique table
    1072, // key column does not exist
    1109, 1146, // unknown table
    1110, 1136, // column specified twice, column count
    1111, 1140, 1055, // group functions
    1115, 1273, // unknown character set, collation
    1176, // key does not exist in table
    1193, // unknown system variable
    1210, 1243, // arguments, unknown prepared statement
    1221, // incorrect usage
    1222, // different number of columns
    1231, // wrong value for a variable
    1235, // not supported yet
    1241, // operand should contain one column
    1248, // derived table without alias
    1295, // not supported in the prepared statement protocol
    1305, // function does not exist
    1347, 1348, // not a base table, column not updatable
    1364, // field has no default value: a newer schema
    1471, // target table is not insertable
    1582, 1583, // parameters of a native function
    3568, 3569, // MySQL: locking clauses
    3734, 3780, // MySQL: foreign keys that do not fit
];

/// [`ErrorKind::Infrastructure`]: it passes, or a person has to look at the server.
const INFRASTRUCTURE: &[u16] = &[
    1020, // record has changed since the last read (snapshot isolation)
    1021, 1026, 1030, 1114, // disk full, error on write, storage engine, table full
    1034, 1035, 1194, 1195, // index or table is corrupt
    1036, 1290, 1792, 1836, // read-only
    1037, 1038, 1041, // out of memory
    1040, 1203, 1226, // too many connections
    1043, 1045, 1049, 1698, // handshake, access denied, unknown database
    1047, // Galera: the node is not ready
    1053, 1077, 1079, 1080, // shutdown
    1105, // unknown error: proxies say so
    1129, 1130, 1135, // host blocked, not allowed, no thread
    1152, 1158, 1159, 1160, 1161, 1184, // aborted connection
    1180, 1181, // error during commit, rollback
    1205, 1206, 1213, 1637, 3058,
    3572, // lock wait, lock table, deadlock, transactions, NOWAIT
    1317, 1927, 1969, 3024, 4031, 4032, // killed, limit of time, idle for too long
    1412, 1615, // table definition has changed, statement has to be prepared again
    1461, // max_prepared_stmt_count
    1861, 3100, 3101, 3168,
    3170, // no write here, group replication rolled back, memory of a statement
];

/// The kind of an error of this number.
pub(crate) fn kind_of_number(number: u16) -> ErrorKind {
    let is_in = |list: &[u16]| list.contains(&number);
    if is_in(DATA) {
        ErrorKind::Data
    } else if is_in(STATEMENT) {
        ErrorKind::Statement
    } else if is_in(INFRASTRUCTURE) {
        ErrorKind::Infrastructure
    } else {
        ErrorKind::Unknown
    }
}

/// The server takes no writes: `--read-only`, `--super-read-only`, a read-only mode, a node that is
/// out of its cluster. Another server is the primary.
pub(crate) fn is_not_primary(number: u16) -> bool {
    matches!(number, 1047 | 1290 | 1836 | 3100 | 3101)
}

/// The kind of an error without a number: the connection ended, told by the driver's own text, which is English: a
/// packet that is too large for the server never gets an answer.
pub(crate) fn kind_without_number(message: &str) -> ErrorKind {
    if message.to_ascii_lowercase().contains("packet too large") {
        ErrorKind::Data
    } else {
        ErrorKind::Infrastructure
    }
}

#[cfg(test)]
mod tests {
    use super::{DATA, INFRASTRUCTURE, STATEMENT, kind_of_number};
    use crate::ErrorKind;

    #[test]
    fn each_number_has_one_kind() {
        let mut all = [DATA, STATEMENT, INFRASTRUCTURE].concat();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn a_shops_own_error_is_not_known() {
        // SIGNAL, and a duplicate key: another row may be gone when it is tried again.
        assert_eq!(kind_of_number(1644), ErrorKind::Unknown);
        assert_eq!(kind_of_number(1062), ErrorKind::Unknown);
        assert_eq!(kind_of_number(60_000), ErrorKind::Unknown);
    }
}
