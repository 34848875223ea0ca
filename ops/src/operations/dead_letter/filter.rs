//! Which dead letters are selected.

use chrono::{DateTime, Utc};

use super::DeadLetter;

/// Filters, all of which must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Only letters with this reason, as `ops dlq list --group` prints it
    pub(crate) reason: Option<String>,
    /// Only those of this order (out_trade_no)
    pub(crate) order: Option<String>,
    /// Only those of this merchant
    pub(crate) merchant: Option<String>,
    /// Only letters that died since: 30m, 24h, 7d (ago), or a Beijing time
    pub(crate) since: Option<DateTime<Utc>>,
}

impl Filter {
    /// Whether it leaves nothing out.
    pub(crate) fn is_empty(&self) -> bool {
        let Filter { reason, order, merchant, since } = self;
        reason.is_none() && order.is_none() && merchant.is_none() && since.is_none()
    }

    /// Whether the letter passes.
    pub(crate) fn takes(&self, letter: &DeadLetter) -> bool {
        let same = |wanted: &Option<String>, is: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| is.as_ref() == Some(wanted))
        };
        same(&self.reason, &letter.reason)
            && same(&self.order, &letter.order)
            && same(&self.merchant, &letter.merchant)
            && self.since.is_none_or(|since| letter.died_at.is_some_and(|died| died.0 >= since))
    }
}
