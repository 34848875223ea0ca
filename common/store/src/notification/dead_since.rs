//! `notification.dead_since`: whether a dead letter of a message may still be in `alipay.dead`.

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::Serialize;

use crate::json_rows::{execute_rows, load_rows};
use crate::schema::notification;
use crate::{MysqlConnection, Result};

/// A message that is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct MessageKey<'a> {
    /// Name of the merchant in the configuration.
    pub merchant: &'a str,
    /// The envelope's kind.
    pub kind: &'a str,
    /// Hex SHA-256, the same for every repeat.
    pub message_id: &'a str,
}

/// A message of which a dead letter was made within the last day and not discarded since.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(table_name = notification)]
pub struct DeadLettered {
    /// Name of the merchant in the configuration.
    pub merchant: String,
    /// The envelope's kind.
    pub kind: String,
    /// Hex SHA-256.
    pub message_id: String,
    /// Why it was rejected.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// As it was received first.
    pub form: String,
}

/// Which of these messages have a dead letter already. After a day this is not certain any more: another tool may
/// have emptied the queue.
pub fn dead_lettered(
    connection: &mut MysqlConnection,
    messages: &[MessageKey<'_>],
) -> Result<Vec<DeadLettered>> {
    load_rows(connection, include_str!("dead_lettered.sql"), messages)
}

/// Notes that the dead letters of these messages are removed from `alipay.dead`: if such a message is rejected
/// again, it becomes a dead letter again.
pub fn clear_dead_since(
    connection: &mut MysqlConnection,
    messages: &[MessageKey<'_>],
) -> Result<()> {
    execute_rows(connection, include_str!("clear_dead_since.sql"), messages)
}
