//! Table `worker_heartbeat`: which workers run, their clocks, and why one cannot work.

use chrono::{DateTime, Utc};
use diesel::dsl::{DuplicatedKeys, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::Serialize;

use crate::BeijingTime;
use crate::column::{Moment, Value, now};
use crate::json_rows::explanation;
use crate::schema::worker_heartbeat;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// What a worker reports about itself.
#[derive(Debug, Clone, Copy, Insertable, AsChangeset)]
#[diesel(table_name = worker_heartbeat, primary_key(worker), treat_none_as_null = true)]
pub struct Heartbeat<'a> {
    /// `HOST:PROCESS:start`, one of its own for each process.
    pub worker: &'a str,
    /// The host's name.
    pub host: &'a str,
    /// Its version.
    pub version: &'a str,
    /// What its clock says now.
    #[diesel(serialize_as = Value<DateTime<Utc>>)]
    pub worker_time: DateTime<Utc>,
    /// How far a time in a message was ahead of its clock in the last minute, milliseconds; below zero where a message was
    /// received before Alipay sent it.
    pub message_ahead_ms: i64,
    /// Messages that its lanes have and have not acknowledged.
    pub messages: i32,
    /// How long the slowest lane has had the same messages, milliseconds.
    pub busy_ms: i64,
    /// Messages whose retry or dead letter the broker does not accept.
    pub held: i32,
    /// Why `/readyz` answers 503.
    pub trouble: Option<&'a str>,
}

/// Writes the worker's row.
pub fn beat(connection: &mut MysqlConnection, heartbeat: &Heartbeat<'_>) -> Result<()> {
    let trouble = heartbeat.trouble.map(explanation);
    let row = Heartbeat { trouble: trouble.as_deref(), ..*heartbeat };
    diesel::insert_into(worker_heartbeat::table)
        .values((row, worker_heartbeat::seen_at.eq(now())))
        .on_conflict(DuplicatedKeys)
        .do_update()
        .set((row, worker_heartbeat::seen_at.eq(now())))
        .execute(connection)?;
    Ok(())
}

/// Removes rows of workers that are gone: on this host those of ten minutes ago, since a new worker replaces them, and more
/// recent rows show workers that crash repeatedly; elsewhere those of an hour ago.
pub fn remove_gone(connection: &mut MysqlConnection, host: &str) -> Result<()> {
    let an_hour_ago = sql::<Moment>("UTC_TIMESTAMP(6) - INTERVAL 1 HOUR");
    let ten_minutes_ago = sql::<Moment>("UTC_TIMESTAMP(6) - INTERVAL 10 MINUTE");
    let here = worker_heartbeat::host.eq(host);
    let gone = worker_heartbeat::seen_at
        .lt(an_hour_ago)
        .or(here.and(worker_heartbeat::seen_at.lt(ten_minutes_ago)));
    diesel::delete(worker_heartbeat::table.filter(gone)).execute(connection)?;
    Ok(())
}

/// Removes the row of a worker that ends.
pub fn remove(connection: &mut MysqlConnection, worker: &str) -> Result<()> {
    diesel::delete(worker_heartbeat::table.find(worker)).execute(connection)?;
    Ok(())
}

/// A worker, as its latest heartbeat reports it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName, Serialize)]
#[diesel(table_name = worker_heartbeat)]
pub struct WorkerRow {
    /// `HOST:PROCESS:start`.
    pub worker: String,
    /// Its version.
    pub version: String,
    /// When its first heartbeat was written.
    pub started_at: BeijingTime,
    /// When its latest one was.
    pub seen_at: BeijingTime,
    /// How long ago that was, by the clock of the database, milliseconds.
    #[diesel(sql_type = BigInt)]
    pub age_ms: i64,
    /// How far its clock was ahead of the database's then, milliseconds.
    #[diesel(sql_type = BigInt)]
    pub clock_ahead_ms: i64,
    /// How far a time in a message was ahead of its clock, milliseconds; below zero: it was received before Alipay sent it.
    pub message_ahead_ms: i64,
    /// Messages that its lanes have and have not acknowledged.
    pub messages: i32,
    /// How long the slowest lane has had the same messages, milliseconds.
    pub busy_ms: i64,
    /// Messages whose retry or dead letter the broker does not accept.
    pub held: i32,
    /// Why its `/readyz` answers 503.
    pub trouble: Option<String>,
}

impl WorkerRow {
    /// The host's name.
    pub fn host(&self) -> &str {
        self.worker.rsplitn(3, ':').nth(2).unwrap_or(&self.worker)
    }
}

/// All workers that have a row, the one with the latest heartbeat first.
pub fn all(connection: &mut MysqlConnection) -> Result<Vec<WorkerRow>> {
    Ok(static_sql("SELECT worker, version, started_at, seen_at, message_ahead_ms, messages, busy_ms, held, trouble, \
         CAST(TIMESTAMPDIFF(MICROSECOND, seen_at, UTC_TIMESTAMP(6)) / 1000 AS SIGNED) AS age_ms, \
         CAST(TIMESTAMPDIFF(MICROSECOND, seen_at, worker_time) / 1000 AS SIGNED) AS clock_ahead_ms \
         FROM worker_heartbeat ORDER BY seen_at DESC, worker")
    .load(connection)?)
}
