//! How busy the system is.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable};
use serde::Serialize;

use crate::BeijingTime;
use crate::column::Moment;
use crate::{MysqlConnection, Result};

/// Numbers that only grow: two samples give rates. Read from the ends of indexes, so they cost nothing.
#[derive(Debug, Clone, Copy, QueryableByName, Serialize)]
pub struct Pulse {
    /// Different messages that workers have come to an end with.
    #[diesel(sql_type = BigInt)]
    pub messages: i64,
    /// Events written for the shop.
    #[diesel(sql_type = BigInt)]
    pub events: i64,
    /// When a worker wrote the latest message down for the first time.
    #[diesel(sql_type = Nullable<Moment>)]
    pub latest: Option<BeijingTime>,
    /// How long that message was on its way from the ingress to the database, milliseconds: what waits
    /// in the queue is about that old.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub behind_milliseconds: Option<i64>,
}

/// A sample.
pub fn pulse(connection: &mut MysqlConnection) -> Result<Pulse> {
    Ok(sql_query(
        "SELECT COALESCE(n.id, 0) AS messages, COALESCE((SELECT MAX(id) FROM outbox), 0) AS events, \
         n.first_seen AS latest, \
         CAST(TIMESTAMPDIFF(MICROSECOND, n.received_at, n.first_seen) / 1000 AS SIGNED) \
         AS behind_milliseconds \
         FROM (SELECT MAX(id) AS id FROM notification) AS last \
         LEFT JOIN notification AS n ON n.id = last.id",
    )
    .get_result(connection)?)
}
