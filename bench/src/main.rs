//! `make bench`: ceilings, other people's handlers and our own programs on the same servers in one run.
//!
//! The machine is noisy and its parts share the cores, so ratios count, not figures. Every round measures every
//! scenario once, in turn ([`rounds`]); the results are medians of all rounds with their spread ([`results`]). A run
//! in which one notification was refused or lost reports nothing.

#![allow(clippy::float_arithmetic, reason = "rates and ratios; there is no money here")]

mod baselines;
mod bodies;
mod ceilings;
mod growth;
mod load;
mod ours;
mod part;
mod results;
mod rounds;
mod scenario;
mod system;
mod table;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::ensure;
use chrono::Utc;
use clap::{Parser, Subcommand};

use crate::growth::GrowthArguments;
use crate::results::BenchResults;
use crate::rounds::Rounds;
use crate::scenario::Scenario;
use crate::system::BenchSystem;

/// Measures ceilings, other handlers and our own programs side by side. Run it with `make bench`.
///
/// Example: testkit run -- bench --rounds 5
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How many notifications each scenario has.
    #[arg(long, default_value_t = 20_000)]
    notifications: usize,
    /// How often each scenario is measured.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many connections the load has.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How many workers run.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// How many notifications make one message of the broker in the scenarios with bundles.
    #[arg(long, default_value_t = 16)]
    bundle: usize,
    /// How many work queues the orders are spread over (queue.shards).
    #[arg(long, default_value_t = 1)]
    shards: u64,
    /// Notifications a second of the steady load.
    #[arg(long, default_value_t = 1000)]
    rate: u32,
    /// How long the steady load lasts, in seconds.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Only these scenarios and what they need, by the names in the table; nothing is written then.
    #[arg(long, value_delimiter = ',', value_name = "SCENARIO")]
    only: Vec<Scenario>,
    /// Where DATE.json and the drawing are written.
    #[arg(long, default_value = "bench/results")]
    results: PathBuf,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Answer every POST with `success`: the HTTP ceiling.
    #[command(hide = true)]
    ServeHttp,
    Growth(GrowthArguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.verb {
        Some(Verb::ServeHttp) => ceilings::serve_http().await,
        Some(Verb::Growth(growth)) => growth::measure(growth).await,
        None => measure(&arguments).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    ensure!(!cfg!(debug_assertions), "a debug build says nothing: cargo build --release");
    let system = BenchSystem::new(arguments.shards)?;
    let mut rounds = Rounds::new(&system, arguments);
    for _ in 0..arguments.rounds {
        rounds.play().await?;
    }
    let measurements = rounds.measurements;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let summaries = results::summaries(&measurements);
    let results = BenchResults {
        at: Utc::now().format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        revision: revision(),
        cores,
        database: system.database_version()?,
        rounds: arguments.rounds,
        ratios: results::ratios(&summaries, cores),
        summaries,
        measurements,
    };
    say(&table::print(&results));
    if !arguments.only.is_empty() {
        return Ok(());
    }
    let file = results.write(&arguments.results)?;
    std::fs::write(arguments.results.join("rates.svg"), table::svg(&results))?;
    complain(&format!("bench: written to {}", file.display()));
    Ok(())
}

/// The commit that was measured, as far as git knows.
fn revision() -> String {
    let output = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let text = output.ok().filter(|output| output.status.success());
    text.map_or("unknown".to_owned(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

/// A line of the result.
#[expect(clippy::print_stdout, reason = "the result is what is printed")]
fn say(line: &str) {
    println!("{line}");
}

/// A line beside the result.
#[expect(clippy::print_stderr, reason = "a program without a log")]
fn complain(line: &str) {
    eprintln!("{line}");
}
