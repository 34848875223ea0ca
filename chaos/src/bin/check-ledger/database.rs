//! What the database holds.

use std::collections::HashMap;

use alipay::Form;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Datetime, Nullable, Text};
use order::{FulfillmentState, ProductKind};
use store::{IdRange, MysqlConnection, Pool, StoreError, user_order};

/// So many rows are read at once.
const ROWS: i64 = 10_000;

/// The database as far as a ledger is about it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// By `notify_id`: the result of a notification.
    pub(crate) notifications: HashMap<String, Received>,
    /// By order number.
    pub(crate) orders: HashMap<String, OrderSeen>,
}

/// The result of a notification.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// `applied`, `unchanged`, `rejected`, `unknown`.
    pub(crate) outcome: String,
    /// Why it was rejected.
    pub(crate) reason: Option<String>,
}

/// An order and its goods.
#[derive(Debug, Clone)]
pub(crate) struct OrderSeen {
    pub(crate) status: i16,
    /// `product.kind`.
    pub(crate) kind: ProductKind,
    /// `fulfillment.state`.
    pub(crate) goods: Option<FulfillmentState>,
    /// Written since the ledger began.
    pub(crate) is_new: bool,
}

/// Reads all orders, and the notifications that workers have seen since `first`.
pub(crate) fn read(pool: &Pool, first: DateTime<Utc>) -> Result<Seen, StoreError> {
    let mut connection = pool.get()?;
    let mut seen = Seen::default();
    let mut range = IdRange::all();
    loop {
        let orders = user_order::in_range(&mut connection, &range, ROWS)?;
        for order in &orders {
            let own = OrderSeen {
                status: order.status,
                kind: order.kind,
                goods: order.state,
                is_new: order.updated_at >= first,
            };
            seen.orders.insert(order.id.clone(), own);
        }
        match orders.last() {
            Some(last) => drop(range.take_until(&last.id)),
            None => break,
        }
    }
    let mut after = 0;
    loop {
        let rows = notifications(&mut connection, first, after)?;
        let Some(last) = rows.last() else { return Ok(seen) };
        after = last.id;
        for row in rows {
            let form = Form::parse(row.form.as_bytes()).unwrap_or_default();
            let id = form.get("notify_id").map(String::from_utf8_lossy);
            if let Some(id) = id {
                let received = Received { outcome: row.outcome, reason: row.reason };
                seen.notifications.insert(id.into_owned(), received);
            }
        }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    outcome: String,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Text)]
    form: String,
}

/// By primary key, as `store` reads the table: the forms lie in that order.
fn notifications(
    connection: &mut MysqlConnection,
    first: DateTime<Utc>,
    after: i64,
) -> Result<Vec<Row>, StoreError> {
    let rows = diesel::sql_query(
        "SELECT id, outcome, reason, form FROM notification FORCE INDEX (PRIMARY) \
         WHERE id > ? AND last_seen >= ? ORDER BY id LIMIT ?",
    );
    let rows = rows.bind::<BigInt, _>(after).bind::<Datetime, _>(first.naive_utc());
    Ok(rows.bind::<BigInt, _>(ROWS).load(connection)?)
}
