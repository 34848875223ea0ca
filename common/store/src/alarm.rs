//! Tables `alarm` and `alarm_message`: what `ops notify` has seen, what it told, and what it still has to tell.
//!
//! Times are those of the program that writes them, not of the database: it decides by its own clock also while the database
//! is away. Several such programs can run at once: see [`lock`] and [`claim`].

use chrono::{DateTime, Utc};
use config::Urgency;
use diesel::dsl::{max, min};
use diesel::prelude::*;
use order::{AlarmMessageKind, AlarmSource};

use crate::column::value;
use crate::json_rows::explanation;
use crate::schema::{alarm, alarm_message};
use crate::{MysqlConnection, Result, named_lock};

/// The lock of one schema, by name.
const LOCK: &str = "CONCAT(?, LEFT(SHA2(DATABASE(), 256), 32))";
const LOCK_PREFIX: &str = "alipay_alarm.";

/// A cause that was seen, and what was told of it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = alarm)]
pub struct AlarmRow {
    /// The code of a finding, and what it is about: `dead_letters/total_mismatch`.
    pub cause: String,
    /// What must be asked to know whether it is gone.
    pub source: AlarmSource,
    /// How urgent it is now.
    pub urgency: Urgency,
    /// Since when it is there.
    pub first_seen: DateTime<Utc>,
    /// When it was there the last time.
    pub last_seen: DateTime<Utc>,
    /// When the latest message about it was made; none: nothing was told.
    pub told_at: Option<DateTime<Utc>>,
    /// The greatest urgency that was told.
    pub told_urgency: Urgency,
    /// JSON: what it is, in both languages.
    pub content: String,
}

/// A message that is to be sent to a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The channel's name.
    pub channel: String,
    /// [`AlarmRow::cause`].
    pub cause: String,
    /// Why it is sent.
    pub kind: AlarmMessageKind,
    /// How soon a person has to act.
    pub urgency: Urgency,
    /// JSON: what is told.
    pub content: String,
    /// When it is made.
    pub created_at: DateTime<Utc>,
    /// When it may be sent.
    pub due_at: DateTime<Utc>,
}

/// A message that this program sends now.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = alarm_message)]
pub struct ClaimedMessage {
    /// Its number.
    pub id: i64,
    /// Why it is sent.
    pub kind: AlarmMessageKind,
    /// How soon a person has to act.
    pub urgency: Urgency,
    /// JSON: what is told.
    pub content: String,
    /// Attempts before this one.
    pub attempts: i32,
}

/// Lets one program at a time decide what is told; `false` when another one has held it for `seconds`. It ends with
/// [`unlock`] or the connection.
pub fn lock(connection: &mut MysqlConnection, seconds: i64) -> Result<bool> {
    named_lock::take(connection, LOCK, LOCK_PREFIX, seconds)
}

/// Ends it.
pub fn unlock(connection: &mut MysqlConnection) -> Result<()> {
    named_lock::release(connection, LOCK, LOCK_PREFIX)
}

/// All causes that are there, by name.
pub fn all(connection: &mut MysqlConnection) -> Result<Vec<AlarmRow>> {
    Ok(alarm::table.order(alarm::cause).select(AlarmRow::as_select()).load(connection)?)
}

/// Writes causes that are there.
pub fn write(connection: &mut MysqlConnection, rows: &[AlarmRow]) -> Result<()> {
    for row in rows {
        diesel::replace_into(alarm::table)
            .values((
                alarm::cause.eq(&row.cause),
                alarm::source.eq(value(row.source)),
                alarm::urgency.eq(value(row.urgency)),
                alarm::first_seen.eq(value(row.first_seen)),
                alarm::last_seen.eq(value(row.last_seen)),
                alarm::told_at.eq(row.told_at),
                alarm::told_urgency.eq(value(row.told_urgency)),
                alarm::content.eq(&row.content),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// Removes causes that are gone.
pub fn remove(connection: &mut MysqlConnection, causes: &[String]) -> Result<()> {
    diesel::delete(alarm::table.filter(alarm::cause.eq_any(causes))).execute(connection)?;
    Ok(())
}

/// Adds a message, in place of those about the same cause that wait for the same channel. So what opened and ended in quiet
/// hours is one message.
pub fn add_message(connection: &mut MysqlConnection, new: &NewMessage) -> Result<()> {
    let waits = alarm_message::table
        .filter(alarm_message::channel.eq(&new.channel))
        .filter(alarm_message::cause.eq(&new.cause))
        .filter(alarm_message::sent_at.is_null());
    let opened = alarm_message::kind.eq(value(AlarmMessageKind::Opened));
    let untold: i64 = waits.filter(opened).count().get_result(connection)?;
    // A channel that fails does not become one that works by a newer message.
    let attempts: Option<i32> =
        waits.select(max(alarm_message::attempts)).get_result(connection)?;
    diesel::delete(waits).execute(connection)?;
    let kind = match new.kind {
        AlarmMessageKind::Cleared => AlarmMessageKind::Cleared,
        _ if untold > 0 => AlarmMessageKind::Opened,
        kind => kind,
    };
    diesel::insert_into(alarm_message::table)
        .values((
            alarm_message::channel.eq(&new.channel),
            alarm_message::cause.eq(&new.cause),
            alarm_message::kind.eq(value(kind)),
            alarm_message::urgency.eq(value(new.urgency)),
            alarm_message::content.eq(&new.content),
            alarm_message::created_at.eq(value(new.created_at)),
            alarm_message::due_at.eq(value(new.due_at)),
            alarm_message::attempts.eq(attempts.unwrap_or(0)),
        ))
        .execute(connection)?;
    Ok(())
}

/// Takes messages to a channel that are due at `at`, the oldest first: until `lease_ends` no other program sends them. After
/// a crash they are due again then, so a message may be sent twice and is never lost.
pub fn claim(
    connection: &mut MysqlConnection,
    channel: &str,
    at: DateTime<Utc>,
    lease_ends: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<ClaimedMessage>> {
    connection.transaction(|connection| {
        let due: Vec<ClaimedMessage> = alarm_message::table
            .filter(alarm_message::channel.eq(channel))
            .filter(alarm_message::sent_at.is_null())
            .filter(alarm_message::due_at.le(value(at)))
            .order(alarm_message::id)
            .limit(limit)
            .select(ClaimedMessage::as_select())
            .for_update()
            .skip_locked()
            .load(connection)?;
        let ids: Vec<i64> = due.iter().map(|message| message.id).collect();
        put_off(connection, &ids, lease_ends)?;
        Ok(due)
    })
}

/// Gives messages back, to be due at this time.
pub fn put_off(connection: &mut MysqlConnection, ids: &[i64], due_at: DateTime<Utc>) -> Result<()> {
    diesel::update(alarm_message::table.filter(alarm_message::id.eq_any(ids)))
        .set(alarm_message::due_at.eq(value(due_at)))
        .execute(connection)?;
    Ok(())
}

/// The channel took them.
pub fn sent(connection: &mut MysqlConnection, ids: &[i64], at: DateTime<Utc>) -> Result<()> {
    diesel::update(alarm_message::table.filter(alarm_message::id.eq_any(ids)))
        .set((alarm_message::sent_at.eq(Some(at)), alarm_message::error.eq(None::<String>)))
        .execute(connection)?;
    Ok(())
}

/// The channel did not take them, and is tried again at `due_at`.
pub fn failed(
    connection: &mut MysqlConnection,
    ids: &[i64],
    error: &str,
    due_at: DateTime<Utc>,
) -> Result<()> {
    diesel::update(alarm_message::table.filter(alarm_message::id.eq_any(ids)))
        .set((
            alarm_message::attempts.eq(alarm_message::attempts + 1),
            alarm_message::error.eq(Some(explanation(error))),
            alarm_message::due_at.eq(value(due_at)),
        ))
        .execute(connection)?;
    Ok(())
}

/// A channel that does not take its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailingChannel {
    /// Its name.
    pub channel: String,
    /// Messages that wait for it.
    pub messages: i64,
    /// Since when the first one does.
    pub since: DateTime<Utc>,
    /// Why.
    pub error: String,
}

/// Channels that have refused a message `attempts` times.
pub fn failing_channels(
    connection: &mut MysqlConnection,
    attempts: i32,
) -> Result<Vec<FailingChannel>> {
    type Row = (String, i64, Option<DateTime<Utc>>, Option<String>);
    let rows: Vec<Row> = alarm_message::table
        .filter(alarm_message::sent_at.is_null())
        .filter(alarm_message::attempts.ge(attempts))
        .group_by(alarm_message::channel)
        .order(alarm_message::channel)
        .select((
            alarm_message::channel,
            diesel::dsl::count(alarm_message::id),
            min(alarm_message::created_at),
            max(alarm_message::error),
        ))
        .load(connection)?;
    let failing = rows.into_iter().map(|(channel, messages, since, error)| FailingChannel {
        channel,
        messages,
        since: since.unwrap_or_default(),
        error: error.unwrap_or_default(),
    });
    Ok(failing.collect())
}

/// Removes messages that nobody took until `unsent_before`, and those that are older than `before`. Returns how many were
/// not sent.
pub fn remove_old(
    connection: &mut MysqlConnection,
    unsent_before: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<usize> {
    let unsent = alarm_message::table
        .filter(alarm_message::sent_at.is_null())
        .filter(alarm_message::created_at.lt(value(unsent_before)));
    let given_up = diesel::delete(unsent).execute(connection)?;
    let old = alarm_message::table.filter(alarm_message::created_at.lt(value(before)));
    diesel::delete(old).execute(connection)?;
    Ok(given_up)
}
