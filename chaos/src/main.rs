//! `make chaos`: breaks parts of the pipeline under load and checks that nothing is lost, nothing is
//! delivered twice, and nothing forged has an effect.
//!
//! Two ingresses, three workers, a RabbitMQ (with `--nodes 3` a cluster) and a database run as real
//! processes. While the
//! simulator tells the stories of many orders, parts are killed and stopped at random times and
//! started again, as a supervisor would, and lines between them are cut, slowed down and silenced.
//! Some orders lose every notification, have a time that ends, or are refunded by `ops refund`: of
//! these Alipay's gateway knows. Then the system comes to rest, and every order is compared with what
//! was answered `success`, and with the gateway's ledger. The seed decides faults and stories, not the
//! timing of the operating system: a seed that failed once may need a few runs to fail again.

mod audit;
mod buyer;
mod database;
mod expected;
mod faults;
mod gateway;
mod ledger;
mod load;
mod operator;
mod outage;
mod part;
mod rest;
mod story;
mod system;
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
use service::duration;
use testkit::{BrokerKind, Wanted};

use crate::faults::{PlannedFault, busiest, plan, span, stretch};
use crate::load::{LONGEST_GAP, Load, LoadProgress, SentNotification};
use crate::operator::RefundOperator;
use crate::outage::{BrokenServer, PlannedOutage};
use crate::story::Story;
use crate::system::{ChaosSettings, ChaosSystem};
use crate::verdict::{ChaosVerdict, CheckInput};

/// The default number of orders.
const ORDERS: usize = 2_000;
/// How long the load may go on after the last part is back.
const LOAD_LIMIT: Duration = Duration::from_secs(180);
/// How long it may take to come to rest; the second retry tier takes 30 seconds.
const REST_LIMIT: Duration = Duration::from_secs(300);

/// Breaks parts of the pipeline under load and checks that nothing is lost or done twice.
///
/// Starts its own RabbitMQ and database. Exit code 0: everything is as it should be.
///
/// Orders are paid, refunded, closed and finished. Of some every notification is lost, and the
/// gateway tells. Some have a time that ends: nobody opens a page, or it waits, or is opened or paid
/// too late; one merchant delivers for late money and the other gives it back. Some are refunded in
/// part by `ops refund`. Each is compared with Alipay's ledger in the end.
///
/// With --outage one server is stopped for long instead, under steady load; the gateway is not asked.
///
/// Examples: chaos --seed 7 --faults 40 --orders 2000
///           chaos --outage broker --for 10m
///           chaos --nodes 3
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Decides faults and orders; random when not given
    #[arg(long)]
    seed: Option<u64>,
    /// How often a part is killed or stopped, or a line is broken
    #[arg(long, default_value_t = 40)]
    faults: usize,
    /// How many orders; default: 2000, or five a second of an outage
    #[arg(long)]
    orders: Option<usize>,
    /// At most so many orders begin each second, about three notifications each: more orders take
    /// longer, and the faults are spread over that time
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    rate: u64,
    /// No faults: this server is stopped once
    #[arg(long, value_enum, requires = "for", conflicts_with = "faults")]
    outage: Option<BrokenServer>,
    /// For how long it is stopped, such as 20s or 10m
    #[arg(long = "for", id = "for", requires = "outage", value_parser = duration::parse)]
    length: Option<Duration>,
    /// After an outage goods are delivered so soon after the server accepts connections
    #[arg(long, default_value = "5s", value_parser = duration::parse)]
    recovery: Duration,
    /// The longest time a part is stopped (SIGSTOP) or a line silent, in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    longest_pause: u64,
    /// Nodes of the broker: 3 is a cluster of RabbitMQ 4 (scripts/install-other-servers sid), whose
    /// nodes are killed, stopped and cut from each other; default: what TESTKIT_BROKER says, else 1
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(["1", "3"]))]
    nodes: Option<String>,
    /// Work queues that the orders are spread over (queue.shards). The first worker knows of one only, as in the middle of a
    /// change
    #[arg(long, default_value_t = 1)]
    shards: u64,
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

/// What is broken.
enum Breaking {
    Faults(Vec<PlannedFault>),
    Outage(PlannedOutage),
}

impl Breaking {
    fn of(arguments: &Arguments, seed: u64, nodes: usize) -> Breaking {
        if let (Some(server), Some(length)) = (arguments.outage, arguments.length) {
            return Breaking::Outage(PlannedOutage {
                server,
                length,
                recovery: arguments.recovery,
            });
        }
        let longest = Duration::from_secs(arguments.longest_pause);
        let mut faults = plan(seed, arguments.faults, longest, nodes);
        let orders = arguments.orders.unwrap_or(ORDERS) as u64;
        let load = Duration::from_secs(orders / arguments.rate);
        let least = load.max(busiest(&faults));
        stretch(&mut faults, least);
        Breaking::Faults(faults)
    }

    /// When the gateway is asked about an unpaid order. In a long run later: otherwise each fault
    /// would have thousands of orders asked about that are only late.
    fn unpaid_after(&self) -> Duration {
        (self.span() / 8).clamp(Duration::from_secs(15), Duration::from_secs(120))
    }

    /// How long the load lasts.
    fn span(&self) -> Duration {
        match self {
            // A little longer than the faults, so that the last one meets load, too.
            Breaking::Faults(faults) => span(faults) + Duration::from_secs(2),
            Breaking::Outage(outage) => outage.span(),
        }
    }
}

fn play(arguments: &Arguments, seed: u64, folder: &Path) -> anyhow::Result<bool> {
    let began = Instant::now();
    let wanted = wanted(arguments)?;
    let nodes = wanted.broker.map_or(1, BrokerKind::nodes);
    let breaking = Breaking::of(arguments, seed, nodes);
    let (orders, unlucky) = match &breaking {
        Breaking::Faults(_) => (arguments.orders.unwrap_or(ORDERS), true),
        // A late order is retried, and its attempts are counted.
        Breaking::Outage(outage) => (arguments.orders.unwrap_or_else(|| outage.orders()), false),
    };
    let stories: Arc<Vec<Story>> =
        Arc::new((0..orders).map(|index| Story::draw(seed, index, unlucky)).collect());
    let limit = arguments.limit.unwrap_or_else(|| {
        let pauses = arguments.faults as u64 * (arguments.longest_pause + 10);
        900 + breaking.span().as_secs() * 2 + pauses + orders as u64 / 20
    });
    let watchdog = watch::Watchdog::start(Duration::from_secs(limit), seed, folder);

    let units: i32 = stories.iter().map(|story| story.quantity).sum();
    let units = usize::try_from(units)?;
    // An outage is measured: without anything between programs and servers.
    let lines = matches!(breaking, Breaking::Faults(_));
    let settings = ChaosSettings {
        units,
        lines,
        unpaid_after: breaking.unpaid_after(),
        shards: arguments.shards,
    };
    let system = ChaosSystem::start(folder.to_owned(), settings, wanted)?;
    watchdog.servers(system.servers());
    let outcome = on_stage(&system, &breaking, &stories);
    if !matches!(outcome, Ok(true)) {
        system.keep_logs();
    }
    say(&format!("· {} s in all", began.elapsed().as_secs()));
    outcome
}

/// The servers of `--nodes`, otherwise those that the environment names.
fn wanted(arguments: &Arguments) -> anyhow::Result<Wanted> {
    let mut wanted = Wanted::both()?;
    match (arguments.nodes.as_deref(), wanted.broker) {
        (Some("3"), _) => wanted.broker = Some(BrokerKind::Cluster),
        (Some(_), Some(BrokerKind::Cluster)) => wanted.broker = Some(BrokerKind::RabbitMq4),
        _ => {}
    }
    Ok(wanted)
}

fn on_stage(
    system: &ChaosSystem,
    breaking: &Breaking,
    stories: &Arc<Vec<Story>>,
) -> anyhow::Result<bool> {
    let span = breaking.span();
    let in_time: Vec<(&str, &Story, Duration)> = stories
        .iter()
        .enumerate()
        .filter(|(_, story)| story.late.is_none())
        .map(|(index, story)| {
            (system.gateways[story.gateway].name, story, load::begins(span, index, stories.len()))
        })
        .collect();
    database::CheckDatabase::open(&system.database_url)?.place(&in_time)?;
    let placed = (in_time.len(), stories.len() - in_time.len());
    say(&format!("· {} orders placed, {} come late", placed.0, placed.1));

    let progress = Arc::new(LoadProgress::default());
    let load = Load {
        stories: stories.clone(),
        gateways: system.gateways.clone(),
        database_url: system.database_url.clone(),
        trade_store: system.gateway.trade_store(),
        operator: RefundOperator::new(&system.shop),
        span,
        longest_gap: match breaking {
            // In a long run more letters wait at one time.
            Breaking::Faults(_) => (span / 100).clamp(LONGEST_GAP, LONGEST_GAP * 5),
            Breaking::Outage(outage) => outage.longest_gap(),
        },
        progress: progress.clone(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let load = runtime.spawn(load.run());
    let mut verdict = ChaosVerdict::default();
    let outage = match breaking {
        Breaking::Faults(faults) => {
            say(&watch::inject(system, faults, stories.len(), &progress, &mut verdict)?);
            None
        }
        Breaking::Outage(outage) => Some((outage, outage.endure(system, &progress, &mut verdict)?)),
    };

    let give_up = Instant::now() + LOAD_LIMIT;
    while !load.is_finished() {
        if Instant::now() > give_up {
            progress.give_up.store(true, Ordering::Relaxed);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let sent = runtime.block_on(load).context("the load")??;
    write_ledger(&system.folder, &sent)?;
    counts(&sent, &progress);

    gateway::heal(system, stories, span, &mut verdict)?;
    let evidence = CheckInput { system, stories, sent: &sent };
    let dead = verdict::reach(&mut verdict, &evidence, REST_LIMIT)?;
    if let Some((outage, over)) = &outage {
        outage.check(system, over, &sent, &dead, &mut verdict)?;
    }
    ledger::check(system, stories, &mut verdict)?;
    watch::late_news(system, &mut verdict);
    audit::ask(system, &mut verdict)?;
    let good = verdict.print(outage.is_some());
    if !good {
        keep_evidence(system, stories, &verdict)?;
    }
    Ok(good)
}

/// What the database held, before it goes: every row that counts, and the stories of what is wrong.
fn keep_evidence(
    system: &ChaosSystem,
    stories: &[Story],
    verdict: &ChaosVerdict,
) -> anyhow::Result<()> {
    let rows = database::CheckDatabase::open(&system.database_url)?.picture()?;
    let rows: Vec<String> = rows.into_iter().collect();
    std::fs::write(system.folder.join("rows.txt"), rows.join("\n"))?;
    for id in verdict.orders_named(stories) {
        let told = system.shop.ops(&["order", "show", &id])?;
        std::fs::write(system.folder.join(format!("order-{id}.txt")), told)?;
    }
    Ok(())
}

/// A JSON object a line, as `simulator storm --ledger` writes it.
fn write_ledger(folder: &Path, sent: &[SentNotification]) -> anyhow::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(folder.join("ledger.jsonl"))?);
    for sent in sent {
        serde_json::to_writer(&mut file, &sent.ledger)?;
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}

fn counts(sent: &[SentNotification], progress: &LoadProgress) {
    let count =
        |wanted: fn(&SentNotification) -> bool| sent.iter().filter(|sent| wanted(sent)).count();
    say(&format!(
        "· {} deliveries over ({} duplicates on purpose, {} forged), {} POSTs, {} answered success",
        sent.len(),
        count(|sent| sent.ledger.fault == Some(simulator::Fault::Duplicate)),
        count(|sent| sent.forged),
        progress.posts.load(Ordering::Relaxed),
        count(SentNotification::is_success),
    ));
}

/// A line of this program's own output.
#[expect(clippy::print_stdout, reason = "the result of this program is what it prints")]
fn say(line: &str) {
    println!("{line}");
}
