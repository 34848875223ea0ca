//! Checks that go through a table once, and not by order.

use chrono::{DateTime, Utc};
use indicatif::ProgressBar;
use store::{MysqlConnection, notification, trade};

use super::GapKind;
use crate::failure::Failure;

/// Notifications looked at in one statement.
const NOTIFICATIONS: i64 = 50_000;

/// What is wrong with an order.
pub(super) struct FoundGap {
    pub(super) order: String,
    pub(super) gap: (GapKind, String),
    /// When its row was last written.
    pub(super) since: DateTime<Utc>,
}

/// Notifications without their trade, and trades of two orders.
pub(super) fn check(
    db: &mut MysqlConnection,
    last_notification: i64,
    progress: &ProgressBar,
) -> Result<Vec<FoundGap>, Failure> {
    let mut found = Vec::new();
    let mut after = 0;
    while after < last_notification {
        let to = last_notification.min(after + NOTIFICATIONS);
        for lost in notification::lost(db, after, to)? {
            let trade_no = lost.trade_no.unwrap_or_default();
            let what = format!("notification {} of trade {trade_no}", lost.id);
            let gap = (GapKind::NotificationWithoutTrade, what);
            found.push(FoundGap { order: lost.order_id, gap, since: lost.last_seen });
        }
        progress.inc(u64::try_from(to - after).unwrap_or(0));
        after = to;
    }
    for shared in trade::shared(db)? {
        let what = format!("trade {} is also that of order {}", shared.trade_no, shared.other);
        let gap = (GapKind::TradeOfTwoOrders, what);
        found.push(FoundGap { order: shared.order_id, gap, since: shared.updated_at });
    }
    Ok(found)
}
