//! `check-ledger`: is everything that a storm of the simulator was answered `success` for in the database, and
//! nothing else?
//!
//! The simulator writes the ledger and knows no database; this program reads the database with crate `store`, as
//! `ops audit` does. The verdict itself (`verdict`) knows neither.

mod database;
mod verdict;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use config::Config;
use serde::Serialize;
use simulator::LedgerLine;
use store::{DatabaseSettings, Pool};

use self::verdict::LedgerGap;

/// Between two looks at the database.
const PAUSE: Duration = Duration::from_millis(500);
/// So many gaps are printed; the count is of all.
const PRINTED: usize = 50;

/// Compares a storm's ledger with the database: what was answered success is there, and nothing else.
///
/// Exit codes: 0 nothing is missing, 1 something is, 2 usage or configuration, 3 the database cannot be asked.
///
/// Example: check-ledger --config alipay.toml --ledger ledger.jsonl --wait 30s
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration of the pipeline.
    #[arg(long, env = "ALIPAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The ledger that storm wrote.
    #[arg(long, value_name = "FILE")]
    ledger: PathBuf,
    /// Look again until nothing is missing or this time is over, for example 30s: workers may be
    /// behind.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = service::duration::parse)]
    wait: Duration,
    /// Orders that the ledger does not name may have been delivered since it began.
    #[arg(long)]
    others: bool,
    /// Lines to read, or one JSON document.
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

/// How the result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Lines to read.
    Table,
    /// One JSON document.
    Json,
}

/// The document of `--output json`.
#[derive(Debug, Serialize)]
struct LedgerReport {
    lines: usize,
    answered_success: usize,
    orders: usize,
    gaps: Vec<LedgerGap>,
}

fn main() -> ExitCode {
    check(&Arguments::parse()).unwrap_or_else(|error| {
        let text = format!("{error:#}");
        let text = service::invisible::escaped_lines(&text);
        // Nothing can be done about a closed stderr.
        let _ = writeln!(io::stderr(), "check-ledger: {text}");
        ExitCode::from(2)
    })
}

fn check(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(arguments.config.as_deref())?;
    let lines = read(&arguments.ledger)?;
    let Some(first) = lines.iter().map(|line| line.sent_at).min() else {
        bail!("{} has no lines", arguments.ledger.display());
    };
    let source = Some(config.database.source.clone());
    let url = config.database.url.expose_secret();
    let pool = Pool::silent(DatabaseSettings { source, ..DatabaseSettings::new(url) }, 1);
    let begun = Instant::now();
    let gaps = loop {
        let seen = match database::read(&pool, first) {
            Ok(seen) => seen,
            Err(error) => {
                // What the database says names no password.
                writeln!(io::stderr(), "check-ledger: the database cannot be asked: {error}")?;
                return Ok(ExitCode::from(3));
            }
        };
        let gaps = verdict::gaps(&lines, &seen, arguments.others);
        if gaps.is_empty() || begun.elapsed() >= arguments.wait {
            break gaps;
        }
        std::thread::sleep(PAUSE);
    };
    let code = ExitCode::from(u8::from(!gaps.is_empty()));
    let report = LedgerReport {
        lines: lines.len(),
        answered_success: lines.iter().filter(|line| verdict::counts(line)).count(),
        orders: verdict::orders(&lines),
        gaps,
    };
    print(&report, arguments.output)?;
    Ok(code)
}

fn read(file: &Path) -> anyhow::Result<Vec<LedgerLine>> {
    let name = file.display();
    let opened = File::open(file).with_context(|| name.to_string())?;
    let mut lines = Vec::new();
    for (line, number) in BufReader::new(opened).lines().zip(1_usize..) {
        let line = line.with_context(|| name.to_string())?;
        let line = serde_json::from_str(&line);
        lines.push(line.with_context(|| format!("{name}, line {number}: no line of a ledger"))?);
    }
    Ok(lines)
}

fn print(report: &LedgerReport, output: Output) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if output == Output::Json {
        writeln!(out, "{}", serde_json::to_string_pretty(report)?)?;
        return Ok(());
    }
    for gap in report.gaps.iter().take(PRINTED) {
        writeln!(out, "{}", gap.text())?;
    }
    if report.gaps.len() > PRINTED {
        writeln!(out, "... and {} more (all with --output json)", report.gaps.len() - PRINTED)?;
    }
    writeln!(
        out,
        "{} lines, {} answered success, {} orders: {}",
        report.lines,
        report.answered_success,
        report.orders,
        match report.gaps.len() {
            0 => "everything is in the database".to_owned(),
            1 => "1 gap".to_owned(),
            count => format!("{count} gaps"),
        }
    )?;
    Ok(())
}
