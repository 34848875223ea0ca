//! Counters for the throughput of the system.

use diesel::dsl::{max, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::Serialize;

use crate::BeijingTime;
use crate::schema::{notification, outbox};
use crate::{MysqlConnection, Result};

/// Numbers that only grow: two samples give rates. Read from the ends of indexes, so they cost nothing.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Throughput {
    /// Different messages that workers have finished.
    pub messages: i64,
    /// Events written for the shop.
    pub events: i64,
    /// When a worker wrote the latest message down for the first time.
    pub latest: Option<BeijingTime>,
    /// How long that message was on its way from the ingress to the database, milliseconds: messages in the
    /// queue are about that old.
    pub behind_milliseconds: Option<i64>,
}

/// How long a message was on its way from the ingress to its row, milliseconds.
pub(crate) const ON_ITS_WAY: &str =
    "CAST(TIMESTAMPDIFF(MICROSECOND, received_at, first_seen) / 1000 AS SIGNED)";

/// A sample.
pub fn throughput(connection: &mut MysqlConnection) -> Result<Throughput> {
    let last: Option<(i64, BeijingTime, i64)> = notification::table
        .order(notification::id.desc())
        .select((notification::id, notification::first_seen, sql::<BigInt>(ON_ITS_WAY)))
        .first(connection)
        .optional()?;
    let events: Option<i64> = outbox::table.select(max(outbox::id)).get_result(connection)?;
    Ok(Throughput {
        messages: last.map_or(0, |(id, _, _)| id),
        events: events.unwrap_or(0),
        latest: last.map(|(_, first_seen, _)| first_seen),
        behind_milliseconds: last.map(|(_, _, milliseconds)| milliseconds),
    })
}
