//! Removes old rows of the tables that only grow, a step at a time. What may go is decided in [`store::prune`].

use std::time::Duration;

use chrono::{DateTime, Utc};
use indicatif::ProgressBar;
use serde::Serialize;
use store::prune::{PruneStep, PrunedTable, Walk};
use store::{BeijingTime, MysqlConnection, StoreError};
use tokio::task::block_in_place;

use crate::failure::Failure;
use crate::progress;

/// A step that met another transaction is repeated so often.
const ATTEMPTS: u32 = 3;

/// What was removed, or would be.
#[derive(Serialize)]
pub(crate) struct Pruned {
    /// Rows whose time is before this.
    pub(crate) before: BeijingTime,
    /// Nothing was removed.
    pub(crate) dry_run: bool,
    /// All tables, in the order in which they were walked over.
    pub(crate) tables: Vec<PrunedRows>,
    /// It was interrupted: what is left out was not looked at.
    pub(crate) interrupted: bool,
}

/// The rows of one table.
#[derive(Serialize)]
pub(crate) struct PrunedRows {
    pub(crate) table: &'static str,
    /// Removed; of a dry run, to be removed.
    pub(crate) rows: usize,
    /// The time of the oldest of them.
    pub(crate) oldest: Option<BeijingTime>,
    #[serde(skip)]
    looked_at: usize,
}

impl Pruned {
    /// The rows of all tables.
    pub(crate) fn rows(&self) -> usize {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

impl PrunedRows {
    fn add(&mut self, step: &PruneStep) {
        self.rows += step.rows;
        self.looked_at += step.looked_at;
        let oldest = self.oldest.map(|at| at.0).into_iter().chain(step.oldest).min();
        self.oldest = oldest.map(BeijingTime);
    }

    fn text(&self) -> String {
        format!("{}: {} of {} old rows go", self.table, self.rows, self.looked_at)
    }
}

/// Walks over all tables, with a pause after each step. An interrupt ends it after the step that is under way.
pub(crate) async fn prune(
    connection: &mut MysqlConnection,
    before: DateTime<Utc>,
    dry_run: bool,
    pause: Duration,
) -> Result<Pruned, Failure> {
    let stop = service::shutdown::on_signals();
    let progress = progress::spinner();
    let mut pruned =
        Pruned { before: BeijingTime(before), dry_run, tables: Vec::new(), interrupted: false };
    for table in PrunedTable::ALL {
        let mut rows = PrunedRows { table: table.name(), rows: 0, oldest: None, looked_at: 0 };
        let mut walk = Walk::new(table, before);
        while !stop.is_cancelled() {
            let step = block_in_place(|| step(connection, &mut walk, dry_run))?;
            let Some(step) = step else { break };
            rows.add(&step);
            tell(&progress, &rows);
            if !dry_run && step.rows > 0 {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = stop.cancelled() => {}
                }
            }
        }
        pruned.tables.push(rows);
        if stop.is_cancelled() {
            pruned.interrupted = true;
            break;
        }
    }
    progress.finish_and_clear();
    Ok(pruned)
}

fn step(
    connection: &mut MysqlConnection,
    walk: &mut Walk,
    dry_run: bool,
) -> Result<Option<PruneStep>, StoreError> {
    for _ in 1..ATTEMPTS {
        match one_step(connection, walk, dry_run) {
            Err(error) if error.is_deadlock() => {}
            other => return other,
        }
    }
    one_step(connection, walk, dry_run)
}

fn one_step(
    connection: &mut MysqlConnection,
    walk: &mut Walk,
    dry_run: bool,
) -> Result<Option<PruneStep>, StoreError> {
    if dry_run { walk.look(connection) } else { walk.remove(connection) }
}

fn tell(progress: &ProgressBar, rows: &PrunedRows) {
    progress.set_message(rows.text());
    progress.tick();
}
