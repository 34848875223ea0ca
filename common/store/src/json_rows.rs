//! Rows as one JSON parameter.
//!
//! A read by many keys, or a write of few narrow rows, joins `JSON_TABLE(?, '$[*]' COLUMNS (…))`, so the statement is
//! static text, no value is ever pasted into SQL, and the number of rows does not matter. The wide rows of a batch are
//! written by [`bulk`](crate::bulk), which costs the server less. Column types in the
//! `COLUMNS` lists are wide (`MEDIUMTEXT`) on purpose: a value that does not fit must fail at the table it
//! goes into, in strict mode, and not turn into NULL on its way there. Text columns name their character set:
//! without it they have the schema's default, and in a latin1 schema 张 becomes `?` without an error.
//!
//! The conversion to a `COLUMNS` type is not strict: what is longer is cut by MariaDB and turned into NULL by MySQL, both
//! without an error. So values are `MEDIUMTEXT` there, longer than any message, and only keys, whose length
//! has been checked, are `VARCHAR`. From there into a `TEXT` column MariaDB (10.11.14) copies a longer value with its length
//! modulo 65,536, strict mode or not; of an expression it is an error as it should be, so such values are written as
//! `CONCAT(j.name)`. `tests/columns` checks all of this.

use std::borrow::Cow;

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::RunQueryDsl;
use diesel::deserialize::QueryableByName;
use diesel::mysql::Mysql;
use diesel::query_dsl::methods::LoadQuery;
use serde::{Serialize, Serializer};

use crate::typed_sql::{StaticSql, static_sql};
use crate::{MysqlConnection, Result};

/// Runs a statement whose one parameter is rows as JSON; none where there are no rows.
pub(crate) fn execute_rows<T: Serialize>(
    connection: &mut MysqlConnection,
    statement: &'static str,
    rows: &[T],
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    static_sql(statement).text(json(rows)?).execute(connection)?;
    Ok(())
}

/// Runs a query whose one parameter is keys as JSON; none where there are no keys.
pub(crate) fn load_rows<T: Serialize, R: QueryableByName<Mysql> + 'static>(
    connection: &mut MysqlConnection,
    query: &'static str,
    keys: &[T],
) -> Result<Vec<R>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    Ok(static_sql(query).text(json(keys)?).load(connection)?)
}

/// The same for a query whose columns have the types `ST`.
pub(crate) fn load_columns<ST, R, T: Serialize>(
    connection: &mut MysqlConnection,
    query: &'static str,
    keys: &[T],
) -> Result<Vec<R>>
where
    for<'q> StaticSql<ST>: LoadQuery<'q, MysqlConnection, R>,
{
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    Ok(static_sql(query).text(json(keys)?).columns::<ST>().load(connection)?)
}

/// The JSON text of a list of rows.
pub(crate) fn json<T: Serialize>(rows: &[T]) -> Result<String> {
    Ok(serde_json::to_string(rows)?)
}

/// Bytes of an explanation that are kept.
const LONGEST_EXPLANATION: usize = 4096;

/// An explanation for a `TEXT` column, cut at a character and marked where it is too long: evidence repeats what messages
/// and answers say, which can be of any length.
pub fn explanation(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_EXPLANATION {
        return Cow::Borrowed(text);
    }
    let kept = &text[..text.floor_char_boundary(LONGEST_EXPLANATION)];
    Cow::Owned(format!("{kept}… (cut: {} bytes)", text.len()))
}

/// An explanation, where there is one.
pub(crate) fn explained<S: Serializer>(
    text: &Option<&str>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    text.map(explanation).serialize(serializer)
}

/// A foreign word for a column of 64 characters, cut if it is longer.
pub(crate) fn word<S: Serializer>(text: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    text.map(|text| &text[..text.floor_char_boundary(64)]).serialize(serializer)
}

/// A foreign text for a column of 255 bytes, cut if it is longer.
pub(crate) fn short<S: Serializer>(text: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    text.map(|text| &text[..text.floor_char_boundary(255)]).serialize(serializer)
}

/// UTC, to the microsecond, as MySQL reads it.
#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
pub(crate) fn sql_time<S: Serializer>(
    time: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(&time.format("%Y-%m-%d %H:%M:%S%.6f")),
        None => serializer.serialize_none(),
    }
}

/// A length of time as `INTERVAL ? MICROSECOND` takes it.
pub(crate) fn microseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
