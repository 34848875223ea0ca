//! All that is known of one order, and the two ways to learn more.

use std::collections::BTreeMap;

use alipay::TradeStatusSync;

use crate::agreement::{self, Identity, Mismatch, OrderTerms};
use crate::review::{self, Review};
use crate::{FulfillmentState, GoodsDecision, OrderState, ProductKind, Refund, Trade};

/// One order with its trades, its refunds and what was done with its goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRecord {
    /// What the shop wrote.
    pub terms: OrderTerms,
    /// What was sold.
    pub kind: ProductKind,
    /// Trades by trade_no.
    pub trades: BTreeMap<String, Trade>,
    /// Refunds by (trade_no, refund_key), of this order's merchant.
    pub refunds: BTreeMap<(String, String), Refund>,
    /// What was done with the goods so far.
    pub fulfillment: Option<FulfillmentState>,
}

impl OrderRecord {
    /// An order of which no notification is known yet.
    #[must_use]
    pub fn new(terms: OrderTerms, kind: ProductKind) -> OrderRecord {
        OrderRecord {
            terms,
            kind,
            trades: BTreeMap::new(),
            refunds: BTreeMap::new(),
            fulfillment: None,
        }
    }

    /// Learns what a notification says about one of the order's trades.
    ///
    /// # Errors
    /// A [`Mismatch`] with the order; the record is unchanged then.
    pub fn learn_trade(
        &mut self,
        identity: &Identity,
        said: &TradeStatusSync,
    ) -> Result<(), Mismatch> {
        agreement::agree(&self.terms, identity, said)?;
        let trade =
            self.trades.entry(said.trade_no.clone()).or_insert_with(|| Trade::new(&said.trade_no));
        trade.learn(said);
        if let Some(refund) = Refund::of_trade(said) {
            self.keep(refund);
        }
        self.count_refunds();
        Ok(())
    }

    /// Learns of a refund that is on record for one of the order's trades.
    pub fn learn_refund(&mut self, refund: Refund) {
        self.keep(refund);
        self.count_refunds();
    }

    /// The state of the order as it follows from all that is known.
    #[must_use]
    pub fn state(&self) -> OrderState {
        OrderState::of(self.trades.values())
    }

    /// What has to happen with the goods now.
    #[must_use]
    pub fn goods(&self, state: &OrderState) -> GoodsDecision {
        GoodsDecision::of(state, self.fulfillment)
    }

    /// What a person must look at now.
    #[must_use]
    pub fn reviews(&self, state: &OrderState) -> Vec<Review> {
        review::wanted(state, self.trades.values(), self.kind, self.fulfillment)
    }

    fn keep(&mut self, refund: Refund) {
        let key = (refund.trade_no.clone(), refund.refund_key.clone());
        match self.refunds.get_mut(&key) {
            Some(known) => known.merge(&refund),
            None => {
                self.refunds.insert(key, refund);
            }
        }
    }

    /// A refund may be known before its trade: counted again whenever either grows.
    fn count_refunds(&mut self) {
        for trade in self.trades.values_mut() {
            trade.count_refunds(self.refunds.values(), self.terms.total_fee);
        }
    }
}
