//! Events that a batch writes and the relay publishes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text};

use crate::bulk::{BulkRow, Values, write_rows};
use crate::column::Moment;
use crate::json_rows::execute_rows;
use crate::schema::outbox;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// The event of a product whose available codes came down to its threshold.
pub const LOW_STOCK: &str = "product.low_stock";

/// An event of an order that became true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent<'a> {
    /// The order.
    pub order_id: &'a str,
    /// The routing key, `order.paid` and so on.
    pub event: &'a str,
    /// The `traceparent` of the notification that caused it, 55 bytes.
    pub traceparent: Option<String>,
}

impl BulkRow for NewEvent<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        values.push::<Text, str>(self.order_id)?;
        values.push::<Text, str>(self.event)?;
        values.push::<Nullable<Text>, _>(&self.traceparent)
    }
}

/// Writes events in the order given, in which they are published; one that the order had already
/// stays as it is.
pub fn insert(connection: &mut MysqlConnection, events: &[NewEvent<'_>]) -> Result<()> {
    write_rows(connection, include_str!("insert.sql"), events)
}

/// Writes the event `product.low_stock`.
/// [`stock::notice`](crate::stock::notice) knows whether it was reported.
pub fn insert_low_stock(
    connection: &mut MysqlConnection,
    product_id: &str,
    available: i64,
    threshold: i32,
) -> Result<()> {
    diesel::insert_into(outbox::table)
        .values((
            outbox::product_id.eq(product_id),
            outbox::event.eq(LOW_STOCK),
            outbox::available.eq(i32::try_from(available).unwrap_or(i32::MAX)),
            outbox::threshold.eq(threshold),
        ))
        .execute(connection)?;
    Ok(())
}

/// An event that waits to be published.
#[derive(Debug, Clone)]
pub struct WaitingEvent {
    /// `outbox.id`.
    pub id: i64,
    /// The routing key.
    pub event: String,
    /// When it became true.
    pub created_at: DateTime<Utc>,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
    /// What it is about.
    pub about: About,
}

/// What an event is about.
#[derive(Debug, Clone)]
pub enum About {
    /// An order, with the data that the shop gets.
    Order {
        /// Its number.
        id: String,
        /// Name of the merchant.
        merchant: String,
        /// The order's trade.
        trade_no: Option<String>,
        /// Status of the order now.
        status: i16,
        /// Amount, fen.
        total_fee: i64,
        /// Refunded so far, fen.
        refunded_fee: i64,
    },
    /// A product whose stock became low.
    Product {
        /// The product.
        id: String,
        /// Codes that could be sold then.
        available: i32,
        /// The threshold then.
        threshold: i32,
    },
}

/// The row with the columns of its order and of its product, where there is one.
type WaitingColumns = (
    (BigInt, Text, Moment, Nullable<Text>),
    Nullable<(Text, Text, Nullable<Text>, SmallInt, BigInt, BigInt)>,
    Nullable<(Text, Integer, Integer)>,
);
type OfOrder = (String, String, Option<String>, i16, i64, i64);
type OfProduct = (String, i32, i32);
type OfEvent = (i64, String, DateTime<Utc>, Option<String>);
type WaitingRow = (OfEvent, Option<OfOrder>, Option<OfProduct>);

/// `None`: its order or product does not exist.
fn waiting((of_event, order, product): WaitingRow) -> Option<WaitingEvent> {
    let (id, event, created_at, traceparent) = of_event;
    let about = match (product, order) {
        (Some((id, available, threshold)), _) => About::Product { id, available, threshold },
        (None, Some((id, merchant, trade_no, status, total_fee, refunded_fee))) => {
            About::Order { id, merchant, trade_no, status, total_fee, refunded_fee }
        }
        (None, None) => return None,
    };
    Some(WaitingEvent { id, event, created_at, traceparent, about })
}

/// Locks up to `limit` unpublished events, oldest first, leaving out those that another relay has
/// locked, and those whose order or product does not exist.
pub fn lock_unpublished(connection: &mut MysqlConnection, limit: i64) -> Result<Vec<WaitingEvent>> {
    let rows: Vec<WaitingRow> = static_sql(include_str!("lock_unpublished.sql"))
        .big_int(limit)
        .columns::<WaitingColumns>()
        .load(connection)?;
    Ok(rows.into_iter().filter_map(waiting).collect())
}

/// Marks events as published.
pub fn mark_published(connection: &mut MysqlConnection, ids: &[i64]) -> Result<()> {
    execute_rows(
        connection,
        "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS j STRAIGHT_JOIN outbox AS x FORCE INDEX (PRIMARY) \
         ON x.id = j.id SET x.published_at = UTC_TIMESTAMP(6)",
        ids,
    )
}
