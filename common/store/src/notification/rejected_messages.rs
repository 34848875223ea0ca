//! Rejected messages about a trade.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use order::MessageOutcome;

use crate::column::value;
use crate::schema::notification;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// A row of `notification` of a message that was rejected.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = notification)]
pub struct RejectedLine {
    /// The merchant that it is for.
    pub merchant: String,
    /// The envelope's kind.
    pub kind: String,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// Name of the charset that the form is in.
    pub charset: String,
    /// As received, non-ASCII bytes percent-encoded.
    pub form: String,
    /// When the ingress took it.
    pub received_at: DateTime<Utc>,
}

/// The rejected messages that name this trade, in the order in which they were seen first, at most 1,000.
pub fn rejected_of_trade(
    connection: &mut MysqlConnection,
    trade_no: &str,
) -> Result<Vec<RejectedLine>> {
    Ok(static_sql(
        "SELECT merchant, kind, reason, charset, form, received_at \
         FROM notification FORCE INDEX (notification_trade) \
         WHERE trade_no = ? AND outcome = 'rejected' ORDER BY id LIMIT 1000",
    )
    .text(trade_no)
    .load(connection)?)
}

/// Whether an answer of the gateway about the order was processed after a time.
pub fn answered_since(
    connection: &mut MysqlConnection,
    merchant: &str,
    order: &str,
    since: DateTime<Utc>,
) -> Result<bool> {
    let answer = notification::table
        .filter(notification::order_id.eq(order))
        .filter(notification::merchant.eq(merchant))
        .filter(notification::kind.eq("query_answer"))
        .filter(
            notification::outcome
                .eq(value(MessageOutcome::Applied))
                .or(notification::outcome.eq(value(MessageOutcome::Unchanged))),
        )
        .filter(notification::last_seen.gt(value(since)));
    Ok(diesel::select(exists(answer)).get_result(connection)?)
}
