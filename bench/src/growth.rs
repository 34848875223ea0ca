//! `make bench-growth`: what a notification costs the database in an empty schema and behind a million orders (or behind several
//! numbers of them, one after the other), how long `ops audit` takes over these, and how fast `ops prune` removes what is old.

mod past;
mod report;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chrono::Utc;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::bodies::signed;
use crate::load::{self, LoadPace};
use crate::part::{MeasuredPart, Usage};
use crate::results::Spread;
use crate::system::{BenchSystem, number};
use crate::{complain, ours, revision, say};

use report::{Audit, Growth, Size};

/// Connections that fill the queue; the workers are measured, not the ingress.
const CONNECTIONS: usize = 64;
/// Events that nobody has published for so long are stuck.
const STUCK: Duration = Duration::from_secs(60);
/// The database rests when it has used less of a core than this in a second.
const REST: f64 = 0.05;
/// So long it may take to rest: what was loaded is still written and cleaned up.
const LONGEST_REST: Duration = Duration::from_secs(600);

/// Measures drains before and after many orders were loaded. Run it with `make bench-growth`.
#[derive(Debug, Args)]
pub(crate) struct GrowthArguments {
    /// Behind how many orders a notification is measured: one number, or several that grow.
    #[arg(long, value_delimiter = ',', default_value = "1000000")]
    orders: Vec<usize>,
    /// How many notifications each drain has.
    #[arg(long, default_value_t = 20_000)]
    notifications: usize,
    /// How many drains there are at each size; one more warms up.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many workers run.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Where growth-DATE.json is written; a debug build writes nothing.
    #[arg(long, default_value = "bench/results")]
    results: std::path::PathBuf,
}

/// One drain.
struct Drain {
    /// Notifications a second.
    rate: f64,
    /// Core-microseconds of the database for each notification.
    database_us: f64,
}

/// Runs all of it.
///
/// # Errors
/// Something was lost, refused or not delivered, or the audit found a gap: then no figure counts.
pub(crate) async fn measure(arguments: &GrowthArguments) -> anyhow::Result<()> {
    let mut before = 0;
    for orders in &arguments.orders {
        ensure!(*orders > before, "--orders must grow: {orders} stands behind {before}");
        before = *orders;
    }
    let mut system = BenchSystem::new(1)?;
    // An order's rows are those of a shop that listens.
    system.pipeline = system.pipeline.with(&[("ALIPAY__EVENTS__ENABLED", "true")]);
    let mut sizes = vec![measure_size(&system, 0, arguments).await?];
    past::deliver_template(&system).await?;
    let mut past = past::Past::new(&system)?;
    for orders in &arguments.orders {
        past.grow_to(*orders)?;
        rest(&system).await?;
        let mut size = measure_size(&system, *orders, arguments).await?;
        size.audit = Some(audit(&system, *orders)?);
        sizes.push(size);
    }
    let (pruned, prune_seconds) = timed(&system, &["prune", "--pause", "0s"])?;
    let rows = pruned["tables"].as_array().into_iter().flatten();
    let growth = Growth {
        at: Utc::now().format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        revision: revision(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        database: system.database_version()?,
        buffer_pool: number(
            &mut *system.database()?,
            "SELECT CAST(@@innodb_buffer_pool_size AS SIGNED) AS number",
        )?,
        notifications: arguments.notifications,
        sizes,
        bytes_per_order: past.bytes_per_order(),
        pruned_rows: rows.filter_map(|table| table["rows"].as_u64()).sum(),
        prune_seconds,
    };
    let loaded = u64::try_from(before)?;
    ensure!(growth.pruned_rows >= loaded, "{} rows were pruned", growth.pruned_rows);
    say(&growth.table());
    if cfg!(debug_assertions) {
        complain("bench: a debug build: nothing is written");
        return Ok(());
    }
    complain(&format!("bench: written to {}", growth.write(&arguments.results)?.display()));
    Ok(())
}

/// Times `ops audit`, which must see all orders that were loaded.
fn audit(system: &BenchSystem, loaded: usize) -> anyhow::Result<Audit> {
    let (json, seconds) = timed(system, &["audit", "--grace", "0s"])?;
    let orders = json["totals"]["orders"].as_u64().unwrap_or_default();
    ensure!(orders > u64::try_from(loaded)?, "the audit saw {orders} orders");
    complain(&format!("bench: behind {loaded} orders: audit of {orders} orders in {seconds:.1} s"));
    Ok(Audit { orders, seconds })
}

/// Drains as many backlogs, the first of which is not counted, behind so many orders of the past.
async fn measure_size(
    system: &BenchSystem,
    orders: usize,
    arguments: &GrowthArguments,
) -> anyhow::Result<Size> {
    let mut all = Vec::new();
    for round in 0..=arguments.rounds {
        let drained = drain(system, &format!("behind{orders}-{round}-"), arguments).await?;
        if round > 0 {
            all.push(drained);
        }
    }
    let spread = |of: fn(&Drain) -> f64| {
        Spread::of(all.iter().map(of).collect()).context("no round was measured")
    };
    let size = Size {
        orders,
        rate: spread(|one| one.rate)?,
        database_us: spread(|one| one.database_us)?,
        audit: None,
    };
    complain(&format!(
        "bench: behind {orders} orders: {:.0} a second, {:.0} core-µs of the database each",
        size.rate.median, size.database_us.median
    ));
    Ok(size)
}

/// An ingress fills the queue, then workers empty it and publish the events.
async fn drain(
    system: &BenchSystem,
    prefix: &str,
    arguments: &GrowthArguments,
) -> anyhow::Result<Drain> {
    let count = arguments.notifications;
    let orders = system.orders(system.md5.name, prefix, count)?;
    let bodies = signed(&system.md5, &orders)?;
    let (ingress, target) = ours::start_ingress(system, system.md5.name, CONNECTIONS, ours::ALONE)?;
    load::post(&target, LoadPace::Closed, &bodies, &bar(&format!("{prefix} queued"), count))
        .await?;
    drop(ingress);
    let (before, began) = (Usage::now()?, Instant::now());
    let workers = ours::start_workers(system, arguments.workers);
    let progress = bar(&format!("{prefix} drained"), count);
    let last = ours::drained(system, &[prefix.to_owned()], count, &progress).await?;
    published(system).await?;
    let used = Usage::now()?.since(&before);
    drop(workers);
    let database =
        used.get(&MeasuredPart::Database).copied().context("the database used no time")?;
    Ok(Drain {
        rate: count as f64 / last.saturating_duration_since(began).as_secs_f64(),
        database_us: database * 1_000_000.0 / count as f64,
    })
}

/// Waits until all events are published.
async fn published(system: &BenchSystem) -> anyhow::Result<()> {
    const WAITING: &str = "SELECT COUNT(*) AS number FROM outbox WHERE published_at IS NULL";
    let began = Instant::now();
    while number(&mut *system.database()?, WAITING)? > 0 {
        ensure!(began.elapsed() < STUCK, "events are not published");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Waits until the database has written and cleaned up what was loaded.
async fn rest(system: &BenchSystem) -> anyhow::Result<()> {
    let progress = ProgressBar::new_spinner().with_message("the database comes to rest");
    let began = Instant::now();
    loop {
        let before = Usage::now()?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let used =
            Usage::now()?.since(&before).get(&MeasuredPart::Database).copied().unwrap_or_default();
        progress.tick();
        if used < REST {
            break;
        }
        ensure!(began.elapsed() < LONGEST_REST, "the database does not come to rest");
    }
    // The optimizer needs statistics of all rows.
    past::analyze(system)
}

/// Runs `ops`, and returns its JSON and the seconds that it took.
fn timed(system: &BenchSystem, arguments: &[&str]) -> anyhow::Result<(Value, f64)> {
    let began = Instant::now();
    let json = system.pipeline.json(arguments)?;
    Ok((json, began.elapsed().as_secs_f64()))
}

/// A progress bar.
fn bar(name: &str, length: usize) -> ProgressBar {
    let bar = ProgressBar::new(length as u64).with_message(name.to_owned());
    match ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
