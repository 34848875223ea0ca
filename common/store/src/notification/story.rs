//! The notifications that belong to an order.

use alipay::{Charset, Form, Notification, Protocol};
use diesel::prelude::*;
use order::MessageOutcome;

use crate::BeijingTime;
use crate::schema::notification;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// A row of `notification`, as it belongs to one order.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = notification)]
pub struct StoryLine {
    /// When a worker saw it first.
    pub first_seen: BeijingTime,
    /// And last.
    pub last_seen: BeijingTime,
    /// When the ingress took it, or one of our programs wrote it.
    pub received_at: BeijingTime,
    /// The merchant that it is for.
    pub merchant: String,
    /// The envelope's kind.
    pub kind: String,
    /// Hex SHA-256, the same for every repeat.
    pub message_id: String,
    /// The trade; `None` for a batch of several trades.
    pub trade_no: Option<String>,
    /// Alipay's word for the trade's state, or the kind of message.
    pub trade_status: Option<String>,
    /// The result of its latest run.
    pub outcome: MessageOutcome,
    /// Why it was rejected; or what is odd about one that counts.
    pub reason: Option<String>,
    /// The evidence.
    pub error: Option<String>,
    /// Names of the facts that it added, joined by commas.
    pub facts_added: String,
    /// JSON: what the run that applied it changed.
    pub changes: Option<String>,
    /// Retry tiers passed before the latest run.
    pub attempts: i32,
    /// How often it was seen.
    pub seen: i32,
    charset: String,
    /// As received, non-ASCII bytes percent-encoded.
    pub form: String,
}

/// All messages about this order, in the order in which they were seen first. A batch
/// refund carries no order number and belongs to the order through a trade number.
pub fn of_order(
    connection: &mut MysqlConnection,
    order_id: &str,
    trade_nos: &[&str],
) -> Result<Vec<StoryLine>> {
    let lines: Vec<StoryLine> = static_sql(include_str!("story.sql"))
        .text(order_id)
        .text(order_id)
        .text(order_id)
        .load(connection)?;
    // The database finds batches of several trades by text, which also finds `12` in `123`.
    let names_a_trade = |line: &StoryLine| {
        line.kind != "batch_refund" || line.trade_no.is_some() || mentions(line, trade_nos)
    };
    Ok(lines.into_iter().filter(names_a_trade).collect())
}

/// Whether a batch refund has an item of one of these trades.
fn mentions(line: &StoryLine, trade_nos: &[&str]) -> bool {
    let charset = Charset::named(line.charset.as_bytes()).unwrap_or(Charset::Utf8);
    let Ok(form) = Form::parse(line.form.as_bytes()) else { return false };
    match Notification::read(&form, Protocol::Mapi, charset) {
        Ok(Notification::BatchRefund(batch)) => {
            batch.items.iter().any(|item| trade_nos.contains(&item.trade_no.as_str()))
        }
        _ => false,
    }
}
