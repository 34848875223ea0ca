//! All that is known of one order, and how messages are applied to it.

use std::collections::BTreeMap;

use alipay::TradeStatusSync;
use chrono::{DateTime, Utc};

use crate::agreement::{self, MerchantAccount, Mismatch, OrderTerms};
use crate::late::Limit;
use crate::review::{self, Review};
use crate::trade::earliest;
use crate::{
    ConfirmedRefund, Decision, Facts, FulfillmentState, GoodsDecision, ImpossibleDecision,
    OrderState, ProductKind, Refund, ReviewReason, Trade,
};

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
    /// Another system delivered the goods before the order was imported: no code here is theirs.
    pub goods_imported: bool,
    /// When Alipay answered, after the order's time limit, that there is nothing to close.
    pub expired_at: Option<DateTime<Utc>>,
}

impl OrderRecord {
    /// An order without any notification yet.
    pub fn new(terms: OrderTerms, kind: ProductKind) -> OrderRecord {
        OrderRecord {
            terms,
            kind,
            trades: BTreeMap::new(),
            refunds: BTreeMap::new(),
            fulfillment: None,
            goods_imported: false,
            expired_at: None,
        }
    }

    /// Applies a notification about one of the order's trades.
    ///
    /// # Errors
    /// A [`Mismatch`] with the order; the record is unchanged then.
    pub fn apply_notification(
        &mut self,
        account: &MerchantAccount,
        notification: &TradeStatusSync,
    ) -> Result<(), Mismatch> {
        agreement::agree(&self.terms, account, notification)?;
        let limit = Limit::of(self, account);
        self.trade(&notification.trade_no).apply_notification(notification, limit);
        if let Some(refund) = Refund::of_trade(notification) {
            self.keep(refund);
        }
        self.count_refunds();
        let is_paid = Facts::of(notification).contains(Facts::PAID);
        self.await_confirmation(account, &notification.trade_no, is_paid);
        Ok(())
    }

    /// Applies the gateway's answer about one of the order's trades. Its `notify_time` is when the gateway was asked.
    /// It adds no refund row: an answer reports how much was refunded, not by which request.
    ///
    /// # Errors
    /// A [`Mismatch`] with the order; the record is unchanged then.
    pub fn apply_answer(
        &mut self,
        account: &MerchantAccount,
        answer: &TradeStatusSync,
    ) -> Result<(), Mismatch> {
        agreement::agree(&self.terms, account, answer)?;
        let limit = Limit::of(self, account);
        self.trade(&answer.trade_no).apply_answer(answer, limit);
        self.count_refunds();
        Ok(())
    }

    /// Applies the answer to a refund that was asked for: it names the request, which the answer to a query does
    /// not.
    ///
    /// # Errors
    /// A [`Mismatch`] with the order; the record is unchanged then.
    pub fn apply_refund_answer(
        &mut self,
        account: &MerchantAccount,
        answer: &ConfirmedRefund,
    ) -> Result<(), Mismatch> {
        agreement::agree_refund(&self.terms, account, answer)?;
        let total = self.terms.total_fee;
        self.trade(&answer.trade_no).apply_refund_answer(answer, total);
        self.keep(Refund::of_answer(answer));
        self.count_refunds();
        Ok(())
    }

    /// Applies a person's decision, made at `at`, on a review for `reason`: about the trade `trade_no`, else about the
    /// trade that the order goes by. Applying it again changes nothing.
    ///
    /// # Errors
    /// [`ImpossibleDecision`]; the record is unchanged then.
    pub fn apply_decision(
        &mut self,
        decision: Decision,
        reason: ReviewReason,
        trade_no: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<(), ImpossibleDecision> {
        decision.check(reason, trade_no)?;
        let trade_no = match trade_no {
            Some(trade_no) => Some(trade_no.to_owned()),
            None => self.state().trade_no,
        };
        if reason == ReviewReason::ClosedAfterPayment {
            let trade = self.known_trade(trade_no.clone())?;
            if !trade.is_closed_after_payment() {
                return Err(ImpossibleDecision::NotClosed { trade_no: trade.trade_no.clone() });
            }
        }
        if reason == ReviewReason::LatePayment {
            let trade = self.known_trade(trade_no.clone())?;
            if !trade.facts.is_late() {
                return Err(ImpossibleDecision::NotLate { trade_no: trade.trade_no.clone() });
            }
        }
        match decision {
            // The notification about the trade was doubted, so the trade may not be known.
            Decision::Paid if reason.is_doubt() => {
                self.trade(&trade_no.unwrap_or_default()).confirm(at);
            }
            Decision::Paid => self.known_trade(trade_no)?.confirm(at),
            Decision::Refunded => {
                self.known_trade(trade_no)?.facts |= Facts::PAID | Facts::REFUNDED_IN_FULL;
                self.count_refunds();
            }
            Decision::Accepted => self.known_trade(trade_no)?.facts |= Facts::LATE_ACCEPTED,
            Decision::Delivered if self.fulfillment == Some(FulfillmentState::AwaitingManual) => {
                self.fulfillment = Some(FulfillmentState::Delivered);
            }
            Decision::Delivered | Decision::TakenBack | Decision::Noted => {}
        }
        Ok(())
    }

    /// Applies that Alipay knew of no trade to close at `at`, which was after `ended`, the order's time limit then.
    /// Nothing follows from it when the shop has extended the limit meanwhile.
    pub fn apply_expiry(&mut self, ended: DateTime<Utc>, at: DateTime<Utc>) {
        if self.terms.expires_at.is_some_and(|expires_at| expires_at <= ended) {
            self.expired_at = earliest(self.expired_at, Some(at));
        }
    }

    /// Applies a refund that a notification about a batch reports, which implies that its trade was paid.
    pub fn apply_batch_refund(&mut self, account: &MerchantAccount, refund: Refund) {
        let trade_no = refund.trade_no.clone();
        self.apply_refund(refund);
        self.await_confirmation(account, &trade_no, false);
    }

    /// Applies a refund that is on record for one of the order's trades.
    pub fn apply_refund(&mut self, refund: Refund) {
        self.keep(refund);
        self.count_refunds();
    }

    /// The state of the order as it follows from all that is known.
    pub fn state(&self) -> OrderState {
        OrderState::of(self.trades.values(), self.expired_at.is_some())
    }

    /// What has to happen with the goods now.
    pub fn goods(&self, state: &OrderState) -> GoodsDecision {
        GoodsDecision::of(state, self.fulfillment)
    }

    /// What a person must look at now.
    pub fn reviews(&self, state: &OrderState) -> Vec<Review> {
        let by_hand = self.is_taken_back_by_hand();
        review::wanted(state, self.trades.values(), by_hand, self.fulfillment)
    }

    /// Another system delivered the goods, and Alipay has sent nothing about the order since its import: the payment is
    /// not known here.
    pub fn is_only_imported(&self) -> bool {
        self.goods_imported && self.trades.is_empty()
    }

    /// The goods went to the buyer, whether they came back or not: `user_order.is_send_goods`.
    pub fn goods_are_out(&self) -> bool {
        self.fulfillment.is_some_and(FulfillmentState::is_given)
    }

    /// The goods came back: `user_order.is_return_goods`.
    pub fn goods_are_back(&self) -> bool {
        self.fulfillment == Some(FulfillmentState::Returned)
    }

    /// Only a person can take the goods back: a manual product, and codes that another system gave out. A
    /// subscription ends here, whichever system began it.
    pub fn is_taken_back_by_hand(&self) -> bool {
        match self.kind {
            ProductKind::Manual => true,
            ProductKind::Stock => self.goods_imported,
            ProductKind::Subscription => false,
        }
    }

    fn trade(&mut self, trade_no: &str) -> &mut Trade {
        self.trades.entry(trade_no.to_owned()).or_insert_with(|| Trade::new(trade_no))
    }

    fn known_trade(&mut self, trade_no: Option<String>) -> Result<&mut Trade, ImpossibleDecision> {
        let trade_no = trade_no.unwrap_or_default();
        self.trades.get_mut(&trade_no).ok_or(ImpossibleDecision::Trade { trade_no })
    }

    /// By the merchant's present policy goods of this trade wait until the gateway confirms the payment. `is_paid`: a
    /// notification reports the payment; a refund on record implies it as well. An answer of the gateway is itself the
    /// confirmation.
    fn await_confirmation(&mut self, account: &MerchantAccount, trade_no: &str, is_paid: bool) {
        let wanted = account.confirms_above.is_some_and(|above| self.terms.total_fee > above);
        let refunded = |refund: &Refund| refund.trade_no == trade_no && refund.is_made();
        if wanted
            && (is_paid || self.refunds.values().any(refunded))
            && let Some(trade) = self.trades.get_mut(trade_no)
        {
            trade.facts |= Facts::TO_BE_CONFIRMED;
        }
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
