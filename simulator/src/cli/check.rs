//! `simulator check`: was everything that was answered `success` worked off, and nothing else?
//!
//! The database is read with crate `store`, which `ops audit` reads with, so that both see the same
//! columns; the one query that only this verb needs stands in `database`. The alternative, a verb of
//! `ops`, would make `ops` know the simulator's ledger. `store` and `diesel` come with the feature
//! `check`, which is on by default: whoever wants the simulator without a MySQL client library
//! builds it with `--no-default-features`. The verdict itself (`verdict`) knows no database.

mod database;
mod verdict;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use config::Config;
use serde::Serialize;
use simulator::LedgerLine;
use store::{DatabaseSettings, Pool};

use self::verdict::Gap;
use super::{Ending, Output};

/// Between two looks at the database.
const PAUSE: Duration = Duration::from_millis(500);
/// So many gaps are printed; the count is of all.
const PRINTED: usize = 50;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The ledger that storm wrote.
    #[arg(long, value_name = "FILE")]
    ledger: PathBuf,
    /// Look again until nothing is missing or this time is over, for example 30s: workers may be
    /// behind.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = super::time)]
    wait: Duration,
    /// Orders that the ledger does not name may have been delivered since it began.
    #[arg(long)]
    others: bool,
    /// Lines to read, or one JSON document.
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

/// The document of `--output json`.
#[derive(Debug, Serialize)]
struct Report {
    lines: usize,
    answered_success: usize,
    orders: usize,
    gaps: Vec<Gap>,
}

impl Check {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<Ending> {
        // diesel waits on the thread that calls it, and nothing else runs meanwhile.
        tokio::task::block_in_place(|| self.check(config))
    }

    fn check(&self, config: Option<&Path>) -> anyhow::Result<Ending> {
        let config = Config::load(config)?;
        let lines = read(&self.ledger)?;
        let Some(first) = lines.iter().map(|line| line.sent_at).min() else {
            bail!("{} has no lines", self.ledger.display());
        };
        let source = Some(config.database.source.clone());
        let url = config.database.url.expose_secret();
        let pool = Pool::silent(DatabaseSettings { source, ..DatabaseSettings::new(url) }, 1);
        let begun = Instant::now();
        let report = loop {
            let seen = match database::read(&pool, first) {
                Ok(seen) => seen,
                Err(error) => {
                    // What the database says names no password.
                    writeln!(io::stderr(), "simulator: the database cannot be asked: {error}")?;
                    return Ok(Ending::NotConnected);
                }
            };
            let gaps = verdict::gaps(&lines, &seen, self.others);
            if gaps.is_empty() || begun.elapsed() >= self.wait {
                break Report {
                    lines: lines.len(),
                    answered_success: lines.iter().filter(|line| verdict::counts(line)).count(),
                    orders: verdict::orders(&lines),
                    gaps,
                };
            }
            std::thread::sleep(PAUSE);
        };
        print(&report, self.output)?;
        Ok(if report.gaps.is_empty() { Ending::Success } else { Ending::NotSuccess })
    }
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

fn print(report: &Report, output: Output) -> anyhow::Result<()> {
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
