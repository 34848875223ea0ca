//! Table `pause`: work that operators let wait.
//!
//! Pauses of one scope may overlap, so no lock is needed where two operators begin one at the same moment: the work waits
//! until the last of them is over, and [`end`] ends them all.

use std::time::Duration;

use diesel::dsl::{And, Gt, IsNull};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use order::PauseScope;
use serde::Serialize;

use crate::column::{Moment, after, last_insert_id, now, value};
use crate::json_rows::microseconds;
use crate::schema::pause;
use crate::{BeijingTime, MysqlConnection, Result};

/// A pause that begins now.
#[derive(Debug, Clone, Copy)]
pub struct NewPause<'a> {
    /// Which work.
    pub scope: PauseScope,
    /// The merchant or product; empty for everything.
    pub scope_id: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Who lets it wait.
    pub by: &'a str,
    /// For how long, by the database's clock.
    pub length: Duration,
}

/// A pause, as an operator reads it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Serialize)]
#[diesel(table_name = pause)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct PauseRow {
    pub id: i64,
    pub scope: PauseScope,
    pub scope_id: String,
    pub reason: String,
    pub begun_by: String,
    pub begun_at: BeijingTime,
    pub ends_at: BeijingTime,
    pub ended_at: Option<BeijingTime>,
    pub ended_by: Option<String>,
}

impl PauseRow {
    /// Which work waits: `everything`, `merchant shop`, `product gift-100`.
    pub fn what(&self) -> String {
        what(self.scope, &self.scope_id)
    }

    /// Whether the work of an order of this merchant and product waits.
    pub fn concerns(&self, merchant: &str, product_id: &str) -> bool {
        match self.scope {
            PauseScope::Everything => true,
            PauseScope::Merchant => self.scope_id == merchant,
            PauseScope::Product => self.scope_id == product_id,
        }
    }
}

/// A scope and its id as words.
pub fn what(scope: PauseScope, id: &str) -> String {
    if id.is_empty() { scope.to_string() } else { format!("{scope} {id}") }
}

/// Begins a pause. Returns its number.
pub fn begin(connection: &mut MysqlConnection, new: &NewPause<'_>) -> Result<i64> {
    diesel::insert_into(pause::table)
        .values((
            pause::scope.eq(value(new.scope)),
            pause::scope_id.eq(new.scope_id),
            pause::reason.eq(new.reason),
            pause::begun_by.eq(new.by),
            pause::ends_at.eq(after(microseconds(new.length))),
        ))
        .execute(connection)?;
    Ok(last_insert_id(connection)?)
}

/// Ends all pauses of this scope that are not over. Returns how many there were.
pub fn end(
    connection: &mut MysqlConnection,
    scope: PauseScope,
    scope_id: &str,
    by: &str,
) -> Result<usize> {
    let of_scope = pause::scope.eq(value(scope)).and(pause::scope_id.eq(scope_id));
    Ok(diesel::update(pause::table.filter(of_scope).filter(is_active()))
        .set((pause::ended_at.eq(now().nullable()), pause::ended_by.eq(by)))
        .execute(connection)?)
}

/// The pauses that are not over, the one that ends first first.
pub fn active(connection: &mut MysqlConnection) -> Result<Vec<PauseRow>> {
    Ok(pause::table
        .filter(is_active())
        .order((pause::ends_at, pause::id))
        .select(PauseRow::as_select())
        .load(connection)?)
}

/// One pause.
pub fn find(connection: &mut MysqlConnection, id: i64) -> Result<Option<PauseRow>> {
    Ok(pause::table.find(id).select(PauseRow::as_select()).first(connection).optional()?)
}

/// All pauses, the latest first, at most `limit`.
pub fn list(connection: &mut MysqlConnection, limit: i64) -> Result<Vec<PauseRow>> {
    Ok(pause::table
        .order(pause::id.desc())
        .limit(limit)
        .select(PauseRow::as_select())
        .load(connection)?)
}

/// Whether a pause is not over, by the database's clock.
pub(crate) fn is_active() -> And<IsNull<pause::ended_at>, Gt<pause::ends_at, SqlLiteral<Moment>>> {
    pause::ended_at.is_null().and(pause::ends_at.gt(now()))
}
