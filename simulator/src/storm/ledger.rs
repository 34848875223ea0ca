//! The record of what was answered `success`, against which a merchant's database is checked.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Fault, NotificationKind};

/// One line of the ledger, a JSON object: one notification whose delivery is over.
///
/// A notification that is sent twice on purpose has two lines with one `notify_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// `out_trade_no`.
    pub order: String,
    /// The identity of the event.
    pub notify_id: String,
    /// What happened to the trade.
    pub kind: NotificationKind,
    /// Absent for the usual line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// When it was first sent.
    pub sent_at: DateTime<Utc>,
    /// How often it was sent.
    pub attempts: u64,
    /// When it was answered exactly `success`; null when it was given up.
    pub answered_success_at: Option<DateTime<Utc>>,
}
