//! What was done lately: numbers for charts, read from the ends of indexes.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use order::MessageOutcome;

use crate::clock;
use crate::column::value;
use crate::schema::{dead_letter, fulfillment, notification};
use crate::throughput::{ON_ITS_WAY, Throughput, throughput};
use crate::{MysqlConnection, Result};

/// A row can be committed that much after the time in it.
const COMMIT_TIME: TimeDelta = TimeDelta::seconds(3);

/// Of so many of the newest messages it is read how long they were on their way.
const NEWEST: i64 = 500;

/// Up to where activity has been read.
#[derive(Debug, Clone, Copy)]
pub struct ActivityMark {
    until: DateTime<Utc>,
    message: i64,
}

/// What was done since a mark.
#[derive(Debug, Clone)]
pub struct Activity {
    /// Orders whose goods went out.
    pub delivered: i64,
    /// Messages that became dead letters for the first time.
    pub dead_letters: i64,
    /// From the receipt of a message by an ingress to the row that says it was applied, milliseconds: of the newest ones.
    pub delays: Vec<i64>,
    /// Messages that workers finished.
    pub finished: i64,
    /// How long the latest of all messages was on its way, milliseconds; `None`: there was never one.
    pub behind: Option<i64>,
}

/// Where activity begins that is read next.
pub fn mark(connection: &mut MysqlConnection) -> Result<ActivityMark> {
    let message = throughput(connection)?.messages;
    Ok(ActivityMark { until: clock::now(connection)? - COMMIT_TIME, message })
}

/// What was done since the mark, which moves on.
pub fn since(connection: &mut MysqlConnection, mark: &mut ActivityMark) -> Result<Activity> {
    let until = (clock::now(connection)? - COMMIT_TIME).max(mark.until);
    let Throughput { messages, behind_milliseconds, .. } = throughput(connection)?;
    let delivered = fulfillment::table
        .filter(fulfillment::delivered_at.assume_not_null().ge(value(mark.until)))
        .filter(fulfillment::delivered_at.assume_not_null().lt(value(until)))
        .count()
        .get_result(connection)?;
    let dead_letters = dead_letter::table
        .filter(dead_letter::first_died_at.assume_not_null().ge(value(mark.until)))
        .filter(dead_letter::first_died_at.assume_not_null().lt(value(until)))
        .count()
        .get_result(connection)?;
    let delays = delays(connection, mark.message.max(messages - NEWEST))?;
    let finished = (messages - mark.message).max(0);
    *mark = ActivityMark { until, message: messages };
    Ok(Activity { delivered, dead_letters, delays, finished, behind: behind_milliseconds })
}

/// How long the messages behind this number were on their way that were applied.
fn delays(connection: &mut MysqlConnection, message: i64) -> Result<Vec<i64>> {
    Ok(notification::table
        .filter(notification::id.gt(message))
        .filter(notification::outcome.eq(value(MessageOutcome::Applied)))
        .select(sql::<BigInt>(ON_ITS_WAY))
        .limit(NEWEST)
        .load(connection)?)
}
