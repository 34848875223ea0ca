//! One locked order of a batch.

use std::collections::{BTreeMap, BTreeSet};

use order::{
    FulfillmentState, Identity, OrderRecord, OrderState, Refund, Review, ReviewReason, Trade,
};
use store::product::Product;
use store::user_order::LockedOrder;

/// One locked order: as it was, and as it is known now.
pub(crate) struct Sheet {
    pub(crate) locked: LockedOrder,
    pub(crate) product: Product,
    /// All that is known, learning included.
    pub(crate) record: OrderRecord,
    /// Trades as they are in the database.
    pub(super) stored: BTreeMap<String, Trade>,
    /// Refunds as they are in the database, by (trade_no, refund_key).
    pub(super) stored_refunds: BTreeMap<(String, String), Refund>,
    /// The state as it is in the database.
    pub(crate) before: OrderState,
    pub(crate) fulfillment_before: Option<FulfillmentState>,
    /// Reviews that this batch opens by what happened, not by the order's state.
    pub(crate) raised: BTreeSet<Review>,
    /// Reasons of such reviews that this batch has answered.
    pub(crate) resolved: BTreeSet<ReviewReason>,
}

impl Sheet {
    /// A limit that does not count is told; one that the shop has corrected is told no more.
    pub(super) fn look_at_time_limit(&mut self, identity: &Identity) {
        match self.record.terms.time_limit(identity) {
            Err(implausible) => {
                let evidence = implausible.to_string();
                self.raised.insert(Review { reason: ReviewReason::ImplausibleTimeLimit, evidence });
            }
            Ok(_) => _ = self.resolved.insert(ReviewReason::ImplausibleTimeLimit),
        }
    }

    /// Trades that differ from their rows.
    pub(crate) fn changed_trades(&self) -> impl Iterator<Item = &Trade> {
        self.record.trades.values().filter(|trade| self.stored.get(&trade.trade_no) != Some(*trade))
    }

    /// Refunds that differ from their rows. A refund overtaken by a later one adds a row here and
    /// changes nothing else.
    pub(crate) fn changed_refunds(&self) -> impl Iterator<Item = &Refund> {
        self.record
            .refunds
            .iter()
            .filter(|(key, refund)| self.stored_refunds.get(*key) != Some(*refund))
            .map(|(_, refund)| refund)
    }

    /// A trade was closed after its payment, or closed again after somebody said that its money is
    /// there: where it is has to be asked anew, whatever was answered earlier and by whichever clock.
    pub(crate) fn is_newly_in_doubt(&self) -> bool {
        self.record.trades.values().any(|trade| {
            let before = self.stored.get(&trade.trade_no);
            let newly = |so: fn(&Trade) -> bool| so(trade) && !before.is_some_and(so);
            newly(Trade::is_closed_after_payment) || newly(Trade::is_in_doubt)
        })
    }

    /// A payment was told of whose goods wait for the gateway's word: also another one, while the gateway does not
    /// know the first.
    pub(crate) fn is_newly_unconfirmed(&self) -> bool {
        let waited = |trade: &Trade| {
            self.stored.get(&trade.trade_no).is_some_and(Trade::awaits_confirmation)
        };
        self.record.state().awaits_confirmation()
            && self.changed_trades().any(|trade| trade.awaits_confirmation() && !waited(trade))
    }

    /// A trade that can be paid has appeared although the order's time is over.
    pub(crate) fn is_newly_open_too_late(&self) -> bool {
        let known = |trade: &Trade| self.stored.get(&trade.trade_no).is_some_and(Trade::is_open);
        self.record.open_too_late().any(|trade| !known(trade))
    }

    /// Late money that is to go back by itself, and that this batch has learnt something new about.
    /// Where it is must be known: a trade that was closed cannot be refunded.
    pub(crate) fn newly_late(&self) -> impl Iterator<Item = &Trade> {
        self.changed_trades().filter(|trade| trade.is_late() && !trade.is_in_doubt())
    }

    /// Trades that were late and are so no longer.
    pub(crate) fn no_longer_late(&self) -> impl Iterator<Item = &Trade> {
        let was = |trade: &&Trade| self.stored.get(&trade.trade_no).is_some_and(Trade::is_late);
        self.record.trades.values().filter(was).filter(|trade| !trade.is_late())
    }
}
