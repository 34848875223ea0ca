//! Table `operator_action`: what operators did, by `ops` or in the console.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use order::{ActionResult, ActionSource, OperatorAction};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::column::{last_insert_id, value};
use crate::json_rows::explanation;
use crate::schema::operator_action;
use crate::{BeijingTime, MysqlConnection, Result};

/// The most bytes of a subject.
const LONGEST_SUBJECT: usize = 255;

/// An act that is about to begin.
#[derive(Debug, Clone, Copy)]
pub struct NewAction<'a> {
    /// Who acts.
    pub by: &'a str,
    /// Where.
    pub source: ActionSource,
    /// What is done.
    pub action: OperatorAction,
    /// The number or name of what it is done to; a longer one is cut.
    pub subject: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
}

/// How an act ended.
#[derive(Debug, Clone, Default)]
pub struct ActionEnd {
    /// What it changed, as it was.
    pub before: Option<Value>,
    /// The same as it became.
    pub after: Option<Value>,
    /// Why it failed, where it did.
    pub error: Option<String>,
}

/// Writes an act down before it begins. Returns the row's number.
pub fn begin(connection: &mut MysqlConnection, new: &NewAction<'_>) -> Result<i64> {
    let subject = &new.subject[..new.subject.floor_char_boundary(LONGEST_SUBJECT)];
    diesel::insert_into(operator_action::table)
        .values((
            operator_action::done_by.eq(new.by),
            operator_action::source.eq(value(new.source)),
            operator_action::action.eq(value(new.action)),
            operator_action::subject_kind.eq(value(new.action.subject())),
            operator_action::subject.eq(subject),
            operator_action::reason.eq(new.reason),
            operator_action::result.eq(value(ActionResult::Begun)),
        ))
        .execute(connection)?;
    Ok(last_insert_id(connection)?)
}

/// Writes down how it ended.
pub fn end(connection: &mut MysqlConnection, id: i64, end: &ActionEnd) -> Result<()> {
    let result = match end.error {
        None => ActionResult::Done,
        Some(_) => ActionResult::Failed,
    };
    let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
    diesel::update(operator_action::table.find(id))
        .set((
            operator_action::before.eq(text(&end.before)),
            operator_action::after.eq(text(&end.after)),
            operator_action::result.eq(value(result)),
            operator_action::error.eq(end.error.as_deref().map(explanation)),
        ))
        .execute(connection)?;
    Ok(())
}

/// An act, as an operator reads it.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = operator_action)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct ActionRow {
    pub id: i64,
    pub done_at: BeijingTime,
    pub done_by: String,
    pub source: String,
    pub action: String,
    pub subject_kind: String,
    pub subject: String,
    #[serde(serialize_with = "as_json")]
    pub before: Option<String>,
    #[serde(serialize_with = "as_json")]
    pub after: Option<String>,
    pub reason: Option<String>,
    pub result: String,
    pub error: Option<String>,
}

/// The text of a column that holds JSON, as what it holds.
fn as_json<S: Serializer>(
    text: &Option<String>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    let value = text.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    value.serialize(serializer)
}

/// Which acts; everything that is given must hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct ActionFilter<'a> {
    /// By this person.
    pub by: Option<&'a str>,
    /// This action.
    pub action: Option<OperatorAction>,
    /// On what has this number or name.
    pub subject: Option<&'a str>,
    /// At this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
    /// Before the act with this number: the next page.
    pub older_than: Option<i64>,
}

/// Acts that match, the latest first, at most `limit`.
pub fn list(
    connection: &mut MysqlConnection,
    filter: &ActionFilter<'_>,
    limit: i64,
) -> Result<Vec<ActionRow>> {
    let mut query = operator_action::table
        .order(operator_action::id.desc())
        .limit(limit)
        .select(ActionRow::as_select())
        .into_boxed();
    if let Some(by) = filter.by {
        query = query.filter(operator_action::done_by.eq(by));
    }
    if let Some(action) = filter.action {
        query = query.filter(operator_action::action.eq(value(action)));
    }
    if let Some(subject) = filter.subject {
        query = query.filter(operator_action::subject.eq(subject));
    }
    if let Some(since) = filter.since {
        query = query.filter(operator_action::done_at.ge(value(since)));
    }
    if let Some(until) = filter.until {
        query = query.filter(operator_action::done_at.lt(value(until)));
    }
    if let Some(id) = filter.older_than {
        query = query.filter(operator_action::id.lt(id));
    }
    Ok(query.load(connection)?)
}
