//! Compares the rows with the queue, and puts right what differs.
//!
//! Rows that change meanwhile are left alone: a worker or an operator has just written what they say. So are rows that are not
//! committed at its beginning.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use order::DeadLetterState;
use serde::Serialize;

use super::row::NewDeadLetter;
use super::write::write_by;
use crate::column::value;
use crate::json_rows::execute_rows;
use crate::schema::dead_letter;
use crate::{MysqlConnection, Result, clock};

/// Rows that one statement corrects.
const STEP: usize = 1_000;

/// A comparison that has begun.
#[derive(Debug, Clone)]
pub struct QueueComparison {
    /// By the database's clock.
    began: DateTime<Utc>,
    /// The rows that said then that their letters wait in the queue, by id.
    waiting: HashMap<String, WaitingRow>,
}

/// What a row says of a letter that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WaitingRow {
    copies: i32,
    /// A worker of today or a comparison has written it.
    is_whole: bool,
}

/// What differed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Corrected {
    /// Letters in the queue whose rows said that they were not there, or that had no row.
    pub found: usize,
    /// Letters in the queue of which the rows counted another number.
    pub recounted: usize,
    /// Rows that said that their letter was in the queue, and it is not.
    pub gone: usize,
}

/// A row as it is.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize)]
struct CountedCopies {
    message_id: String,
    copies: i32,
    state: DeadLetterState,
}

/// A row as it should be. It is left alone if it is not `was` any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct RowCorrection {
    was: CountedCopies,
    copies: i32,
    state: DeadLetterState,
}

impl QueueComparison {
    /// Begins: call it before the queue is read.
    pub fn begin(connection: &mut MysqlConnection) -> Result<QueueComparison> {
        let began = clock::now(connection)?;
        let rows: Vec<(String, i32, bool)> = dead_letter::table
            .filter(dead_letter::state.eq(value(DeadLetterState::Waiting)))
            .select((dead_letter::message_id, dead_letter::copies, dead_letter::cause.ne("")))
            .load(connection)?;
        let waiting =
            rows.into_iter().map(|(id, copies, is_whole)| (id, WaitingRow { copies, is_whole }));
        Ok(QueueComparison { began, waiting: waiting.collect() })
    }

    /// Whether the letters of this id have a row that says all.
    #[must_use]
    pub fn is_known(&self, message_id: &str) -> bool {
        self.waiting.get(message_id).is_some_and(|row| row.is_whole)
    }

    /// Whether a row was committed when the comparison began, and says the same now. A row of a batch that was being published
    /// then says a time before the comparison, and its letters came after it.
    fn was_there(&self, row: &CountedCopies) -> bool {
        self.waiting.get(&row.message_id).is_some_and(|then| then.copies == row.copies)
    }

    /// Writes rows of letters that are not known, sorted by their ids. What an older program has written stays.
    pub fn meet(&self, connection: &mut MysqlConnection, sorted: &[NewDeadLetter]) -> Result<()> {
        write_by(connection, sorted, include_str!("met.sql"))
    }

    /// Corrects the rows. `met`: how many letters of each id were in the queue; `is_whole`: all were seen, so a letter that was not
    /// met is gone.
    pub fn end(
        &self,
        connection: &mut MysqlConnection,
        met: &BTreeMap<String, i32>,
        is_whole: bool,
    ) -> Result<Corrected> {
        let rows: Vec<CountedCopies> = dead_letter::table
            .filter(dead_letter::changed_at.lt(value(self.began)))
            .select((dead_letter::message_id, dead_letter::copies, dead_letter::state))
            .load(connection)?;
        let mut corrected = Corrected::default();
        let mut differing = Vec::new();
        for row in rows {
            let copies = met.get(&row.message_id).copied();
            let (count, right) = match (row.state, copies) {
                (DeadLetterState::Waiting, None) if is_whole && self.was_there(&row) => {
                    (&mut corrected.gone, (0, DeadLetterState::Gone))
                }
                (_, None) => continue,
                (DeadLetterState::Waiting, Some(copies)) if copies == row.copies => continue,
                (DeadLetterState::Waiting, Some(copies))
                    if copies > row.copies || (is_whole && self.was_there(&row)) =>
                {
                    (&mut corrected.recounted, (copies, DeadLetterState::Waiting))
                }
                (DeadLetterState::Waiting, Some(_)) => continue,
                (_, Some(copies)) => (&mut corrected.found, (copies, DeadLetterState::Waiting)),
            };
            *count += 1;
            let (copies, state) = right;
            differing.push(RowCorrection { was: row, copies, state });
        }
        for rows in differing.chunks(STEP) {
            execute_rows(connection, include_str!("corrected.sql"), rows)?;
        }
        Ok(corrected)
    }
}
