//! Orders of the past: copies of one that the workers have delivered, with numbers of their own.

use std::collections::BTreeMap;

use anyhow::ensure;
use bytes::Bytes;
use chrono::Utc;
use diesel::deserialize::QueryableByName;
use diesel::{RunQueryDsl, sql_query, sql_types};
use simulator::AlipayTrade;

use super::{CONNECTIONS, bar, published};
use crate::bodies::TOTAL;
use crate::load::{self, LoadPace};
use crate::ours;
use crate::system::{BenchSystem, execute, number};

/// The order that is copied.
const TEMPLATE: &str = "template";
/// How the numbers of its copies begin.
const PAST: &str = "past";
/// So many orders are copied by one statement.
const CHUNK: usize = 10_000;
/// The tables that have rows of an order, in the order in which they refer to each other, with the column that names it.
const TABLES: [(&str, &str); 6] = [
    ("user_order", "id"),
    ("trade", "order_id"),
    ("fulfillment", "order_id"),
    ("stock_item", "order_id"),
    ("notification", "order_id"),
    ("outbox", "order_id"),
];
/// So many days ago all of it happened: what is old enough to be removed.
const DAYS: u32 = 200;

/// Places the order, and has workers deliver it for a payment that cannot be refunded any more: nothing is left to be done.
pub(super) async fn deliver_template(system: &BenchSystem) -> anyhow::Result<()> {
    // It has the number 0 behind its prefix.
    let order = system.orders(system.md5.name, TEMPLATE, 1)?.remove(0);
    let now = Utc::now();
    let mut trade = AlipayTrade::open(&system.md5.merchant, &order, TOTAL, now);
    trade.pay(now)?;
    let body = Bytes::from(trade.finish(now)?.sign(&system.md5.signer)?.body());
    let (ingress, target) = ours::start_ingress(system, system.md5.name, CONNECTIONS, ours::ALONE)?;
    load::post(&target, LoadPace::Closed, &[body].into(), &bar("template", 1)).await?;
    let workers = ours::start_workers(system, 1);
    ours::drained(system, &[TEMPLATE.to_owned()], 1, &bar("template", 1)).await?;
    published(system).await?;
    drop((ingress, workers));
    let is_over = format!(
        "SELECT COUNT(*) AS number FROM user_order WHERE id = '{order}' AND is_finish AND NOT needs_review"
    );
    ensure!(number(&mut *system.database()?, &is_over)? == 1, "the template is not finished");
    Ok(())
}

/// Copies of the order, and how many there are.
pub(super) struct Past<'a> {
    system: &'a BenchSystem,
    orders: usize,
    /// Bytes of data and indexes before the first copy.
    before: BTreeMap<String, i64>,
    /// And after the last.
    after: BTreeMap<String, i64>,
}

impl<'a> Past<'a> {
    /// No copy yet.
    pub(super) fn new(system: &'a BenchSystem) -> anyhow::Result<Past<'a>> {
        let numbers = (0..CHUNK).map(|n| format!("({n})")).collect::<Vec<_>>().join(",");
        let database = &mut *system.database()?;
        execute(
            database,
            "CREATE TABLE bench_number (n BIGINT NOT NULL PRIMARY KEY) ENGINE = InnoDB",
        )?;
        execute(database, &format!("INSERT INTO bench_number VALUES {numbers}"))?;
        Ok(Past { system, orders: 0, before: sizes(system)?, after: BTreeMap::new() })
    }

    /// Copies it until there are so many.
    pub(super) fn grow_to(&mut self, orders: usize) -> anyhow::Result<()> {
        age(self.system)?;
        let database = &mut *self.system.database()?;
        let copies =
            TABLES.map(|(table, column)| Ok((table, column, columns(self.system, table)?)));
        let copies = copies.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let progress = bar("orders of the past", orders - self.orders);
        for first in (self.orders..orders).step_by(CHUNK) {
            let count = CHUNK.min(orders - first);
            for (table, column, columns) in &copies {
                let names =
                    columns.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ");
                let values =
                    columns.iter().map(|it| it.copy(table, first)).collect::<Vec<_>>().join(", ");
                let sql = format!(
                    "INSERT INTO {table} ({names}) SELECT {values} FROM bench_number AS k STRAIGHT_JOIN {table} AS x \
                     ON x.{column} LIKE '{TEMPLATE}%' WHERE k.n < {count} ORDER BY k.n"
                );
                execute(database, &sql)?;
            }
            progress.inc(count as u64);
        }
        (self.orders, self.after) = (orders, sizes(self.system)?);
        Ok(())
    }

    /// The bytes that one more order has in each table, indexes included.
    pub(super) fn bytes_per_order(&self) -> BTreeMap<&'static str, f64> {
        let bytes =
            |sizes: &BTreeMap<String, i64>, table| sizes.get(table).copied().unwrap_or_default();
        let per_order = |table: &'static str| {
            let more = bytes(&self.after, table) - bytes(&self.before, table);
            (table, more as f64 / self.orders as f64)
        };
        TABLES.iter().map(|(table, _)| per_order(table)).collect()
    }
}

/// Rows of the inbox and events are as old as their numbers are small: what was written until now is at least as old as the copies
/// that come.
fn age(system: &BenchSystem) -> anyhow::Result<()> {
    for (table, times) in
        [("notification", ["first_seen", "last_seen"]), ("outbox", ["created_at", "published_at"])]
    {
        let older = times.map(|name| format!("{name} = {name} - INTERVAL {DAYS} DAY")).join(", ");
        let sql = format!(
            "UPDATE {table} SET {older} WHERE order_id NOT LIKE '{TEMPLATE}%' AND order_id NOT LIKE '{PAST}%'"
        );
        execute(&mut *system.database()?, &sql)?;
    }
    Ok(())
}

/// Counts the rows anew that the server plans by.
pub(super) fn analyze(system: &BenchSystem) -> anyhow::Result<()> {
    #[derive(QueryableByName)]
    struct Result {
        #[diesel(sql_type = sql_types::Text, column_name = "Msg_text")]
        _text: String,
    }
    let tables = TABLES.map(|(table, _)| table).join(", ");
    sql_query(format!("ANALYZE TABLE {tables}")).load::<Result>(&mut *system.database()?)?;
    Ok(())
}

/// Bytes of data and indexes of each table.
fn sizes(system: &BenchSystem) -> anyhow::Result<BTreeMap<String, i64>> {
    #[derive(QueryableByName)]
    struct Size {
        #[diesel(sql_type = sql_types::Text)]
        name: String,
        #[diesel(sql_type = sql_types::BigInt)]
        bytes: i64,
    }
    analyze(system)?;
    let sizes: Vec<Size> = sql_query(
        "SELECT CAST(table_name AS CHAR) AS name, CAST(data_length + index_length AS SIGNED) AS bytes \
         FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
    )
    .load(&mut *system.database()?)?;
    Ok(sizes.into_iter().map(|size| (size.name, size.bytes)).collect())
}

/// A column that is written.
#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
    #[diesel(sql_type = sql_types::Text)]
    data_type: String,
}

impl Column {
    /// Its value in the copy with the number `first` + `k.n`: numbers, hashes and times of its own, a buyer of its own, and all else
    /// as in the row that is copied.
    fn copy(&self, table: &str, first: usize) -> String {
        let number = format!("({first} + k.n)");
        match (table, self.name.as_str()) {
            ("user_order", "id") | (_, "order_id") => {
                format!("CONCAT('{PAST}', LPAD({number}, 9, '0'))")
            }
            (_, "trade_no") => format!("CONCAT('20250101', LPAD({number}, 20, '0'))"),
            (_, "message_id") => format!("SHA2(CONCAT('past', {number}), 256)"),
            (_, "code") => format!("CONCAT('PAST', LPAD({number}, 12, '0'))"),
            // In no order, as buyers come.
            (_, "buyer_id") => {
                format!("CONCAT('2088', LPAD({number} * 7919 % 1000000007, 12, '0'))")
            }
            (_, name) if self.data_type == "datetime" => {
                format!("x.{name} - INTERVAL {DAYS} DAY")
            }
            (_, name) => format!("x.{name}"),
        }
    }
}

/// The columns of a table but for those that the server fills.
fn columns(system: &BenchSystem, table: &str) -> anyhow::Result<Vec<Column>> {
    let sql = format!(
        "SELECT CAST(column_name AS CHAR) AS name, CAST(data_type AS CHAR) AS data_type \
         FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '{table}' \
         AND extra NOT LIKE '%auto_increment%' AND extra NOT LIKE '%STORED GENERATED%' ORDER BY ordinal_position"
    );
    Ok(sql_query(sql).load(&mut *system.database()?)?)
}
