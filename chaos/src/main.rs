//! `make chaos`: breaks parts of the pipeline under load and checks that nothing is lost, nothing is
//! delivered twice, and nothing forged has an effect.
//!
//! Two ingresses, three workers, a RabbitMQ and a MariaDB run as real processes. While the
//! simulator tells the stories of many orders, parts are killed and stopped at random times and
//! started again, as a supervisor would. Then the system comes to rest, and every order is compared
//! with what was answered `success`. The seed decides faults and stories, not the timing of the
//! operating system: a seed that failed once may need a few runs to fail again.

mod audit;
mod database;
mod expected;
mod faults;
mod load;
mod part;
mod rest;
mod stage;
mod story;
mod verdict;
mod watch;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use rand::RngExt;

use crate::faults::{plan, span};
use crate::load::{Load, Progress, Sent};
use crate::stage::Stage;
use crate::story::Story;
use crate::verdict::{Evidence, Verdict};

/// How long the load may go on after the last part is back.
const LOAD_LIMIT: Duration = Duration::from_secs(180);
/// How long it may take to come to rest; the second retry tier takes 30 seconds.
const REST_LIMIT: Duration = Duration::from_secs(300);

/// Breaks parts of the pipeline under load and checks that nothing is lost or done twice.
///
/// Starts its own RabbitMQ and MariaDB. Exit code 0: everything is as it should be.
///
/// Example: chaos --seed 7 --faults 40 --orders 2000
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Decides faults and orders; random when not given
    #[arg(long)]
    seed: Option<u64>,
    /// How often a part is killed or stopped
    #[arg(long, default_value_t = 40)]
    faults: usize,
    /// How many orders are told of
    #[arg(long, default_value_t = 2_000)]
    orders: usize,
    /// The longest time a part is stopped (SIGSTOP), in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    longest_pause: u64,
    /// Ended as a failure after so many seconds; by default enough for faults, orders and rest
    #[arg(long)]
    limit: Option<u64>,
    /// Where a folder for configuration, ledger and logs is made; kept when something is wrong
    #[arg(long, default_value = ".run")]
    folder: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| rand::rng().random_range(0..1_000_000));
    say(&format!("seed {seed}"));
    // Absolute, because key files in a configuration count from the configuration's own folder.
    let folder =
        std::path::absolute(&arguments.folder).unwrap_or_else(|_| arguments.folder.clone());
    let folder = folder.join(format!("chaos-{seed}-{}", std::process::id()));
    let good = match play(&arguments, seed, &folder) {
        Ok(good) => good,
        Err(error) => {
            say(&format!("chaos: {error:#}"));
            false
        }
    };
    if good {
        // Nothing is missed when it stays.
        let _ = std::fs::remove_dir_all(&folder);
        say(&format!("\nSeed {seed}: everything is as it should be."));
        return ExitCode::SUCCESS;
    }
    say(&format!("\nSeed {seed}: NOT as it should be. Logs and ledger: {}", folder.display()));
    ExitCode::FAILURE
}

fn play(arguments: &Arguments, seed: u64, folder: &Path) -> anyhow::Result<bool> {
    let began = Instant::now();
    let faults = plan(seed, arguments.faults, Duration::from_secs(arguments.longest_pause));
    let stories: Arc<Vec<Story>> =
        Arc::new((0..arguments.orders).map(|index| Story::draw(seed, index)).collect());
    let limit = arguments.limit.unwrap_or_else(|| {
        let pauses = arguments.faults as u64 * (arguments.longest_pause + 10);
        900 + pauses + arguments.orders as u64 / 10
    });
    let watchdog = watch::Watchdog::start(Duration::from_secs(limit), seed, folder);

    let units: i32 = stories.iter().map(|story| story.quantity).sum();
    let stage = Stage::set(folder.to_owned(), usize::try_from(units)?)?;
    watchdog.servers(stage.servers());
    let outcome = on_stage(&stage, &faults, &stories);
    if !matches!(outcome, Ok(true)) {
        stage.keep_logs();
    }
    say(&format!("· {} s in all", began.elapsed().as_secs()));
    outcome
}

fn on_stage(
    stage: &Stage,
    faults: &[faults::Fault],
    stories: &Arc<Vec<Story>>,
) -> anyhow::Result<bool> {
    let in_time: Vec<(&str, &Story)> = stories
        .iter()
        .filter(|story| story.late.is_none())
        .map(|story| (stage.gateways[story.gateway].name, story))
        .collect();
    database::Database::open(&stage.database_url)?.place(&in_time)?;
    let placed = (in_time.len(), stories.len() - in_time.len());
    say(&format!("· {} orders placed, {} come late", placed.0, placed.1));

    let progress = Arc::new(Progress::default());
    let load = Load {
        stories: stories.clone(),
        gateways: stage.gateways.clone(),
        database_url: stage.database_url.clone(),
        // A little longer than the faults, so that the last one meets load, too.
        span: span(faults) + Duration::from_secs(2),
        progress: progress.clone(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let load = runtime.spawn(load.run());
    let mut verdict = Verdict::default();
    let table = watch::inject(stage, faults, stories.len(), &progress, &mut verdict)?;
    say(&table);

    let give_up = Instant::now() + LOAD_LIMIT;
    while !load.is_finished() {
        if Instant::now() > give_up {
            progress.give_up.store(true, Ordering::Relaxed);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let sent = runtime.block_on(load).context("the load")??;
    write_ledger(&stage.folder, &sent)?;
    counts(&sent, &progress);

    let evidence = Evidence { stage, stories, sent: &sent };
    verdict::reach(&mut verdict, &evidence, REST_LIMIT)?;
    watch::late_news(stage, &mut verdict);
    audit::ask(stage, &mut verdict)?;
    let good = verdict.print();
    if !good {
        keep_evidence(stage, stories, &verdict)?;
    }
    Ok(good)
}

/// What the database held, before it goes: every row that counts, and the stories of what is wrong.
fn keep_evidence(stage: &Stage, stories: &[Story], verdict: &Verdict) -> anyhow::Result<()> {
    let rows = database::Database::open(&stage.database_url)?.picture()?;
    let rows: Vec<String> = rows.into_iter().collect();
    std::fs::write(stage.folder.join("rows.txt"), rows.join("\n"))?;
    for id in verdict.orders_named(stories) {
        let told = stage.shop.ops(&["order", "show", &id])?;
        std::fs::write(stage.folder.join(format!("order-{id}.txt")), told)?;
    }
    Ok(())
}

/// A JSON object a line, as `simulator storm --ledger` writes it.
fn write_ledger(folder: &Path, sent: &[Sent]) -> anyhow::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(folder.join("ledger.jsonl"))?);
    for sent in sent {
        serde_json::to_writer(&mut file, &sent.ledger)?;
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}

fn counts(sent: &[Sent], progress: &Progress) {
    let count = |wanted: fn(&Sent) -> bool| sent.iter().filter(|sent| wanted(sent)).count();
    say(&format!(
        "· {} deliveries over ({} duplicates on purpose, {} forged), {} POSTs, {} answered success",
        sent.len(),
        count(|sent| sent.ledger.fault == Some(simulator::Fault::Duplicate)),
        count(|sent| sent.forged),
        progress.posts.load(Ordering::Relaxed),
        count(Sent::is_success),
    ));
}

/// A line of this program's own output.
#[expect(clippy::print_stdout, reason = "the result of this program is what it prints")]
fn say(line: &str) {
    println!("{line}");
}
