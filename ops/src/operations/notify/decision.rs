//! What is told: decided from what was there before and what is there now, without a clock or a server.

use chrono::{DateTime, TimeDelta, Utc};
use config::{Channel, Notify, Urgency};
use order::AlarmMessageKind;
use std::time::Duration;
use store::alarm::{AlarmRow, NewMessage};

use super::cause::{Asked, CHANNEL_FAILS, CauseText, SeenCause};
use super::notice::Notice;

/// What became of the causes, and what is told of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Decisions {
    /// The causes that are there, to be written.
    pub(crate) alarms: Vec<AlarmRow>,
    /// Those that are gone.
    pub(crate) gone: Vec<String>,
    pub(crate) news: Vec<News>,
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) kind: AlarmMessageKind,
    pub(crate) cause: String,
    /// Of a cause that is gone the greatest urgency that was told: who was told hears that it is gone.
    pub(crate) urgency: Urgency,
    pub(crate) since: DateTime<Utc>,
    pub(crate) text: CauseText,
}

impl Decisions {
    /// Decides. `before` are the causes of the look before.
    pub(crate) fn of(
        before: Vec<AlarmRow>,
        seen: &[SeenCause],
        asked: &Asked,
        settings: &Notify,
        at: DateTime<Utc>,
    ) -> Decisions {
        let mut decisions = Decisions::default();
        let (mut known, absent): (Vec<AlarmRow>, Vec<AlarmRow>) = before
            .into_iter()
            .map(|row| not_in_future(row, at))
            .partition(|row| seen.iter().any(|cause| cause.id == row.cause));
        for cause in seen {
            let row = known.iter().position(|row| row.cause == cause.id);
            let row = row.map(|place| known.swap_remove(place));
            decisions.is_there(row, cause, settings, at);
        }
        for row in absent {
            if asked.knows(&row.cause, row.source) {
                decisions.is_absent(row, settings, at);
            } else {
                decisions.alarms.push(AlarmRow { last_seen: at, ..row });
            }
        }
        decisions
    }

    fn is_there(
        &mut self,
        row: Option<AlarmRow>,
        cause: &SeenCause,
        settings: &Notify,
        at: DateTime<Utc>,
    ) {
        let (first_seen, told_at, told_urgency) = match &row {
            Some(row) => (row.first_seen, row.told_at, row.told_urgency),
            None => (at, None, cause.urgency),
        };
        let kind = match told_at {
            None => {
                (at - first_seen >= delta(settings.open_after)).then_some(AlarmMessageKind::Opened)
            }
            Some(_) if cause.urgency < told_urgency => Some(AlarmMessageKind::Worsened),
            // Everyday work is no news for a second time.
            Some(told_at) => (cause.urgency < Urgency::Later
                && at - told_at >= delta(settings.remind_after))
            .then_some(AlarmMessageKind::Reminder),
        };
        let told = kind.map(|kind| News {
            kind,
            cause: cause.id.clone(),
            urgency: cause.urgency,
            since: first_seen,
            text: cause.text.clone(),
        });
        self.alarms.push(AlarmRow {
            cause: cause.id.clone(),
            source: cause.source,
            urgency: cause.urgency,
            first_seen,
            last_seen: at,
            told_at: if told.is_some() { Some(at) } else { told_at },
            told_urgency: match told_at {
                Some(_) => told_urgency.min(cause.urgency),
                None => cause.urgency,
            },
            content: cause.text.to_json(),
        });
        self.news.extend(told);
    }

    fn is_absent(&mut self, row: AlarmRow, settings: &Notify, at: DateTime<Utc>) {
        if at - row.last_seen < delta(settings.clear_after) {
            self.alarms.push(row);
            return;
        }
        self.gone.push(row.cause.clone());
        if row.told_at.is_some() {
            self.news.push(News {
                kind: AlarmMessageKind::Cleared,
                urgency: row.told_urgency,
                since: row.first_seen,
                text: CauseText::from_json(&row.content, &row.cause),
                cause: row.cause,
            });
        }
    }
}

impl News {
    /// As a message to a channel; none where the channel is not told.
    pub(crate) fn message(
        &self,
        (name, channel): (&str, &Channel),
        settings: &Notify,
        public_url: Option<&str>,
        at: DateTime<Utc>,
    ) -> Option<NewMessage> {
        let is_about_itself = self.cause.strip_prefix(CHANNEL_FAILS) == Some(&format!("/{name}"));
        if self.urgency > channel.urgency || is_about_itself {
            return None;
        }
        let quiet = settings.quiet.filter(|_| self.urgency > settings.quiet_urgency);
        Some(NewMessage {
            channel: name.to_owned(),
            cause: self.cause.clone(),
            kind: self.kind,
            urgency: self.urgency,
            content: Notice::content(self, channel.language, public_url, at),
            created_at: at,
            due_at: quiet.and_then(|quiet| quiet.end(at)).unwrap_or(at),
            attempts: 0,
        })
    }
}

/// A time in the future was written while a clock was wrong: whatever waits for it would wait for as long as that was.
fn not_in_future(row: AlarmRow, at: DateTime<Utc>) -> AlarmRow {
    AlarmRow {
        first_seen: row.first_seen.min(at),
        last_seen: row.last_seen.min(at),
        told_at: row.told_at.map(|told_at| told_at.min(at)),
        ..row
    }
}

fn delta(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests;
