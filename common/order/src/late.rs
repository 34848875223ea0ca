//! An order's time limit, and payments after it.
//!
//! Whether a payment is late follows from the earliest `gmt_payment` alone, whichever message brings it. What becomes
//! of a late payment is decided by the merchant's policy when the first `gmt_payment` arrives: a policy that changes
//! later moves no goods.

use alipay::Fen;
use chrono::{DateTime, Utc};

use crate::{Facts, MerchantAccount, OrderRecord, Trade};

/// The time until which an order can be paid, and what the merchant does with later payments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    expires_at: Option<DateTime<Utc>>,
    refunds_late: bool,
    goods_are_out: bool,
}

impl Limit {
    pub(crate) fn of(record: &OrderRecord, account: &MerchantAccount) -> Limit {
        Limit {
            expires_at: record.terms.time_limit(account).ok().flatten(),
            refunds_late: account.refunds_late,
            goods_are_out: record.goods_are_out(),
        }
    }

    /// For a trade with these facts. If a payment was reported without its time and its goods went out, it stays
    /// accepted: the buyer must not have both goods and money.
    pub(crate) fn given(self, known: Facts) -> Limit {
        let delivered = self.goods_are_out && known.contains(Facts::PAID);
        Limit { refunds_late: self.refunds_late && !delivered, ..self }
    }
}

impl Facts {
    /// The payment came after the order's time limit, is to be refunded, and is not yet refunded in full.
    pub fn is_late(self) -> bool {
        self.contains(Facts::PAID | Facts::PAID_LATE)
            && !self.intersects(Facts::LATE_ACCEPTED | Facts::REFUNDED_IN_FULL)
    }
}

impl Trade {
    /// The buyer can still pay it: neither paid nor closed.
    pub fn is_open(&self) -> bool {
        self.facts.contains(Facts::WAITING)
            && !self.facts.intersects(Facts::PENDING | Facts::PAID | Facts::CLOSED)
    }

    /// What of a late payment is to be refunded, fen: all that is left of the order's `total`. `None` where the payment is not
    /// late, or where the place of the money is not known: a closed trade cannot be refunded.
    pub fn late_refund(&self, total: Fen) -> Option<Fen> {
        (self.facts.is_late() && !self.is_in_doubt())
            .then(|| Fen::new(total.get() - self.refunded_fee.get()))
    }

    /// Judges the time of the payment when it becomes known, and again if an earlier one is reported.
    /// `before` is the time that was known until now.
    ///
    /// This is the one fact that can be removed: it follows `gmt_payment`, which only gets earlier.
    pub(crate) fn judge_lateness(&mut self, before: Option<DateTime<Utc>>, limit: Limit) {
        let Some(paid_at) = self.gmt_payment.filter(|_| self.gmt_payment != before) else { return };
        let late = limit.expires_at.is_some_and(|expires_at| paid_at > expires_at);
        if !late {
            self.facts -= Facts::PAID_LATE;
        } else if before.is_none() && limit.refunds_late {
            self.facts |= Facts::PAID_LATE;
        }
    }
}

impl OrderRecord {
    /// Trades that can still be paid although the order is closed and its time limit is over: a page that was
    /// open in a browser created one after Alipay had answered that there is nothing to close. They are to be
    /// closed at once. The message about the trade has its time, so no clock is needed. The limit is taken as the shop wrote
    /// it: where it is implausible, the gateway is asked once more and closes nothing.
    pub fn open_too_late(&self) -> impl Iterator<Item = &Trade> {
        let over = |trade: &&Trade| {
            self.expired_at.is_some()
                || self.terms.expires_at.is_some_and(|end| trade.notify_time > Some(end))
        };
        let closed = self.state().payment().is_closed_unpaid();
        self.trades.values().filter(move |_| closed).filter(|trade| trade.is_open()).filter(over)
    }
}
