//! What lists, groups and dry runs read. Nothing here locks a row or asks the broker.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not, sum};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use order::{DeadLetterState, MessageOutcome};

use super::row::{LetterRow, StoredLetter, UnrecordedLetter};
use super::search::LetterSearch;
use crate::column::{Moment, value};
use crate::json_rows::load_rows;
use crate::schema::{dead_letter, dead_letter_body, notification};
use crate::typed_sql::SqlText as _;
use crate::{MysqlConnection, Result};

const COLUMNS: &str = "SELECT message_id, kind, merchant, order_id, trade_no, reason, error, cause, attempts, first_seen, \
                       traceparent, worker_version, first_died_at, died_at, deaths, copies, state FROM dead_letter";

/// The letter that died first comes first, what has no time of death last.
const BY_DEATH: &str = " ORDER BY died_at IS NULL, died_at, first_seen, message_id";

/// The letters that are meant, the one that died first first, at most `limit` after the first `skip`.
pub fn list(
    connection: &mut MysqlConnection,
    search: &LetterSearch,
    skip: i64,
    limit: i64,
) -> Result<Vec<LetterRow>> {
    let query = search.query(COLUMNS).sql(BY_DEATH).sql(" LIMIT ? OFFSET ?");
    Ok(query.bind::<BigInt, _>(limit).bind::<BigInt, _>(skip).load(connection)?)
}

/// How many letters are meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
pub struct LetterCount {
    /// Message ids.
    #[diesel(sql_type = BigInt)]
    pub ids: i64,
    /// Letters: an id can have several.
    #[diesel(sql_type = BigInt)]
    pub letters: i64,
    /// When the last of them died.
    #[diesel(sql_type = Nullable<Moment>)]
    pub last_died_at: Option<DateTime<Utc>>,
}

/// Counts the letters that are meant.
pub fn count(connection: &mut MysqlConnection, search: &LetterSearch) -> Result<LetterCount> {
    let select = "SELECT COUNT(*) AS ids, CAST(COALESCE(SUM(copies), 0) AS SIGNED) AS letters, \
                  MAX(died_at) AS last_died_at FROM dead_letter";
    Ok(search.query(select).get_result(connection)?)
}

/// How many letters died in each of the last `hours` hours and are still in the queue; the first number is the earliest hour's.
pub fn by_hour(
    connection: &mut MysqlConnection,
    search: &LetterSearch,
    hours: u16,
) -> Result<Vec<i64>> {
    let ago = "SELECT TIMESTAMPDIFF(HOUR, died_at, UTC_TIMESTAMP()) AS hours_ago, \
               CAST(SUM(copies) AS SIGNED) AS letters FROM dead_letter";
    let rows: Vec<(i64, i64)> = search
        .query(ago)
        .sql(" AND died_at > UTC_TIMESTAMP() - INTERVAL ? HOUR GROUP BY hours_ago")
        .bind::<Integer, _>(i32::from(hours))
        .typed::<(BigInt, BigInt)>()
        .load(connection)?;
    let mut counts = vec![0; usize::from(hours)];
    for (hours_ago, letters) in rows {
        // What a clock that is ahead has written is of this hour.
        let place = usize::try_from(hours_ago.max(0))
            .ok()
            .and_then(|ago| counts.len().checked_sub(ago + 1));
        if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
            *count += letters;
        }
    }
    Ok(counts)
}

/// Letters with one cause: the same reason, and the same error but for what differs from letter to letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterGroup {
    /// Hash of reason and fingerprint.
    pub cause: String,
    /// Why they were rejected.
    pub reason: Option<String>,
    /// The error without what differs.
    pub fingerprint: String,
    /// How many letters.
    pub letters: i64,
    /// How many orders they name.
    pub orders: i64,
    /// When the first of them died first.
    pub first_died_at: Option<DateTime<Utc>>,
    /// When the last of them died.
    pub last_died_at: Option<DateTime<Utc>>,
    /// The versions of the programs that rejected them, sorted.
    pub worker_versions: Vec<String>,
    /// The letter that died last.
    pub example: String,
}

#[derive(QueryableByName)]
struct GroupTally {
    #[diesel(sql_type = Text)]
    cause: String,
    #[diesel(sql_type = BigInt)]
    letters: i64,
    #[diesel(sql_type = BigInt)]
    orders: i64,
    #[diesel(sql_type = Nullable<Moment>)]
    first_died_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Moment>)]
    last_died_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    versions: Option<String>,
    #[diesel(sql_type = Text)]
    example: String,
}

/// The id of the letter that died last comes after 26 bytes, its time of death.
const TALLY: &str = "SELECT cause, CAST(SUM(copies) AS SIGNED) AS letters, COUNT(DISTINCT order_id) AS orders, \
    MIN(first_died_at) AS first_died_at, MAX(died_at) AS last_died_at, \
    CAST(GROUP_CONCAT(DISTINCT worker_version ORDER BY worker_version SEPARATOR ' ') AS CHAR) AS versions, \
    CAST(SUBSTRING(MAX(CONCAT(COALESCE(died_at, '9999-12-31 00:00:00.000000'), message_id)), 27) AS CHAR) AS example \
    FROM dead_letter";

#[derive(QueryableByName)]
#[diesel(table_name = dead_letter)]
struct Cause {
    message_id: String,
    reason: Option<String>,
    fingerprint: Option<String>,
}

/// The letters that are meant by their causes, the largest group first.
pub fn groups(connection: &mut MysqlConnection, search: &LetterSearch) -> Result<Vec<LetterGroup>> {
    let tallies: Vec<GroupTally> =
        search.query(TALLY).sql(" GROUP BY cause ORDER BY letters DESC, cause").load(connection)?;
    let examples: Vec<&str> = tallies.iter().map(|tally| tally.example.as_str()).collect();
    let causes: Vec<Cause> = load_rows(connection, include_str!("causes.sql"), &examples)?;
    let mut causes: BTreeMap<String, Cause> =
        causes.into_iter().map(|cause| (cause.message_id.clone(), cause)).collect();
    let group = |tally: GroupTally| {
        let cause = causes.remove(&tally.example)?;
        let versions = tally.versions.unwrap_or_default();
        Some(LetterGroup {
            cause: tally.cause,
            reason: cause.reason,
            fingerprint: cause.fingerprint.unwrap_or_default(),
            letters: tally.letters,
            orders: tally.orders,
            first_died_at: tally.first_died_at,
            last_died_at: tally.last_died_at,
            worker_versions: versions.split_whitespace().map(str::to_owned).collect(),
            example: tally.example,
        })
    };
    Ok(tallies.into_iter().filter_map(group).collect())
}

/// What is read of every letter that is meant, however many there are.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(table_name = dead_letter)]
pub struct LetterKey {
    /// Its message id.
    pub message_id: String,
    /// Letters with this id in the queue.
    pub copies: i32,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// The order that it names.
    pub order_id: Option<String>,
}

/// All letters that are meant, the one that was received first first.
pub fn keys(connection: &mut MysqlConnection, search: &LetterSearch) -> Result<Vec<LetterKey>> {
    let select = "SELECT message_id, copies, reason, order_id FROM dead_letter";
    Ok(search.query(select).sql(" ORDER BY first_seen, message_id").load(connection)?)
}

/// The letters with these ids, wherever they are, with their bodies, in the order of `ids`; without those that have no row.
pub fn with_bodies(connection: &mut MysqlConnection, ids: &[&str]) -> Result<Vec<StoredLetter>> {
    let rows: Vec<(LetterRow, Option<Vec<u8>>)> = dead_letter::table
        .left_join(
            dead_letter_body::table.on(dead_letter_body::message_id.eq(dead_letter::message_id)),
        )
        .filter(dead_letter::message_id.eq_any(ids))
        .select((LetterRow::as_select(), dead_letter_body::body.nullable()))
        .load(connection)?;
    let mut rows: BTreeMap<String, StoredLetter> = rows
        .into_iter()
        .map(|(row, body)| (row.message_id.clone(), StoredLetter { row, body }))
        .collect();
    Ok(ids.iter().filter_map(|id| rows.remove(*id)).collect())
}

/// The discarded letter with this id, or the one that begins so and was discarded last.
pub fn discarded(
    connection: &mut MysqlConnection,
    message_id: &str,
) -> Result<Option<StoredLetter>> {
    let search = LetterSearch {
        ids: BTreeSet::from([message_id.to_owned()]),
        state: DeadLetterState::Discarded,
        ..LetterSearch::default()
    };
    let query = search.query(COLUMNS).sql(" ORDER BY changed_at DESC LIMIT 1");
    let found: Option<LetterRow> = query.get_result(connection).optional()?;
    let Some(row) = found else { return Ok(None) };
    Ok(with_bodies(connection, &[&row.message_id])?.into_iter().next())
}

/// How often a letter has died, and why the last time.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(table_name = dead_letter)]
pub struct Death {
    /// Its message id.
    pub message_id: String,
    /// How often.
    pub deaths: i32,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// The evidence.
    pub error: Option<String>,
}

/// How often these letters have died.
pub fn deaths(connection: &mut MysqlConnection, ids: &[&str]) -> Result<Vec<Death>> {
    load_rows(connection, include_str!("deaths.sql"), ids)
}

/// How many letters wait for each reason.
pub fn waiting_by_reason(
    connection: &mut MysqlConnection,
) -> Result<BTreeMap<Option<String>, i64>> {
    let rows: Vec<(Option<String>, Option<i64>)> = dead_letter::table
        .filter(dead_letter::state.eq(value(DeadLetterState::Waiting)))
        .group_by(dead_letter::reason)
        .select((dead_letter::reason, sum(dead_letter::copies)))
        .load(connection)?;
    Ok(rows.into_iter().map(|(reason, letters)| (reason, letters.unwrap_or_default())).collect())
}

/// The letters in the queue that name this order and have no row in `notification`, the oldest first, at most 1,000. What no
/// worker has put there has no reason, and is left out.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<UnrecordedLetter>> {
    // Of a letter that was found in the queue.
    let in_inbox = notification::table
        .filter(notification::message_id.eq(dead_letter::message_id))
        .filter(notification::merchant.nullable().eq(dead_letter::merchant))
        .filter(notification::kind.nullable().eq(dead_letter::kind))
        .filter(notification::outcome.eq(value(MessageOutcome::Rejected)));
    Ok(dead_letter::table
        .filter(dead_letter::order_id.eq(order_id))
        .filter(dead_letter::state.eq(value(DeadLetterState::Waiting)))
        .filter(dead_letter::is_recorded.eq(false))
        .filter(not(exists(in_inbox)))
        .filter(dead_letter::merchant.is_not_null())
        .filter(dead_letter::reason.is_not_null())
        .filter(dead_letter::error.is_not_null())
        .filter(dead_letter::died_at.is_not_null())
        .order((dead_letter::died_at, dead_letter::message_id))
        .limit(1000)
        .select((
            dead_letter::message_id,
            dead_letter::merchant.assume_not_null(),
            dead_letter::reason.assume_not_null(),
            dead_letter::error.assume_not_null(),
            dead_letter::died_at.assume_not_null(),
        ))
        .load(connection)?)
}
