//! Tables `alarm` and `alarm_message`: what `ops notify` has seen, what it told, and what it still has to tell.
//!
//! Times are those of the program that writes them, not of the database: it decides by its own clock also while the database
//! is away. Several such programs can run at once: see [`lock`] and [`claim`].

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use config::Urgency;
use diesel::dsl::max;
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
    /// Attempts that have failed.
    pub attempts: i32,
}

impl NewMessage {
    /// In place of messages about the same cause that wait for the same channel, each a kind and its failed attempts. So what
    /// opened and ended in quiet hours is one message, and a channel that fails does not become one that works by a newer
    /// message.
    #[must_use]
    pub fn in_place_of(self, waiting: &[(AlarmMessageKind, i32)]) -> NewMessage {
        let was_untold = waiting.iter().any(|(kind, _)| *kind == AlarmMessageKind::Opened);
        let kind = match self.kind {
            AlarmMessageKind::Cleared => AlarmMessageKind::Cleared,
            _ if was_untold => AlarmMessageKind::Opened,
            kind => kind,
        };
        let attempts = waiting.iter().map(|(_, attempts)| *attempts).max().unwrap_or(0);
        NewMessage { kind, attempts: self.attempts.max(attempts), ..self }
    }
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

/// Adds a message, [in place of](NewMessage::in_place_of) those about the same cause that wait for the same channel.
pub fn add_message(connection: &mut MysqlConnection, new: NewMessage) -> Result<()> {
    let waits = alarm_message::table
        .filter(alarm_message::channel.eq(new.channel.clone()))
        .filter(alarm_message::cause.eq(new.cause.clone()))
        .filter(alarm_message::sent_at.is_null());
    let waiting: Vec<ClaimedMessage> =
        waits.clone().select(ClaimedMessage::as_select()).load(connection)?;
    diesel::delete(waits).execute(connection)?;
    let waiting: Vec<_> = waiting.iter().map(|it| (it.kind, it.attempts)).collect();
    let new = new.in_place_of(&waiting);
    diesel::insert_into(alarm_message::table)
        .values((
            alarm_message::channel.eq(&new.channel),
            alarm_message::cause.eq(&new.cause),
            alarm_message::kind.eq(value(new.kind)),
            alarm_message::urgency.eq(value(new.urgency)),
            alarm_message::content.eq(&new.content),
            alarm_message::created_at.eq(value(new.created_at)),
            alarm_message::due_at.eq(value(new.due_at)),
            alarm_message::attempts.eq(new.attempts),
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

/// Channels that have refused a message `attempts` times: one that they are still to take, or one that was given up and
/// after which they have not taken another one.
pub fn failing_channels(
    connection: &mut MysqlConnection,
    attempts: i32,
) -> Result<Vec<FailingChannel>> {
    let taken: Vec<(String, Option<DateTime<Utc>>)> = alarm_message::table
        .filter(alarm_message::sent_at.is_not_null())
        .group_by(alarm_message::channel)
        .select((alarm_message::channel, max(alarm_message::sent_at)))
        .load(connection)?;
    let taken: BTreeMap<String, Option<DateTime<Utc>>> = taken.into_iter().collect();
    type Row = (String, DateTime<Utc>, DateTime<Utc>, Option<String>);
    let refused: Vec<Row> = alarm_message::table
        .filter(alarm_message::sent_at.is_null())
        .filter(alarm_message::attempts.ge(attempts))
        .order((alarm_message::channel, alarm_message::created_at))
        .select((
            alarm_message::channel,
            alarm_message::created_at,
            alarm_message::due_at,
            alarm_message::error,
        ))
        .load(connection)?;
    let mut failing: Vec<FailingChannel> = Vec::new();
    for (channel, created_at, due_at, error) in refused {
        let works_since = taken.get(&channel).copied().flatten().is_some_and(|at| at > created_at);
        if due_at >= never() && works_since {
            continue;
        }
        match failing.last_mut().filter(|last| last.channel == channel) {
            Some(last) => last.messages += 1,
            None => failing.push(FailingChannel {
                channel,
                messages: 1,
                since: created_at,
                error: error.unwrap_or_default(),
            }),
        }
    }
    Ok(failing)
}

/// When a message is due that was given up.
fn never() -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(9999, 1, 1)
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .map_or(DateTime::<Utc>::MAX_UTC, |time| time.and_utc())
}

/// Gives up messages that are older than `before` and that nobody took. Returns how many.
pub fn give_up(connection: &mut MysqlConnection, before: DateTime<Utc>) -> Result<usize> {
    let unsent = alarm_message::table
        .filter(alarm_message::sent_at.is_null())
        .filter(alarm_message::due_at.lt(value(never())))
        .filter(alarm_message::created_at.lt(value(before)));
    Ok(diesel::update(unsent).set(alarm_message::due_at.eq(value(never()))).execute(connection)?)
}

/// Removes messages that are older than `before`.
pub fn remove_old(connection: &mut MysqlConnection, before: DateTime<Utc>) -> Result<()> {
    let old = alarm_message::table.filter(alarm_message::created_at.lt(value(before)));
    diesel::delete(old).execute(connection)?;
    Ok(())
}
