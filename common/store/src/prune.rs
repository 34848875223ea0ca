//! Removes old rows of the tables that only grow.
//!
//! A walk passes over a table by its primary key, `STEP` keys at a time: the time of a row has no index, since each insert
//! would pay for it. A step is a transaction of its own. What it may remove is decided by a read that locks nothing
//! (`statements.rs`, `order_is_over.sql`), so no order waits for it; the delete looks again at the row's own columns.
//!
//! Nothing here decides about money or goods: these follow from `trade`, `refund`, `fulfillment` and the orders, of which no
//! row is ever removed. `docs/operating.md` has the decision for each table.

mod given_back;
mod mark;
mod statements;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Text};

use crate::column::Moment;
use crate::json_rows::json;
use crate::typed_sql::SqlText as _;
use crate::{MysqlConnection, Result, StoreError, clock};

pub use mark::{begin_sweep, removed_before};
use statements::Statements;

/// Keys that one step looks at.
const STEP: i64 = 1_000;

/// A table of which old rows are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrunedTable {
    /// The inbox, by the time when a row was last seen.
    Notification,
    /// Published events, by the time of the broker's confirm.
    Outbox,
    /// Answers of the gateway, by the time when they were written down.
    GatewayAnswer,
    /// Orders whose time was over, by the time when the order was told.
    OrderExpired,
    /// Counts of redeliveries, by the latest one.
    Redelivery,
    /// Dead letters that left the queue, by the time when they did; their bodies go with them.
    DeadLetter,
}

impl PrunedTable {
    /// All of them.
    pub const ALL: [PrunedTable; 6] = [
        PrunedTable::Notification,
        PrunedTable::Outbox,
        PrunedTable::GatewayAnswer,
        PrunedTable::OrderExpired,
        PrunedTable::Redelivery,
        PrunedTable::DeadLetter,
    ];

    /// The table's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PrunedTable::Notification => "notification",
            PrunedTable::Outbox => "outbox",
            PrunedTable::GatewayAnswer => "gateway_answer",
            PrunedTable::OrderExpired => "order_expired",
            PrunedTable::Redelivery => "redelivery",
            PrunedTable::DeadLetter => "dead_letter",
        }
    }
}

/// The time before which rows are old, by the clock of the database or of this machine, whichever is behind: one that is ahead
/// must not make young rows old.
pub fn old_before(connection: &mut MysqlConnection, older_than: Duration) -> Result<DateTime<Utc>> {
    let now = clock::now(connection)?.min(Utc::now());
    let age = TimeDelta::from_std(older_than).unwrap_or(TimeDelta::MAX);
    Ok(now.checked_sub_signed(age).unwrap_or(DateTime::UNIX_EPOCH))
}

/// A walk over one table.
#[derive(Debug, Clone)]
pub struct Walk {
    table: PrunedTable,
    before: DateTime<Utc>,
    /// The key that the walk has come to, as text.
    reached: String,
    has_ended: bool,
}

/// What one step found, or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PruneStep {
    /// Keys that it looked at.
    pub looked_at: usize,
    /// Rows that nothing needs any more.
    pub rows: usize,
    /// The time of the oldest of these.
    pub oldest: Option<DateTime<Utc>>,
}

/// A row that nothing needs any more.
struct OldRow {
    key: String,
    time: DateTime<Utc>,
}

impl Walk {
    /// From the first key on, for rows whose time is before `before`.
    #[must_use]
    pub fn new(table: PrunedTable, before: DateTime<Utc>) -> Walk {
        let reached = statements::of(table).first_key.to_owned();
        Walk { table, before, reached, has_ended: false }
    }

    /// Counts what the next step would remove, and goes on. `None`: the walk is over.
    pub fn look(&mut self, connection: &mut MysqlConnection) -> Result<Option<PruneStep>> {
        self.step(connection, |walk, connection, last| {
            let rows = walk.old_rows(connection, last)?;
            Ok((rows.len(), oldest(&rows)))
        })
    }

    /// Removes what the next step finds, in a transaction of its own, and goes on. `None`: the walk is over. Waits while
    /// another walk over the table is in a step.
    pub fn remove(&mut self, connection: &mut MysqlConnection) -> Result<Option<PruneStep>> {
        self.step(connection, |walk, connection, last| {
            connection.transaction(|connection| {
                let mark = mark::lock(connection, walk.table)?;
                let rows = walk.old_rows(connection, last)?;
                let removed = walk.delete(connection, &rows)?;
                if removed > 0 {
                    mark.note(connection, walk.before, removed)?;
                }
                Ok((removed, oldest(&rows)))
            })
        })
    }

    fn step(
        &mut self,
        connection: &mut MysqlConnection,
        work: impl FnOnce(
            &Walk,
            &mut MysqlConnection,
            &str,
        ) -> Result<(usize, Option<DateTime<Utc>>), StoreError>,
    ) -> Result<Option<PruneStep>> {
        if self.has_ended {
            return Ok(None);
        }
        let stretch: Vec<(String, DateTime<Utc>)> = sql_query(statements::of(self.table).stretch)
            .bind::<Text, _>(&self.reached)
            .bind::<BigInt, _>(STEP)
            .typed::<(Text, Moment)>()
            .load(connection)?;
        let Some((last, _)) = stretch.last() else { return Ok(None) };
        let (rows, oldest) = work(self, connection, last)?;
        // Keys that are numbers grow with time: behind a stretch of young rows there is no old one.
        let is_young = statements::of(self.table).keys_are_numbers
            && stretch.iter().all(|(_, time)| *time >= self.before);
        self.has_ended = is_young || i64::try_from(stretch.len()).unwrap_or(i64::MAX) < STEP;
        self.reached.clone_from(last);
        Ok(Some(PruneStep { looked_at: stretch.len(), rows, oldest }))
    }

    /// The rows up to this key that nothing needs any more.
    fn old_rows(&self, connection: &mut MysqlConnection, last: &str) -> Result<Vec<OldRow>> {
        let rows: Vec<(String, DateTime<Utc>, bool)> = sql_query(statements::of(self.table).old)
            .bind::<Text, _>(&self.reached)
            .bind::<Text, _>(last)
            .bind::<Moment, _>(self.before)
            .typed::<(Text, Moment, Bool)>()
            .load(connection)?;
        let is_payment = rows.iter().filter(|(.., is_payment)| *is_payment);
        let payments: Vec<i64> = is_payment.filter_map(|(key, ..)| key.parse().ok()).collect();
        let given_back = given_back::given_back(connection, &payments)?;
        let may_go = |key: &str, is_payment: bool| {
            !is_payment || key.parse().is_ok_and(|id: i64| given_back.contains(&id))
        };
        let rows = rows.into_iter().filter(|(key, _, is_payment)| may_go(key, *is_payment));
        Ok(rows.map(|(key, time, _)| OldRow { key, time }).collect())
    }

    fn delete(&self, connection: &mut MysqlConnection, rows: &[OldRow]) -> Result<usize> {
        if rows.is_empty() {
            return Ok(0);
        }
        let keys: BTreeSet<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        let keys = json(&Vec::from_iter(keys))?;
        let Statements { delete, delete_belongings, .. } = statements::of(self.table);
        let removed = sql_query(delete)
            .bind::<Text, _>(&keys)
            .bind::<Moment, _>(self.before)
            .execute(connection)?;
        if let Some(delete) = delete_belongings {
            sql_query(delete).bind::<Text, _>(&keys).execute(connection)?;
        }
        Ok(removed)
    }
}

fn oldest(rows: &[OldRow]) -> Option<DateTime<Utc>> {
    rows.iter().map(|row| row.time).min()
}
