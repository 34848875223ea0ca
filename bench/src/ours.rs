//! Our own programs, alone and together.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use bytes::Bytes;
use diesel::deserialize::QueryableByName;
use diesel::{RunQueryDsl, sql_query, sql_types};
use indicatif::ProgressBar;
use store::MysqlConnection;
use testkit::Program;
use tokio_util::sync::CancellationToken;

use crate::load::{self, Latencies, LoadPace, LoadTarget};
use crate::system::{BenchSystem, number};

/// Each notification is a message of its own.
pub(crate) const ALONE: usize = 1;
/// A backlog that does not shrink for so long is stuck.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// No new row for so long: perhaps it was the last.
const IDLE_TIME: Duration = Duration::from_millis(100);
/// How often the database is asked for new rows while latencies are measured.
const POLL_INTERVAL: Duration = Duration::from_millis(2);
/// An id that no row had for so long belongs to no row.
const GAP: Duration = Duration::from_secs(1);

/// The last inbox row, which the primary key gives without reading the others.
const LAST_ROW: &str = "SELECT COALESCE(MAX(id), 0) AS number FROM notification";

/// An ingress that puts so many notifications into a message, and where it takes a merchant's.
pub(crate) fn start_ingress(
    system: &BenchSystem,
    merchant: &str,
    connections: usize,
    bundle: usize,
) -> anyhow::Result<(Program, LoadTarget)> {
    let pipeline = system.pipeline.with(&[("ALIPAY__INGRESS__BUNDLE", &bundle.to_string())]);
    let (program, address) = pipeline.start_ingress();
    let path = format!("/alipay/{merchant}/notify");
    Ok((program, LoadTarget { address, path, connections }))
}

pub(crate) fn start_workers(system: &BenchSystem, count: usize) -> Vec<Program> {
    (0..count).map(|_| system.pipeline.start_worker()).collect()
}

/// Waits until the inbox has a row for so many orders of each prefix, and returns when the last of them came.
///
/// # Errors
/// It takes no end, or an order did not get its goods.
pub(crate) async fn drained(
    system: &BenchSystem,
    prefixes: &[String],
    count: usize,
    progress: &ProgressBar,
) -> anyhow::Result<Instant> {
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        let highest = number(&mut *system.database()?, LAST_ROW)?;
        if highest > last {
            (last, moved) = (highest, Instant::now());
        }
        // Rows are counted only when they rest: that reads all of them.
        if moved.elapsed() > IDLE_TIME && have_rows(system, prefixes, count)? {
            break;
        }
        ensure!(
            moved.elapsed() < STALL_TIMEOUT,
            "the workers stopped before all {count} were done"
        );
        progress.set_position(u64::try_from(highest).unwrap_or(0) % count.max(1) as u64);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for prefix in prefixes {
        let delivered = system.delivered(prefix)?;
        ensure!(delivered == count, "{delivered} of {count} orders have their goods");
    }
    Ok(moved)
}

fn have_rows(system: &BenchSystem, prefixes: &[String], count: usize) -> anyhow::Result<bool> {
    for prefix in prefixes {
        let sql = format!(
            "SELECT COUNT(*) AS number FROM notification WHERE order_id >= '{prefix}' AND order_id < '{prefix}~'"
        );
        if usize::try_from(number(&mut *system.database()?, &sql)?)? < count {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What a steady load found.
pub(crate) struct Steady {
    /// From the intended time of sending to the answer.
    pub(crate) answers: Latencies,
    /// From the intended time of sending until another connection sees the committed row.
    pub(crate) rows: Latencies,
    pub(crate) elapsed: Duration,
}

/// Posts at a fixed rate while another connection watches for the rows.
pub(crate) async fn steady(
    system: &BenchSystem,
    target: &LoadTarget,
    rate: u32,
    orders: &[String],
    bodies: &Arc<[Bytes]>,
    progress: &ProgressBar,
) -> anyhow::Result<Steady> {
    let database = &mut *system.database()?;
    let first = number(database, LAST_ROW)?;
    let over = CancellationToken::new();
    let watcher = {
        let (over, mut database) = (over.clone(), system.database()?);
        let count = orders.len();
        tokio::task::spawn_blocking(move || watch(&mut database, first, count, &over))
    };
    let answered = load::post(target, LoadPace::Open(rate), bodies, progress).await;
    if answered.is_err() {
        over.cancel();
    }
    let seen = watcher.await??;
    let answered = answered?;
    let mut rows = load::histogram()?;
    for (place, order) in orders.iter().enumerate() {
        let Some(at) = seen.get(order) else { bail!("order {order} has no row") };
        let intended = answered.began + load::intended_offset(place, rate);
        load::record(&mut rows, at.saturating_duration_since(intended));
    }
    Ok(Steady { answers: answered.latencies, rows, elapsed: answered.elapsed })
}

/// When each of so many new inbox rows was seen first, by order.
fn watch(
    database: &mut MysqlConnection,
    first: i64,
    count: usize,
    over: &CancellationToken,
) -> anyhow::Result<HashMap<String, Instant>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql_types::BigInt)]
        id: i64,
        #[diesel(sql_type = sql_types::Text)]
        order_id: String,
    }
    let mut orders = HashMap::new();
    // Transactions commit in another order than their ids: rows are read again from the first id that is missing.
    let (mut low, mut ahead) = (first, BTreeMap::new());
    let mut moved = Instant::now();
    while orders.len() < count && !over.is_cancelled() {
        let rows: Vec<Row> =
            sql_query("SELECT id, order_id FROM notification WHERE id > ? ORDER BY id")
                .bind::<sql_types::BigInt, _>(low)
                .load(database)?;
        let now = Instant::now();
        for row in rows {
            ahead.entry(row.id).or_insert_with(|| {
                moved = now;
                orders.entry(row.order_id).or_insert(now);
                now
            });
        }
        while let Some((&id, &at)) = ahead.first_key_value()
            && (id == low + 1 || at.elapsed() > GAP)
        {
            low = id;
            ahead.pop_first();
        }
        ensure!(moved.elapsed() < STALL_TIMEOUT, "{} of {count} rows came", orders.len());
        std::thread::sleep(POLL_INTERVAL);
    }
    Ok(orders)
}
