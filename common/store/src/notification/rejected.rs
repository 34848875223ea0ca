//! Rejected messages about a trade.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Datetime, Nullable, Text};

use crate::{MysqlConnection, StoreError};

/// A row of `notification` of a message that was rejected.
#[derive(Debug, Clone, QueryableByName)]
pub struct RejectedLine {
    /// The merchant that it came for.
    #[diesel(sql_type = Text)]
    pub merchant: String,
    /// The envelope's kind.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Why it was rejected.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// Name of the charset that the form is in.
    #[diesel(sql_type = Text)]
    pub charset: String,
    /// As received, non-ASCII bytes percent-encoded.
    #[diesel(sql_type = Text)]
    pub form: String,
    #[diesel(sql_type = Datetime)]
    received_at: NaiveDateTime,
}

impl RejectedLine {
    /// When the ingress took it.
    #[must_use]
    pub fn received_at(&self) -> DateTime<Utc> {
        self.received_at.and_utc()
    }
}

/// The rejected messages that name this trade, in the order in which they were seen first, at most 1,000.
///
/// # Errors
/// What the database says.
pub fn rejected_of_trade(
    connection: &mut MysqlConnection,
    trade_no: &str,
) -> Result<Vec<RejectedLine>, StoreError> {
    Ok(sql_query(
        "SELECT merchant, kind, reason, charset, form, received_at \
         FROM notification FORCE INDEX (notification_trade) \
         WHERE trade_no = ? AND outcome = 'rejected' ORDER BY id LIMIT 1000",
    )
    .bind::<Text, _>(trade_no)
    .load(connection)?)
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    #[expect(dead_code, reason = "that there is a row is the answer")]
    order_id: String,
}

/// Whether an answer of the gateway about the order was worked on after a moment.
///
/// # Errors
/// What the database says.
pub fn answered_since(
    connection: &mut MysqlConnection,
    merchant: &str,
    order: &str,
    since: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let rows: Vec<Found> = sql_query(
        "SELECT order_id FROM notification WHERE order_id = ? AND merchant = ? AND kind = 'query_answer' \
         AND outcome IN ('applied', 'unchanged') AND last_seen > ? LIMIT 1",
    )
    .bind::<Text, _>(order)
    .bind::<Text, _>(merchant)
    .bind::<Datetime, _>(since.naive_utc())
    .load(connection)?;
    Ok(!rows.is_empty())
}
