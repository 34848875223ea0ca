//! What was seen and told while the database was away.

use std::collections::BTreeMap;
use std::mem;

use chrono::{DateTime, Utc};
use config::Notify;
use store::alarm::{AlarmRow, NewMessage};

use super::cause::{Asked, SeenCause};
use super::decision::Decisions;

/// The causes as they were written or told last, and messages that no table has. It ends with the program: after a restart
/// without a database what is there is told again.
#[derive(Debug, Default)]
pub(super) struct Memory {
    alarms: Vec<AlarmRow>,
    /// Told to be gone since the tables were written.
    gone: Vec<String>,
    /// Whether `alarms` differ from the table.
    is_ahead: bool,
    /// Whether the table was read.
    is_read: bool,
    pub(super) messages: Vec<NewMessage>,
}

impl Memory {
    /// Decides without the tables.
    pub(super) fn decide(
        &mut self,
        seen: &[SeenCause],
        asked: &Asked,
        settings: &Notify,
        at: DateTime<Utc>,
    ) -> Decisions {
        let before = mem::take(&mut self.alarms);
        let decisions = Decisions::of(before, seen, asked, settings, at);
        self.alarms.clone_from(&decisions.alarms);
        self.gone.extend(decisions.gone.iter().cloned());
        self.gone.retain(|cause| !decisions.alarms.iter().any(|row| row.cause == *cause));
        self.is_ahead = true;
        decisions
    }

    /// Messages to send as soon as their channel takes them, in place of those that wait.
    pub(super) fn add(&mut self, messages: Vec<NewMessage>) {
        for new in messages {
            let is_about_it = |it: &NewMessage| it.channel == new.channel && it.cause == new.cause;
            let (waiting, others): (Vec<_>, Vec<_>) =
                mem::take(&mut self.messages).into_iter().partition(is_about_it);
            self.messages = others;
            let waiting: Vec<_> = waiting.iter().map(|it| (it.kind, it.attempts)).collect();
            self.messages.push(new.in_place_of(&waiting));
        }
    }

    /// Leaves out messages that are older. Returns how many.
    pub(super) fn give_up(&mut self, before: DateTime<Utc>) -> usize {
        let all = self.messages.len();
        self.messages.retain(|message| message.created_at >= before);
        all - self.messages.len()
    }

    /// Takes all messages, by channel.
    pub(super) fn take_messages(&mut self) -> BTreeMap<String, Vec<NewMessage>> {
        let mut by_channel: BTreeMap<String, Vec<NewMessage>> = BTreeMap::new();
        for message in mem::take(&mut self.messages) {
            by_channel.entry(message.channel.clone()).or_default().push(message);
        }
        by_channel
    }

    /// Whether the table, or what is known since it was read, has this cause.
    pub(super) fn has(&self, cause: &str) -> bool {
        self.alarms.iter().any(|row| row.cause == cause)
    }

    /// Whether nothing is known of the table.
    pub(super) fn is_unread(&self) -> bool {
        !self.is_read && !self.is_ahead
    }

    /// The table has these rows, and cannot be written.
    pub(super) fn is_read(&mut self, alarms: Vec<AlarmRow>) {
        (self.alarms, self.is_read) = (alarms, true);
    }

    /// The rows of the table with what was seen and told since they were written, and the causes to remove.
    pub(super) fn merged(&self, rows: Vec<AlarmRow>) -> (Vec<AlarmRow>, Vec<String>) {
        if !self.is_ahead {
            return (rows, Vec::new());
        }
        let mut merged: Vec<AlarmRow> =
            rows.into_iter().filter(|row| !self.gone.contains(&row.cause)).collect();
        for known in &self.alarms {
            match merged.iter_mut().find(|row| row.cause == known.cause) {
                Some(row) if known.told_at > row.told_at => {
                    let first_seen = row.first_seen.min(known.first_seen);
                    *row = AlarmRow { first_seen, ..known.clone() };
                }
                Some(row) => row.last_seen = row.last_seen.max(known.last_seen),
                None => merged.push(known.clone()),
            }
        }
        (merged, self.gone.clone())
    }

    /// The tables have these rows now, and all messages.
    pub(super) fn is_written(&mut self, alarms: Vec<AlarmRow>) {
        *self = Memory { alarms, is_read: true, ..Memory::default() };
    }
}

#[cfg(test)]
mod tests {
    use config::Urgency;
    use order::{AlarmMessageKind, AlarmSource};

    use super::*;

    fn row(cause: &str, told: Option<i64>) -> AlarmRow {
        let time = |minutes: i64| DateTime::from_timestamp(minutes * 60, 0).unwrap_or_default();
        AlarmRow {
            cause: cause.to_owned(),
            source: AlarmSource::Broker,
            urgency: Urgency::Now,
            first_seen: time(1),
            last_seen: time(1),
            told_at: told.map(time),
            told_urgency: Urgency::Now,
            content: String::new(),
        }
    }

    #[test]
    fn what_was_told_without_the_database_counts_as_told() {
        let mut memory = Memory::default();
        memory.is_written(vec![row("a", Some(5)), row("b", None), row("c", Some(5))]);
        // The table is as it was written: another program may have changed it since.
        let rows = vec![row("a", Some(6))];
        assert_eq!(memory.merged(rows.clone()), (rows, Vec::new()));
        memory.alarms = vec![row("a", Some(5)), row("b", Some(7)), row("new", Some(8))];
        memory.gone = vec!["c".to_owned()];
        memory.is_ahead = true;
        let (merged, gone) =
            memory.merged(vec![row("a", Some(6)), row("b", None), row("c", Some(5))]);
        let told = |cause: &str| merged.iter().find(|it| it.cause == cause).map(|it| it.told_at);
        let at = |minutes: i64| Some(DateTime::from_timestamp(minutes * 60, 0));
        assert_eq!((told("a"), told("b"), told("new")), (at(6), at(7), at(8)));
        assert_eq!((told("c"), gone), (None, vec!["c".to_owned()]));
    }

    fn message(kind: AlarmMessageKind, minutes: i64, attempts: i32) -> NewMessage {
        let at = DateTime::from_timestamp(minutes * 60, 0).unwrap_or_default();
        let (channel, cause) = ("team".to_owned(), "a".to_owned());
        let (urgency, content) = (Urgency::Now, String::new());
        NewMessage { channel, cause, kind, urgency, content, created_at: at, due_at: at, attempts }
    }

    #[test]
    fn a_message_takes_the_place_of_what_waits_and_is_given_up() {
        use AlarmMessageKind::{Cleared, Opened, Reminder};
        let mut memory = Memory::default();
        memory.add(vec![message(Opened, 1, 4)]);
        memory.add(vec![message(Reminder, 2, 0)]);
        assert_eq!(memory.messages, [message(Opened, 2, 4)]);
        memory.add(vec![message(Cleared, 3, 0)]);
        assert_eq!(memory.messages, [message(Cleared, 3, 4)]);
        let before = |minutes: i64| DateTime::from_timestamp(minutes * 60, 0).unwrap_or_default();
        assert_eq!((memory.give_up(before(3)), memory.messages.len()), (0, 1));
        assert_eq!((memory.give_up(before(4)), memory.messages.len()), (1, 0));
    }
}
