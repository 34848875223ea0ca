//! Clocks that disagree.

use chrono::TimeDelta;
use worker::CLOCK_TOLERANCE;

use super::{Description, Urgency, length};
use crate::operations::overview::Overview;

/// A heartbeat counts for so long.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// A pair of clocks and by how much the first is ahead of the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClockFinding {
    /// The database, against this machine.
    Database { ahead: TimeDelta },
    /// A worker, against the database.
    Worker { worker: String, ahead: TimeDelta },
    /// What messages say of when they were received, against a worker; below zero against Alipay.
    Messages { ahead: TimeDelta },
    /// The inbox: a message was written down before it was received.
    Inbox { ahead: TimeDelta },
}

pub(super) fn judge(overview: &Overview) -> Vec<ClockFinding> {
    let is_off = |ahead: &TimeDelta| ahead.abs() > CLOCK_TOLERANCE;
    let mut found = Vec::new();
    let database = overview.database_ahead.filter(is_off);
    found.extend(database.map(|ahead| ClockFinding::Database { ahead }));
    let fresh =
        overview.workers.iter().flatten().filter(|worker| worker.age_ms < FRESH.num_milliseconds());
    let mut messages = TimeDelta::zero();
    for worker in fresh {
        let ahead = TimeDelta::milliseconds(worker.clock_ahead_ms);
        // Where the database is wrong against all, that is one finding and not one a worker.
        let as_here = database.is_some_and(|database| (database + ahead).abs() <= CLOCK_TOLERANCE);
        if is_off(&ahead) && !as_here {
            found.push(ClockFinding::Worker { worker: worker.worker.clone(), ahead });
        }
        let ahead = TimeDelta::milliseconds(worker.message_ahead_ms);
        if ahead.abs() > messages.abs() {
            messages = ahead;
        }
    }
    if is_off(&messages) {
        found.push(ClockFinding::Messages { ahead: messages });
    }
    let behind = overview.work.and_then(|work| work.behind_milliseconds).unwrap_or(0);
    let ahead = TimeDelta::milliseconds(behind.saturating_neg());
    let is_recent = overview
        .work
        .and_then(|work| work.latest)
        .is_some_and(|latest| overview.waited(latest) < TimeDelta::minutes(10));
    // The line of the latest message stays: while nothing comes it says nothing of the clocks of today.
    if ahead > CLOCK_TOLERANCE && is_recent && found.is_empty() {
        found.push(ClockFinding::Inbox { ahead });
    }
    found
}

fn off(ahead: TimeDelta) -> String {
    let by = length(ahead);
    let side = if ahead > TimeDelta::zero() { "ahead of" } else { "behind" };
    format!("{by} {side}")
}

fn hint(ahead: TimeDelta) -> &'static str {
    let eight = TimeDelta::hours(8) - ahead.abs();
    match eight.abs() < TimeDelta::minutes(5) {
        true => " (8 hours: local time was set as UTC, or the other way round)",
        false => "",
    }
}

impl ClockFinding {
    /// What it says of itself.
    pub(crate) fn describe(&self) -> Description {
        let (chinese, seen) = match self {
            ClockFinding::Database { ahead } => (
                "数据库时钟不准",
                format!(
                    "the database's clock is {} this machine's{}: orders are closed and asked about at the wrong time",
                    off(*ahead),
                    hint(*ahead)
                ),
            ),
            ClockFinding::Worker { worker, ahead } => {
                let (off, hint) = (off(*ahead), hint(*ahead));
                let seen = format!("the clock of worker {worker} is {off} the database's{hint}");
                ("worker 时钟不准", seen)
            }
            ClockFinding::Messages { ahead } => {
                let (length, hint) = (length(*ahead), hint(*ahead));
                let seen = match *ahead > TimeDelta::zero() {
                    true => format!(
                        "messages say that they were received {length} in the future of a worker{hint}: the clock of an ingress or of a worker is wrong"
                    ),
                    false => format!(
                        "messages say that they were received {length} before Alipay sent them{hint}: the clock of an ingress is behind"
                    ),
                };
                ("消息里的时间与 worker 时钟不一致", seen)
            }
            ClockFinding::Inbox { ahead } => (
                "接收端与数据库的时钟不一致",
                format!(
                    "the latest message was received {} after it was written down{}: the clocks of an ingress and of the database disagree",
                    length(*ahead),
                    hint(*ahead)
                ),
            ),
        };
        Description::new(Urgency::Now, "clocks_disagree", chinese).seen(seen).advice(
            "compare `date -u` on each machine and `SELECT UTC_TIMESTAMP()`; set the wrong one right (chronyc makestep)",
        )
    }
}
