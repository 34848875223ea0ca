//! The database's clock, and rows that it wrote while it was wrong.
//!
//! Leases, pauses and cursors are times by this clock. While it is ahead, rows get times in the future; after the clock is
//! corrected, whatever waits for such a time would wait for as long as the clock was ahead. So [`correct_times_ahead`] looks for rows with times
//! that cannot be: a worker calls it when it starts and when the clock has gone back.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;

use crate::{MysqlConnection, Result, column};

/// The time of the database's clock.
pub fn now(connection: &mut MysqlConnection) -> Result<DateTime<Utc>> {
    Ok(diesel::select(column::now()).get_result(connection)?)
}

/// A query whose time is more than a minute in the future is due now.
const QUERIES: &str = "UPDATE gateway_query SET due_at = LEAST(due_at, UTC_TIMESTAMP(6)), \
    asked_at = LEAST(asked_at, UTC_TIMESTAMP(6)), created_at = LEAST(created_at, UTC_TIMESTAMP(6)) \
    WHERE created_at > UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE OR asked_at > UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE";

/// The same of a refund. The longest pause between two calls is an hour.
const REFUNDS: &str = "UPDATE refund_request SET due_at = LEAST(due_at, UTC_TIMESTAMP(6)), \
    asked_at = LEAST(asked_at, UTC_TIMESTAMP(6)), created_at = LEAST(created_at, UTC_TIMESTAMP(6)) \
    WHERE state IN ('asked', 'unknown') AND (created_at > UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE \
    OR asked_at > UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE OR due_at > UTC_TIMESTAMP(6) + INTERVAL 2 HOUR)";

/// No message waits longer than an hour in a retry tier: from then on it is overdue.
const RETRIES: &str = "UPDATE retry_copy SET due_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR \
    WHERE due_at > UTC_TIMESTAMP(6) + INTERVAL 2 HOUR";

/// Orders that wait for goods wait from now on: this time decides whose turn it is.
const GOODS: &str = "UPDATE fulfillment FORCE INDEX (fulfillment_turn) SET waiting_since = UTC_TIMESTAMP(6) \
    WHERE state IN ('awaiting_stock', 'awaiting_manual', 'awaiting_account') \
    AND waiting_since > UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE";

/// A pause that began in the future begins now, and is as long as it was meant to be.
const PAUSES: &str = "UPDATE pause SET \
    ends_at = UTC_TIMESTAMP(6) + INTERVAL TIMESTAMPDIFF(MICROSECOND, begun_at, ends_at) MICROSECOND, \
    begun_at = UTC_TIMESTAMP(6) WHERE ended_at IS NULL AND begun_at > UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE";

/// A running worker writes its row again within seconds.
const HEARTBEATS: &str =
    "DELETE FROM worker_heartbeat WHERE seen_at > UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE";

/// Corrects times in the future that nothing but a wrong clock can have written: queries to the gateway and refunds are
/// due now, what waits for goods waits from now on. Returns how many rows of work were corrected.
pub fn correct_times_ahead(connection: &mut MysqlConnection) -> Result<usize> {
    let mut rows = 0;
    for statement in [QUERIES, REFUNDS, RETRIES, GOODS, PAUSES] {
        rows += sql_query(statement).execute(connection)?;
    }
    sql_query(HEARTBEATS).execute(connection)?;
    Ok(rows)
}
