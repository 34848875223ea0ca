//! Sending what is due to one channel. All channels are served at the same time, so one that hangs delays no other.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use config::Channel;
use serde::Serialize;
use store::Connection;
use store::alarm::{self, NewMessage};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::channel;
use super::notice::{Bulletin, Notice};
use crate::failure::Failure;
use crate::operations::access::Access;

/// Messages to one channel in a look. With the shortest pause between looks this stays below the 20 a minute of robots.
const MESSAGES_A_LOOK: usize = 3;
/// The most alarms that are claimed for one message.
const MOST_ALARMS: i64 = 50;
/// How long a program may take to send what it has claimed.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// The pause after a failed attempt doubles from the first to the second.
const SHORTEST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// A message that was sent to a channel, or was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Delivery {
    pub(crate) channel: String,
    /// How many alarms were in it.
    pub(crate) alarms: usize,
    /// Why it was not taken.
    pub(crate) error: Option<String>,
}

/// One channel, at one look.
pub(super) struct Recipient<'a> {
    pub(super) access: &'a Access,
    pub(super) name: &'a str,
    pub(super) channel: &'a Channel,
    /// Whether the table has the messages; else they are in memory.
    pub(super) written: bool,
    pub(super) at: DateTime<Utc>,
    /// No further message is begun: after a signal a program must end soon.
    pub(super) stop: &'a CancellationToken,
}

impl Recipient<'_> {
    /// Sends what is due, from memory and from the table. Returns what memory still has.
    pub(super) async fn deliver(
        &self,
        mut remembered: Vec<NewMessage>,
    ) -> (Vec<Delivery>, Vec<NewMessage>) {
        let mut sent = Vec::new();
        if self.written {
            if let Err(failure) = self.deliver_rows(&mut sent).await {
                warn!(channel = self.name, "cannot read what is to be told: {failure}");
            }
        } else {
            while self.goes_on(&sent) {
                match self.deliver_remembered(&mut remembered).await {
                    Some(delivery) => sent.push(delivery),
                    None => break,
                }
            }
        }
        for Delivery { alarms, error, .. } in &sent {
            match error {
                None => info!(channel = self.name, alarms, "told"),
                Some(error) => {
                    warn!(channel = self.name, alarms, error, "not told, tried again later");
                }
            }
        }
        (sent, remembered)
    }

    /// Whether another message may be begun at this look.
    fn goes_on(&self, sent: &[Delivery]) -> bool {
        let failed = sent.last().is_some_and(|last| last.error.is_some());
        sent.len() < MESSAGES_A_LOOK && !failed && !self.stop.is_cancelled()
    }

    /// One message of what memory has; none where nothing is due.
    async fn deliver_remembered(&self, all: &mut Vec<NewMessage>) -> Option<Delivery> {
        let is_due = |it: &NewMessage| it.due_at <= self.at;
        let (due, waiting): (Vec<_>, Vec<_>) = std::mem::take(all).into_iter().partition(is_due);
        *all = waiting;
        let read = |it: &NewMessage| Notice::read(it.kind, it.urgency, &it.content);
        let notices: Vec<Notice> = due.iter().filter_map(read).collect();
        if notices.is_empty() {
            return None;
        }
        let count = channel::fitting(self.channel, &notices);
        let error = self.send(&notices[..count]).await;
        let mut due = due;
        let rest = due.split_off(count);
        if error.is_some() {
            let later = |it: NewMessage| NewMessage {
                due_at: self.at + pause(it.attempts),
                attempts: it.attempts + 1,
                ..it
            };
            all.extend(due.into_iter().map(later));
        }
        all.extend(rest);
        Some(self.delivery(count, error))
    }

    async fn deliver_rows(&self, sent: &mut Vec<Delivery>) -> Result<(), Failure> {
        let mut connection = self.access.database()?;
        while self.goes_on(sent) {
            match self.deliver_claimed(&mut connection).await? {
                Some(delivery) => sent.push(delivery),
                None => break,
            }
        }
        Ok(())
    }

    /// One message of what the table has; none where nothing is due.
    async fn deliver_claimed(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<Delivery>, Failure> {
        let lease_ends = self.at + LEASE;
        let claimed = alarm::claim(connection, self.name, self.at, lease_ends, MOST_ALARMS)?;
        let (mut ids, mut notices, mut attempts) = (Vec::new(), Vec::new(), 0);
        for row in claimed {
            match Notice::read(row.kind, row.urgency, &row.content) {
                Some(notice) => {
                    ids.push(row.id);
                    notices.push(notice);
                    attempts = attempts.max(row.attempts);
                }
                None => {
                    warn!(
                        channel = self.name,
                        "another version has written an alarm that this one cannot read"
                    );
                    alarm::sent(connection, &[row.id], self.at)?;
                }
            }
        }
        if notices.is_empty() {
            return Ok(None);
        }
        let count = channel::fitting(self.channel, &notices);
        alarm::put_off(connection, &ids[count..], self.at)?;
        let error = self.send(&notices[..count]).await;
        match &error {
            None => alarm::sent(connection, &ids[..count], self.at)?,
            Some(error) => {
                alarm::failed(connection, &ids[..count], error, self.at + pause(attempts))?;
            }
        }
        Ok(Some(self.delivery(count, error)))
    }

    async fn send(&self, notices: &[Notice]) -> Option<String> {
        let bulletin = Bulletin { notices, language: self.channel.language };
        channel::send(self.channel, &bulletin, self.at).await.err()
    }

    fn delivery(&self, alarms: usize, error: Option<String>) -> Delivery {
        Delivery { channel: self.name.to_owned(), alarms, error }
    }
}

/// How long to wait after so many failed attempts before this one.
fn pause(attempts: i32) -> Duration {
    let doubled = u32::try_from(attempts).ok().and_then(|times| 2_u32.checked_pow(times));
    SHORTEST_PAUSE.saturating_mul(doubled.unwrap_or(u32::MAX)).min(LONGEST_PAUSE)
}
