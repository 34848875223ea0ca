//! The record of what operators do. Every act that changes something goes through here, of a verb by
//! [`Access::recorded`](super::access::Access::recorded) and of the console by its like: a row is written before the
//! act begins, so that no crash can leave an act without one, and completed after it.

use order::{ActionSource, OperatorAction};
use serde::Serialize;
use serde_json::{Map, Value};
use store::MysqlConnection;
use store::operator_action::{self, ActionEnd, ActionRow, NewAction};
use tracing::warn;

use crate::failure::Failure;

/// What is written in place of an error that may quote codes.
const NOT_QUOTED: &str = "failed; the message is not recorded, since it may quote codes";

/// Who acts, and where.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    pub(crate) name: String,
    source: ActionSource,
}

impl Actor {
    /// A user of the console.
    pub(crate) fn of_console(name: impl Into<String>) -> Actor {
        Actor { name: name.into(), source: ActionSource::Console }
    }

    /// Who runs a verb: the name that was given, else who called sudo, else the system's user and host.
    pub(crate) fn of_verb(by: Option<&str>) -> Actor {
        let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let name = by.map(str::to_owned).or_else(|| variable("SUDO_USER")).unwrap_or_else(|| {
            let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
            let user = variable("USER");
            format!("{}@{}", user.as_deref().unwrap_or("unknown"), host.trim())
        });
        Actor { name, source: ActionSource::Ops }
    }
}

/// An act: who does what to what, and why.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    by: Actor,
    action: OperatorAction,
    subject: String,
    reason: Option<String>,
}

impl Act {
    /// Of an action and the number or name of what it is done to; without a reason.
    pub(crate) fn new(by: Actor, action: OperatorAction, subject: impl ToString) -> Act {
        Act { by, action, subject: subject.to_string(), reason: None }
    }

    /// With a reason, unless it is empty.
    pub(crate) fn because(self, reason: &str) -> Act {
        Act { reason: Some(reason.trim().to_owned()).filter(|it| !it.is_empty()), ..self }
    }
}

/// What an act changed, as far as it says so. No code and no secret belongs here.
#[derive(Debug, Default)]
pub(crate) struct Change(ActionEnd);

impl Change {
    /// What is about to be changed, as it is.
    pub(crate) fn from(&mut self, before: impl Serialize) {
        self.0.before = serde_json::to_value(before).ok();
    }

    /// What it became.
    pub(crate) fn to(&mut self, after: impl Serialize) {
        self.0.after = serde_json::to_value(after).ok();
    }

    /// It was not all done, although there is a result to show.
    pub(crate) fn ended(&mut self, ended: &Result<(), Failure>) {
        self.0.error = ended.as_ref().err().map(ToString::to_string);
    }
}

/// The row of an act that has begun.
#[must_use = "the row of an act is completed by `end`"]
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActRecord {
    id: i64,
    action: OperatorAction,
}

impl ActRecord {
    /// Writes down that the act begins.
    ///
    /// # Errors
    /// The database cannot be written: the act must not begin.
    pub(crate) fn begin(connection: &mut MysqlConnection, act: &Act) -> Result<ActRecord, Failure> {
        let Act { by, action, subject, reason } = act;
        let new = NewAction {
            by: &by.name,
            source: by.source,
            action: *action,
            subject,
            reason: reason.as_deref(),
        };
        Ok(ActRecord { id: operator_action::begin(connection, &new)?, action: *action })
    }

    /// Writes down how it ended. The act is over by then, so it is no failure where this is not possible.
    pub(crate) fn end(
        self,
        connection: &mut MysqlConnection,
        change: Change,
        failure: Option<&Failure>,
    ) {
        let Change(mut end) = change;
        end.error = failure.map(ToString::to_string).or(end.error);
        if self.action.handles_codes() {
            end.error = end.error.map(|_| NOT_QUOTED.to_owned());
        }
        if let Err(error) = operator_action::end(connection, self.id, &end) {
            warn!(%error, id = self.id, "the end of an operator's act is not recorded");
        }
    }
}

/// Runs an act between the two halves of its record.
pub(crate) fn recorded<T>(
    connection: &mut MysqlConnection,
    act: &Act,
    run: impl FnOnce(&mut Change) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let record = ActRecord::begin(connection, act)?;
    let mut change = Change::default();
    let result = run(&mut change);
    record.end(connection, change, result.as_ref().err());
    result
}

/// Writes down at once what cannot fail any more: a login, or an act for which the table was not there before.
pub(crate) fn note(
    connection: &mut MysqlConnection,
    act: &Act,
    after: Option<Value>,
) -> Result<(), Failure> {
    let record = ActRecord::begin(connection, act)?;
    record.end(connection, Change(ActionEnd { after, ..ActionEnd::default() }), None);
    Ok(())
}

/// What an act changed, in a line: `price: 1000 → 1200`; of what has no value before, the value after.
pub(crate) fn change_text(row: &ActionRow) -> Option<String> {
    let read = |text: &Option<String>| -> Option<Map<String, Value>> {
        serde_json::from_str(text.as_deref()?).ok()
    };
    let (before, after) = (read(&row.before).unwrap_or_default(), read(&row.after)?);
    let changed = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
    let text = |(name, value): (&String, &Value)| match before.get(name) {
        None => format!("{name}: {}", plain(value)),
        Some(before) => format!("{name}: {} → {}", plain(before), plain(value)),
    };
    Some(changed.map(text).collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use store::BeijingTime;

    use super::*;

    fn row(before: Option<&str>, after: Option<&str>) -> ActionRow {
        ActionRow {
            id: 1,
            done_at: BeijingTime::default(),
            done_by: String::new(),
            source: String::new(),
            action: String::new(),
            subject_kind: String::new(),
            subject: String::new(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
            reason: None,
            result: String::new(),
            error: None,
        }
    }

    #[test]
    fn only_what_changed_is_told() {
        let text = |before, after| change_text(&row(before, after));
        let set =
            text(Some(r#"{"price":1000,"name":"Gift"}"#), Some(r#"{"price":1200,"name":"Gift"}"#));
        assert_eq!(set.as_deref(), Some("price: 1000 → 1200"));
        assert_eq!(text(None, Some(r#"{"letters":3}"#)).as_deref(), Some("letters: 3"));
        assert_eq!(text(None, Some("{}")), None);
        assert_eq!(text(None, None), None);
        assert_eq!(text(None, Some("rubbish")), None);
    }

    #[test]
    fn a_verb_is_run_by_somebody() {
        assert_eq!(Actor::of_verb(Some("wang")).name, "wang");
        assert!(!Actor::of_verb(None).name.is_empty());
    }
}
