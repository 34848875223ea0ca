//! Reads the database with separate SQL, not with the pipeline's code that it checks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Datetime, Integer, Nullable, SmallInt, Text};
use store::MysqlConnection;

use crate::story::Story;

/// How long before its story an order is placed whose time ends.
const PLACED_BEFORE: TimeDelta = TimeDelta::seconds(5);

/// One order with what was done for it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub(crate) struct CheckedOrder {
    pub(crate) id: String,
    pub(crate) status: i16,
    pub(crate) trade_status: i16,
    pub(crate) refund_status: i16,
    pub(crate) refunded_fee: i64,
    pub(crate) total_fee: i64,
    pub(crate) trade_no: Option<String>,
    /// Of all its trades; no story has more than one.
    pub(crate) facts: Option<String>,
    pub(crate) is_send_goods: bool,
    pub(crate) is_return_goods: bool,
    pub(crate) is_finish: bool,
    pub(crate) needs_review: bool,
    pub(crate) quantity: i32,
    /// `fulfillment.state`.
    pub(crate) goods: Option<String>,
    /// Codes that are with the buyer.
    pub(crate) codes_out: i64,
    /// Codes that came back.
    pub(crate) codes_back: i64,
    pub(crate) entitlements: i64,
    /// Rows that only a notification can have caused.
    pub(crate) traces: i64,
}

/// The types of its columns.
#[rustfmt::skip]
type OrderColumns = (
    Text, SmallInt, SmallInt, SmallInt, BigInt, BigInt, Nullable<Text>, Nullable<Text>, Bool, Bool, Bool, Bool,
    Integer, Nullable<Text>, BigInt, BigInt, BigInt, BigInt,
);

const ORDERS: &str = "SELECT o.id, o.status, o.trade_status, o.refund_status, o.refunded_fee, \
     o.total_fee, o.trade_no, (SELECT GROUP_CONCAT(t.facts) FROM trade t WHERE t.order_id = o.id), \
     o.is_send_goods, o.is_return_goods, o.is_finish, o.needs_review, o.quantity, f.state, \
     (SELECT COUNT(*) FROM stock_item s WHERE s.order_id = o.id AND s.state = 'delivered'), \
     (SELECT COUNT(*) FROM stock_item s WHERE s.order_id = o.id AND s.state = 'returned'), \
     (SELECT COUNT(*) FROM entitlement e WHERE e.order_id = o.id), \
     (SELECT COUNT(*) FROM trade t WHERE t.order_id = o.id) \
       + (SELECT COUNT(*) FROM notification n WHERE n.order_id = o.id) \
       + (SELECT COUNT(*) FROM outbox x WHERE x.order_id = o.id) \
       + (SELECT COUNT(*) FROM review r WHERE r.order_id = o.id) \
     FROM user_order o LEFT JOIN fulfillment f ON f.order_id = o.id";

/// Everything that replaying must not change, a text per row, by table.
const PICTURE: [&str; 8] = [
    "SELECT CONCAT_WS('|', 'user_order', id, status, trade_status, refund_status, refunded_fee, \
       trade_no, is_send_goods, is_return_goods, is_finish, needs_review, paid_dtime, refund_dtime, \
       refund_finish_dtime, notify_dtime, finish_dtime) FROM user_order",
    "SELECT CONCAT_WS('|', 'trade', order_id, trade_no, facts, gmt_payment, gmt_refund, gmt_close, \
       refunded_fee) FROM trade",
    "SELECT CONCAT_WS('|', 'refund', merchant, trade_no, refund_key, running_total, amount, result) \
       FROM refund",
    "SELECT CONCAT_WS('|', 'fulfillment', order_id, state, units, given, delivered_at, returned_at) \
       FROM fulfillment",
    "SELECT CONCAT_WS('|', 'stock_item', code, state, order_id) FROM stock_item \
       WHERE state <> 'available'",
    "SELECT CONCAT_WS('|', 'entitlement', order_id, account, days, starts_at) FROM entitlement",
    "SELECT CONCAT_WS('|', 'review', order_id, reason, evidence, state) FROM review",
    "SELECT CONCAT_WS('|', 'outbox', order_id, event) FROM outbox",
];

/// How much work the database has seen; equal twice means that nothing was done between.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub(crate) struct Activity {
    seen: i64,
    /// Events in the outbox.
    pub(crate) events: i64,
}

/// The state of an order.
#[derive(Debug, Queryable)]
pub(crate) struct Standing {
    pub(crate) id: String,
    pub(crate) status: i16,
    pub(crate) refunded_fee: i64,
    /// UTC.
    pub(crate) expires_at: Option<NaiveDateTime>,
}

/// A connection for checks.
pub(crate) struct CheckDatabase(MysqlConnection);

impl CheckDatabase {
    pub(crate) fn open(url: &str) -> anyhow::Result<CheckDatabase> {
        MysqlConnection::establish(url).map(CheckDatabase).context("database")
    }

    /// Every order, by id.
    pub(crate) fn orders(&mut self) -> anyhow::Result<BTreeMap<String, CheckedOrder>> {
        let rows: Vec<CheckedOrder> = sql::<OrderColumns>(ORDERS).load(&mut self.0)?;
        Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
    }

    /// Every notification that a worker has recorded: its outcome by message id.
    pub(crate) fn inbox(&mut self) -> anyhow::Result<BTreeMap<String, String>> {
        let rows = sql::<(Text, Text)>("SELECT message_id, outcome FROM notification");
        Ok(rows.load::<(String, String)>(&mut self.0)?.into_iter().collect())
    }

    /// All rows that count, as text.
    pub(crate) fn picture(&mut self) -> anyhow::Result<BTreeSet<String>> {
        let mut lines = BTreeSet::new();
        for query in PICTURE {
            lines.extend(sql::<Text>(query).load::<String>(&mut self.0)?);
        }
        Ok(lines)
    }

    /// How many orders ever had goods delivered.
    pub(crate) fn delivered(&mut self) -> anyhow::Result<i64> {
        self.count("SELECT COUNT(delivered_at) FROM fulfillment")
    }

    /// How many notifications were retried.
    pub(crate) fn attempted(&mut self) -> anyhow::Result<i64> {
        self.count("SELECT COUNT(*) FROM notification WHERE attempts > 0")
    }

    fn count(&mut self, query: &str) -> anyhow::Result<i64> {
        Ok(sql::<BigInt>(query).get_result(&mut self.0)?)
    }

    pub(crate) fn activity(&mut self) -> anyhow::Result<Activity> {
        let query = "SELECT CAST(COALESCE(SUM(seen + attempts), 0) AS SIGNED), \
                     (SELECT COUNT(*) FROM outbox) FROM notification";
        Ok(sql::<(BigInt, BigInt)>(query).get_result(&mut self.0)?)
    }

    /// What Alipay's ledger is compared with, of every order.
    pub(crate) fn standings(&mut self) -> anyhow::Result<BTreeMap<String, Standing>> {
        let query = "SELECT id, status, refunded_fee, expires_at FROM user_order";
        let rows = sql::<(Text, SmallInt, BigInt, Nullable<Datetime>)>(query);
        let rows: Vec<Standing> = rows.load(&mut self.0)?;
        Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
    }

    /// The result of asking the gateway about an order, in words.
    pub(crate) fn question(&mut self, order: &str) -> anyhow::Result<String> {
        let query = "SELECT CONCAT_WS(' ', 'asked', asked, 'times:', answer, error) \
                     FROM gateway_query WHERE order_id = ";
        let line = sql::<Text>(&format!("{query}'{order}'")).get_result(&mut self.0).optional()?;
        Ok(line.unwrap_or_else(|| "the gateway was never asked".to_owned()))
    }

    /// Places many orders, as a shop does: six columns, when each was created, so long after now,
    /// and until when it can be paid. An order with such a time was placed before its story begins.
    pub(crate) fn place(&mut self, orders: &[(&str, &Story, Duration)]) -> anyhow::Result<()> {
        // Ids, merchants and products are this program's own words: nothing needs quoting.
        let rows: Vec<String> = orders
            .iter()
            .map(|(merchant, story, begins)| {
                let (id, product, total) = (&story.id, story.product, story.total().get());
                let quantity = story.quantity;
                let begins = i64::try_from(begins.as_micros()).unwrap_or(i64::MAX);
                let after = |microseconds: i64| {
                    format!("UTC_TIMESTAMP(6) + INTERVAL {microseconds} MICROSECOND")
                };
                let times = match story.expires {
                    None => format!("{}, NULL", after(begins)),
                    Some(expires) => {
                        let span = expires.after.num_microseconds().unwrap_or_default();
                        let created = begins - PLACED_BEFORE.num_microseconds().unwrap_or_default();
                        format!("{}, {}", after(created), after(begins + span))
                    }
                };
                format!(
                    "('{id}', '{merchant}', '{product}', {quantity}, '订单', {total}, 'buyer-7', {times})"
                )
            })
            .collect();
        for rows in rows.chunks(500) {
            // IGNORE: a try whose answer was lost may have worked.
            self.0.batch_execute(&format!(
                "INSERT IGNORE INTO user_order \
                 (id, merchant, product_id, quantity, subject, total_fee, account, created_at, expires_at) \
                 VALUES {}",
                rows.join(", ")
            ))?;
        }
        Ok(())
    }
}

/// Places one order over a connection of its own; true when it is there.
pub(crate) fn place(url: &str, merchant: &str, story: &Story) -> anyhow::Result<bool> {
    CheckDatabase::open(url)?.place(&[(merchant, story, Duration::ZERO)])?;
    Ok(true)
}
