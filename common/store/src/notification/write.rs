//! What a batch writes into the inbox.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text};
use order::MessageOutcome;

use crate::bulk::{BulkRow, Values, write_rows};
use crate::column::{EnumText, Moment};
use crate::schema::notification;
use crate::{MysqlConnection, Result};

/// A message as a batch writes it into the inbox.
#[derive(Debug, Clone)]
pub struct InboxRow<'a> {
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
    /// The result.
    pub outcome: MessageOutcome,
    /// This run makes a dead letter of it.
    pub dies: bool,
    /// Why it was rejected; or what is odd about one that counts.
    pub reason: Option<&'a str>,
    /// The evidence.
    pub error: Option<&'a str>,
    /// Names of the facts that it added, joined by commas.
    pub facts_added: String,
    /// JSON text: what it changed.
    pub changes: Option<String>,
    /// Retry tiers passed before this run.
    pub attempts: i32,
    /// When the ingress took it.
    pub received_at: DateTime<Utc>,
}

/// The column `changes` holds fewer bytes than a batch refund of a thousand orders changes.
const LONGEST_CHANGES: usize = 65_535;

impl BulkRow for InboxRow<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        let is_long = self.changes.as_ref().is_some_and(|changes| changes.len() > LONGEST_CHANGES);
        let (short, long) = if is_long { (&None, &self.changes) } else { (&self.changes, &None) };
        values.push_all::<Text, &str>([&self.merchant, &self.kind, &self.message_id])?;
        values.push_all::<Nullable<Text>, _>([
            &self.order_id,
            &self.trade_no,
            &self.trade_status,
        ])?;
        values.push_all::<Text, &str>([&self.charset, &self.form])?;
        values.push::<EnumText<MessageOutcome>, _>(&self.outcome)?;
        values.push_all::<Nullable<Text>, _>([&self.reason, &self.error])?;
        values.push::<Text, _>(&self.facts_added)?;
        values.push_all::<Nullable<Text>, _>([short, long])?;
        values.push::<Integer, _>(&self.attempts)?;
        values.push::<Moment, _>(&self.received_at)?;
        values.push_flags([self.dies])
    }
}

/// Writes the rows of a batch, sorted by (merchant, kind, message id). A repeat increments `seen` and keeps
/// what the run that applied it wrote.
pub fn upsert(connection: &mut MysqlConnection, sorted_rows: &[InboxRow<'_>]) -> Result<()> {
    write_rows(connection, include_str!("upsert.sql"), sorted_rows)
}

/// What the inbox holds about the first time that a message was processed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = notification)]
pub struct FirstSeen {
    /// When, by the database's clock.
    #[diesel(column_name = first_seen)]
    pub at: DateTime<Utc>,
    /// The form then, bytes outside printable ASCII percent-encoded.
    pub form: String,
}

/// When a message was processed first; `None` if it never was.
pub fn first_seen(
    connection: &mut MysqlConnection,
    merchant: &str,
    kind: &str,
    message_id: &str,
) -> Result<Option<FirstSeen>> {
    Ok(notification::table
        .filter(notification::merchant.eq(merchant))
        .filter(notification::kind.eq(kind))
        .filter(notification::message_id.eq(message_id))
        .select(FirstSeen::as_select())
        .first(connection)
        .optional()?)
}
