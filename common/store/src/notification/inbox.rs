//! The outcome of one message.

use diesel::prelude::*;
use order::MessageOutcome;

use super::MessageKey;
use crate::BeijingTime;
use crate::json_rows::load_rows;
use crate::schema::notification;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// The line of `notification` that a worker wrote for a message.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = notification)]
pub struct InboxLine {
    /// The result of its latest run.
    pub outcome: MessageOutcome,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// The evidence.
    pub error: Option<String>,
    /// Names of the facts that it added, joined by commas.
    pub facts_added: String,
    /// JSON: what the run that applied it changed.
    pub changes: Option<String>,
    /// How often it was seen.
    pub seen: i32,
    /// When last.
    pub last_seen: BeijingTime,
}

/// The row of this message, if a worker has finished it.
pub fn find(
    connection: &mut MysqlConnection,
    merchant: &str,
    kind: &str,
    message_id: &str,
) -> Result<Option<InboxLine>> {
    Ok(static_sql("SELECT outcome, reason, error, facts_added, COALESCE(long_changes, changes) AS changes, seen, \
         last_seen FROM notification \
         WHERE merchant = ? AND kind = ? AND message_id = ?")
    .text(merchant)
    .text(kind)
    .text(message_id)
    .get_result(connection)
    .optional()?)
}

/// The result of the latest run of a message.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(table_name = notification)]
pub struct InboxState {
    /// Name of the merchant.
    pub merchant: String,
    /// The envelope's kind.
    pub kind: String,
    /// Hex SHA-256.
    pub message_id: String,
    /// Applied, unchanged, rejected, or unknown.
    pub outcome: MessageOutcome,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// The evidence.
    pub error: Option<String>,
    /// How often it was seen.
    pub seen: i32,
}

/// The result of each of these messages; a message that no worker has finished is left out.
pub fn states(
    connection: &mut MysqlConnection,
    keys: &[MessageKey<'_>],
) -> Result<Vec<InboxState>> {
    load_rows(connection, include_str!("states.sql"), keys)
}
