//! One locked order of a batch.

use std::collections::{BTreeMap, BTreeSet};

use alipay::Fen;
use order::{
    FulfillmentState, MerchantAccount, OrderRecord, OrderState, Refund, Review, ReviewReason, Trade,
};
use store::product::Product;
use store::user_order::LockedOrder;

use crate::message::Rejection;

/// One locked order: as it was, and as it is known now.
pub(crate) struct LoadedOrder {
    pub(super) locked: LockedOrder,
    pub(super) product: Product,
    /// All that is known, with what this batch adds.
    pub(super) record: OrderRecord,
    /// Trades as they are in the database.
    pub(super) stored: BTreeMap<String, Trade>,
    /// Refunds as they are in the database, by (trade_no, refund_key).
    pub(super) stored_refunds: BTreeMap<(String, String), Refund>,
    /// The state as it is in the database.
    pub(super) before: OrderState,
    pub(super) fulfillment_before: Option<FulfillmentState>,
    /// Reviews that an event in this batch opens, not the order's state.
    pub(super) raised: BTreeSet<Review>,
    /// Reasons of such reviews that this batch has answered.
    pub(super) resolved: BTreeSet<ReviewReason>,
}

impl LoadedOrder {
    /// A request, an answer or a decision about an order is for the merchant that the order belongs to.
    pub(super) fn belongs_to(&self, account: &MerchantAccount) -> Result<(), Rejection> {
        Ok(self.record.terms.belongs_to(account)?)
    }

    /// Raises a review of a time limit that does not count, and ends it once the shop has corrected the limit.
    pub(super) fn check_time_limit(&mut self, account: &MerchantAccount) {
        match self.record.terms.time_limit(account) {
            Err(implausible) => {
                let evidence = implausible.to_string();
                self.raised.insert(Review { reason: ReviewReason::ImplausibleTimeLimit, evidence });
            }
            Ok(_) => _ = self.resolved.insert(ReviewReason::ImplausibleTimeLimit),
        }
    }

    /// Trades that differ from their rows.
    pub(super) fn changed_trades(&self) -> impl Iterator<Item = &Trade> {
        self.record.trades.values().filter(|trade| self.stored.get(&trade.trade_no) != Some(*trade))
    }

    /// Refunds that differ from their rows. A refund overtaken by a later one adds a row here and
    /// changes nothing else.
    pub(super) fn changed_refunds(&self) -> impl Iterator<Item = &Refund> {
        self.record
            .refunds
            .iter()
            .filter(|(key, refund)| self.stored_refunds.get(*key) != Some(*refund))
            .map(|(_, refund)| refund)
    }

    /// A trade was closed after its payment, or closed again after the payment was confirmed: the gateway must be asked
    /// again, whatever it answered earlier.
    pub(super) fn is_newly_in_doubt(&self) -> bool {
        self.record.trades.values().any(|trade| {
            let before = self.stored.get(&trade.trade_no);
            let newly = |so: fn(&Trade) -> bool| so(trade) && !before.is_some_and(so);
            newly(Trade::is_closed_after_payment) || newly(Trade::is_in_doubt)
        })
    }

    /// Goods wait until the gateway confirms a payment that has just been notified: also another one, while the
    /// gateway does not know the first.
    pub(super) fn is_newly_unconfirmed(&self) -> bool {
        let waits = |trade: &Trade| trade.facts.awaits_confirmation();
        let waited = |trade: &Trade| self.stored.get(&trade.trade_no).is_some_and(waits);
        self.record.state().facts.awaits_confirmation()
            && self.changed_trades().any(|trade| waits(trade) && !waited(trade))
    }

    /// A trade that can be paid has appeared although the order's time is over.
    pub(super) fn is_newly_open_too_late(&self) -> bool {
        let known = |trade: &Trade| self.stored.get(&trade.trade_no).is_some_and(Trade::is_open);
        self.record.open_too_late().any(|trade| !known(trade))
    }

    /// Trades that this batch has changed and whose payment is to be refunded because it was late, with the amount.
    pub(super) fn late_refunds(&self) -> impl Iterator<Item = (&Trade, Fen)> {
        let total = self.record.terms.total_fee;
        self.changed_trades().filter_map(move |trade| Some((trade, trade.late_refund(total)?)))
    }

    /// Trades that were late and no longer are.
    pub(super) fn no_longer_late(&self) -> impl Iterator<Item = &Trade> {
        let is_late = |trade: &Trade| trade.facts.is_late();
        let was = move |trade: &&Trade| self.stored.get(&trade.trade_no).is_some_and(is_late);
        self.record.trades.values().filter(was).filter(move |trade| !is_late(trade))
    }
}
