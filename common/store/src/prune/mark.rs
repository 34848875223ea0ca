//! Table `prune_mark`: what was removed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::PrunedTable;
use crate::column::{ago, now, value};
use crate::schema::prune_mark;
use crate::{MysqlConnection, Result};

/// The row of a table, locked until the end of the transaction.
pub(super) struct Mark {
    table: PrunedTable,
    removed_before: Option<DateTime<Utc>>,
}

/// Locks the row of a table; waits for the transaction that holds it.
pub(super) fn lock(connection: &mut MysqlConnection, table: PrunedTable) -> Result<Mark> {
    let row = prune_mark::table.find(table.name()).select(prune_mark::removed_before).for_update();
    Ok(Mark { table, removed_before: row.first(connection)? })
}

impl Mark {
    /// Notes that rows from before a time were removed.
    pub(super) fn note(
        self,
        connection: &mut MysqlConnection,
        before: DateTime<Utc>,
        removed: usize,
    ) -> Result<()> {
        let latest = self.removed_before.map_or(before, |earlier| earlier.max(before));
        let removed = i64::try_from(removed).unwrap_or(i64::MAX);
        diesel::update(prune_mark::table.find(self.table.name()))
            .set((
                prune_mark::removed_before.eq(value(latest).nullable()),
                prune_mark::removed.eq(prune_mark::removed + removed),
            ))
            .execute(connection)?;
        Ok(())
    }
}

/// Rows of this table that are older may be missing; `None`: nothing was ever removed.
pub fn removed_before(
    connection: &mut MysqlConnection,
    table: PrunedTable,
) -> Result<Option<DateTime<Utc>>> {
    let mark = prune_mark::table.find(table.name()).select(prune_mark::removed_before);
    Ok(mark.first(connection).optional()?.flatten())
}

/// Notes that a sweep of all tables begins; `false` where one began less than `pause` ago. One of the future began while the
/// clock was wrong.
pub fn begin_sweep(connection: &mut MysqlConnection, pause: Duration) -> Result<bool> {
    let seconds = i32::try_from(pause.as_secs()).unwrap_or(i32::MAX);
    let began = prune_mark::swept_at.assume_not_null();
    let is_due = prune_mark::swept_at.is_null().or(began.lt(ago(seconds))).or(began.gt(now()));
    // Of the first table: its row stands for all.
    let begun = diesel::update(prune_mark::table.find(PrunedTable::ALL[0].name()).filter(is_due))
        .set(prune_mark::swept_at.eq(now().nullable()))
        .execute(connection)?;
    Ok(begun > 0)
}
