//! Findings at the database.

use chrono::TimeDelta;
use store::BeijingTime;

use super::{Description, Urgency};
use crate::operations::overview::Overview;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DatabaseFinding {
    /// It takes no writes.
    ReadOnly {
        /// The evidence: a variable, or the server's answer to a write.
        evidence: String,
        /// The account of this program may write anyway.
        may_write: bool,
        /// When a worker wrote its last heartbeat, where that is a while ago.
        since: Option<BeijingTime>,
    },
}

/// A heartbeat that is older than this was followed by one that could not be written.
const MISSED: TimeDelta = TimeDelta::seconds(12);

pub(super) fn judge(overview: &Overview) -> Vec<DatabaseFinding> {
    let Some(access) = overview.write_access.as_ref().filter(|access| access.is_read_only()) else {
        return Vec::new();
    };
    let evidence = access.read_only.clone().or_else(|| access.refused.clone()).unwrap_or_default();
    let latest = overview.workers.iter().flatten().map(|worker| worker.seen_at).max();
    let since = latest.filter(|seen_at| overview.waited(*seen_at) > MISSED);
    vec![DatabaseFinding::ReadOnly { evidence, may_write: access.refused.is_none(), since }]
}

impl DatabaseFinding {
    /// What it says of itself.
    pub(crate) fn describe(&self) -> Description {
        let DatabaseFinding::ReadOnly { evidence, may_write, since } = self;
        let since = since.map_or(String::new(), |since| format!(" since {since}"));
        let may = match may_write {
            true => "; this account can still write, others cannot",
            false => ": nothing is delivered, messages wait with the workers and in the queue",
        };
        Description::new(Urgency::Now, "database_read_only", "数据库只读")
            .seen(format!("database read-only{since} ({evidence}){may}"))
            .advice(
                "SET GLOBAL read_only = 0 where that was a mistake; after a failover: does database.url lead to the primary?",
            )
    }
}
