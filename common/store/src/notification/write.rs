//! What a batch writes into the inbox.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use order::MessageOutcome;
use serde::Serialize;

use crate::json_rows::{execute_rows, sql_time};
use crate::schema::notification;
use crate::{MysqlConnection, StoreError};

/// A notification as a batch records it.
#[derive(Debug, Clone, Serialize)]
pub struct Record<'a> {
    /// Name of the merchant in the configuration.
    pub merchant: &'a str,
    /// The envelope's kind.
    pub kind: &'a str,
    /// Hex SHA-256, the same for every repeat.
    pub message_id: &'a str,
    /// The order it names, where one can be read.
    pub order_id: Option<&'a str>,
    /// The trade it names.
    pub trade_no: Option<&'a str>,
    /// Alipay's word for the trade's state, or the kind of message.
    pub trade_status: Option<&'a str>,
    /// Name of the charset that the form is in.
    pub charset: &'a str,
    /// As received, non-ASCII bytes percent-encoded.
    pub form: &'a str,
    /// What came of it.
    pub outcome: MessageOutcome,
    /// 1 where this run makes a dead letter of it, else 0.
    pub dies: i32,
    /// Why it was rejected; or what is odd about one that counts.
    pub reason: Option<&'a str>,
    /// The evidence.
    pub error: Option<&'a str>,
    /// Names of the facts that it added, joined by commas.
    pub facts_added: String,
    /// JSON text: what it changed.
    pub changes: Option<String>,
    /// Retry tiers passed before this run.
    pub attempts: u32,
    /// When the ingress took it.
    #[serde(serialize_with = "sql_time")]
    pub received_at: Option<DateTime<Utc>>,
}

/// Records a batch, sorted by (merchant, kind, message id). A repeat counts `seen` up and keeps what
/// the run that applied it wrote.
///
/// # Errors
/// What the database says.
pub fn record(
    connection: &mut MysqlConnection,
    sorted_records: &[Record<'_>],
) -> Result<(), StoreError> {
    execute_rows(connection, include_str!("record.sql"), sorted_records)
}

/// What the inbox knows of the first time that a message was worked on.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = notification)]
pub struct FirstSeen {
    /// When, by the database's clock.
    #[diesel(column_name = first_seen)]
    pub at: DateTime<Utc>,
    /// The form then, bytes outside printable ASCII percent-encoded.
    pub form: String,
}

/// When a message was worked on first; `None` where it never was.
///
/// # Errors
/// What the database says.
pub fn first_seen(
    connection: &mut MysqlConnection,
    merchant: &str,
    kind: &str,
    message_id: &str,
) -> Result<Option<FirstSeen>, StoreError> {
    Ok(notification::table
        .filter(notification::merchant.eq(merchant))
        .filter(notification::kind.eq(kind))
        .filter(notification::message_id.eq(message_id))
        .select(FirstSeen::as_select())
        .first(connection)
        .optional()?)
}
