//! Table `paused_message`: messages that wait for the end of a pause.

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, exists, min, not};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text};
use order::PauseScope;
use serde::Serialize;

use crate::bulk::{BulkRow, Values, write_rows};
use crate::column::{Moment, bounded};
use crate::json_rows::load_rows;
use crate::pause::is_active;
use crate::schema::{pause, paused_message};
use crate::{BeijingTime, MysqlConnection, Result};

/// A message that a worker has taken from the queue.
#[derive(Debug, Clone)]
pub struct NewPausedMessage<'a> {
    /// The pause that it waits for.
    pub pause_id: i64,
    /// Hex SHA-256, the same for every repeat.
    pub message_id: &'a str,
    /// SHA-256 of the body, as hex.
    pub body_digest: String,
    /// As it was in the queue.
    pub body: &'a [u8],
    /// What kind of message it is.
    pub kind: &'a str,
    /// Name of the merchant.
    pub merchant: &'a str,
    /// The order that it names, where one can be read.
    pub order_id: Option<String>,
    /// Retry tiers that it has passed.
    pub attempt: i32,
    /// It was a dead letter before.
    pub was_dead: bool,
    /// When the notification was received first.
    pub first_seen: DateTime<Utc>,
    /// W3C trace context.
    pub traceparent: Option<&'a str>,
    /// The same standard's `tracestate`.
    pub tracestate: Option<&'a str>,
}

impl NewPausedMessage<'_> {
    /// What is unique: rows are written in this order, since several lanes write at once.
    pub fn key(&self) -> (&str, &str) {
        (self.message_id, &self.body_digest)
    }
}

impl BulkRow for NewPausedMessage<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        values.push::<BigInt, _>(&self.pause_id)?;
        values.push::<Text, _>(self.message_id)?;
        values.push::<Text, _>(&self.body_digest)?;
        values.push::<Binary, _>(self.body)?;
        values.push_all::<Text, &str>([&self.kind, &self.merchant])?;
        values.push::<Nullable<Text>, _>(&self.order_id)?;
        values.push::<Integer, _>(&self.attempt)?;
        values.push::<Bool, _>(&self.was_dead)?;
        values.push::<Moment, _>(&self.first_seen)?;
        values.push_all::<Nullable<Text>, _>([&self.traceparent, &self.tracestate])
    }
}

/// Writes messages that wait, sorted by their [keys](NewPausedMessage::key). The same text twice is one row.
pub fn insert(
    connection: &mut MysqlConnection,
    mut sorted_messages: Vec<NewPausedMessage<'_>>,
) -> Result<()> {
    for message in &mut sorted_messages {
        message.first_seen = bounded(message.first_seen);
    }
    write_rows(connection, include_str!("paused_message/insert.sql"), &sorted_messages)
}

/// A message whose pause is over.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = paused_message)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct ResumedMessage {
    pub id: i64,
    pub message_id: String,
    pub body: Vec<u8>,
    pub attempt: i32,
    pub was_dead: bool,
    pub first_seen: DateTime<Utc>,
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
}

/// Locks up to `limit` messages whose pause is over, the first one first, and leaves out those that another worker has locked.
/// To be followed, in the same transaction, by [`delete`].
pub fn lock_resumed(connection: &mut MysqlConnection, limit: i64) -> Result<Vec<ResumedMessage>> {
    let of_message = pause::table.filter(pause::id.eq(paused_message::pause_id));
    Ok(paused_message::table
        .filter(not(exists(of_message.filter(is_active()))))
        .order(paused_message::id)
        .limit(limit)
        .select(ResumedMessage::as_select())
        .for_update()
        .skip_locked()
        .load(connection)?)
}

/// Deletes the rows of messages that are in the queue again.
pub fn delete(connection: &mut MysqlConnection, ids: &[i64]) -> Result<()> {
    if !ids.is_empty() {
        diesel::delete(paused_message::table.filter(paused_message::id.eq_any(ids)))
            .execute(connection)?;
    }
    Ok(())
}

/// How much waits for one pause.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize)]
pub struct PauseCount {
    /// The pause.
    pub pause_id: i64,
    /// Which work it lets wait.
    pub scope: PauseScope,
    /// Messages that wait for its end, or are about to go back to the queue.
    pub messages: i64,
    /// Since when the first of them has waited.
    pub oldest: Option<BeijingTime>,
}

/// How much waits for each pause; those for which nothing waits are left out.
pub fn counts(connection: &mut MysqlConnection) -> Result<Vec<PauseCount>> {
    Ok(paused_message::table
        .inner_join(pause::table.on(pause::id.eq(paused_message::pause_id)))
        .group_by((pause::id, pause::scope))
        .order(pause::id)
        .select((pause::id, pause::scope, count_star(), min(paused_message::waiting_since)))
        .load(connection)?)
}

/// How many messages that name this order wait.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<i64> {
    let of_order = paused_message::table.filter(paused_message::order_id.eq(order_id));
    Ok(of_order.count().get_result(connection)?)
}

/// A number that a message names, of an order or a trade, and the product that it is about.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct NamedProduct {
    /// The number of the order or the trade.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// The product.
    #[diesel(sql_type = Text)]
    pub product_id: String,
}

/// The products of these orders. An order that is not there is left out.
pub fn products_of_orders(
    connection: &mut MysqlConnection,
    order_ids: &[&str],
) -> Result<Vec<NamedProduct>> {
    load_rows(connection, include_str!("paused_message/products_of_orders.sql"), order_ids)
}

/// The products of the orders of these trades.
pub fn products_of_trades(
    connection: &mut MysqlConnection,
    trade_nos: &[&str],
) -> Result<Vec<NamedProduct>> {
    load_rows(connection, include_str!("paused_message/products_of_trades.sql"), trade_nos)
}
