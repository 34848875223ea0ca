//! Refunds of the legacy gateway, which come in batches without an order number.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use alipay::BatchRefundNotify;
use order::{MerchantAccount, OrderRecord, Refund};
use store::refund::MerchantTrade;
use store::{MysqlConnection, StoreError, refund, refund_request, trade};

use super::Outcome;
use super::loaded_order::LoadedOrder;
use super::working_set::{AppliedMessage, ChangedRows, LockedOrders};
use super::{deposit_backs, distinct};
use crate::message::{Content, InboundMessage};

/// Merchant, trade number, refund key.
type RefundKey = (String, String, String);

/// The batch refunds of one batch of messages.
#[derive(Default)]
pub(crate) struct BatchRefunds {
    /// The orders that know a trade, by merchant and trade number.
    orders: HashMap<(String, String), Vec<String>>,
    /// Refund rows that were new or have grown.
    fresh: BTreeSet<RefundKey>,
}

impl BatchRefunds {
    /// Writes the refund rows and then finds the orders that know their trades: see
    /// [`store::trade::orders_of`] for why in this order. No statement where there are none.
    pub(super) fn write(
        connection: &mut MysqlConnection,
        batch: &[InboundMessage],
    ) -> Result<BatchRefunds, StoreError> {
        let mut refunds: BTreeMap<(&str, String, String), Refund> = BTreeMap::new();
        for message in batch {
            let Ok(Content::BatchRefund(batch)) = &message.content else { continue };
            for item in &batch.items {
                let refund = Refund::of_batch_item(batch, item);
                let merchant = message.account.merchant.as_str();
                refunds
                    .entry((merchant, refund.trade_no.clone(), refund.refund_key.clone()))
                    .and_modify(|known| known.merge(&refund))
                    .or_insert(refund);
            }
        }
        if refunds.is_empty() {
            return Ok(BatchRefunds::default());
        }
        let trades = distinct(
            refunds.keys().map(|(merchant, trade_no, _)| MerchantTrade { merchant, trade_no }),
        );
        let fresh = fresh(connection, &trades, &refunds)?;
        let rows: Vec<(&str, &Refund)> =
            refunds.iter().map(|((merchant, ..), refund)| (*merchant, refund)).collect();
        refund::upsert(connection, &rows)?;
        refund_request::end_notified(connection, &rows)?;

        let trade_nos = distinct(trades.iter().map(|trade| trade.trade_no));
        let found = trade::orders_of(connection, &trade_nos)?;
        let mut recorded = BatchRefunds { orders: HashMap::new(), fresh };
        for trade in &trades {
            for (_, id) in found.iter().filter(|(trade_no, _)| trade_no == trade.trade_no) {
                recorded.knows(trade.merchant, trade.trade_no, id);
            }
        }
        Ok(recorded)
    }

    /// The orders to lock.
    pub(super) fn order_ids(&self) -> impl Iterator<Item = &str> {
        self.orders.values().flatten().map(String::as_str)
    }

    /// Adds the trades that this very batch reports first, which [`BatchRefunds::write`] could not find.
    pub(super) fn add_trades<'a>(
        &mut self,
        orders: impl Iterator<Item = (&'a String, &'a LoadedOrder)>,
    ) {
        for (id, order) in orders {
            for trade_no in order.record.trades.keys() {
                self.knows(&order.record.terms.merchant, trade_no, id);
            }
        }
    }

    fn knows(&mut self, merchant: &str, trade_no: &str, id: &str) {
        let orders = self.orders.entry((merchant.to_owned(), trade_no.to_owned())).or_default();
        if !orders.iter().any(|known| known == id) {
            orders.push(id.to_owned());
        }
    }

    /// Whether this batch has brought the row.
    pub(super) fn is_fresh(&self, merchant: &str, refund: &Refund) -> bool {
        let (trade_no, refund_key) = (refund.trade_no.clone(), refund.refund_key.clone());
        self.fresh.contains(&(merchant.to_owned(), trade_no, refund_key))
    }

    /// Applies one batch to all orders that know its trades. The trade number of another merchant's order says
    /// nothing about that order.
    pub(super) fn apply<'a>(
        &self,
        orders: &'a mut LockedOrders,
        account: &MerchantAccount,
        batch: &BatchRefundNotify,
    ) -> AppliedMessage<'a> {
        let mut before: BTreeMap<&str, OrderRecord> = BTreeMap::new();
        let mut is_news = false;
        let mut parked = Vec::new();
        let mut waits = false;
        for item in &batch.items {
            let refund = Refund::of_batch_item(batch, item);
            is_news |= self.is_fresh(&account.merchant, &refund);
            let key = (account.merchant.clone(), item.trade_no.clone());
            let mut is_parked = true;
            for id in self.orders.get(&key).into_iter().flatten() {
                let Some(order) = orders.loaded.get_mut(id) else {
                    return AppliedMessage::to_none(Outcome::Locked);
                };
                if order.record.terms.merchant != account.merchant {
                    continue;
                }
                is_parked = false;
                before.entry(id).or_insert_with(|| order.record.clone());
                order.record.apply_batch_refund(account, refund.clone());
                if item.is_sent_back() {
                    order.raised.insert(deposit_backs::review_of_item(batch, item));
                }
            }
            if is_parked {
                parked.push(item.trade_no.clone());
                // The row waits for the order. The review about the bank must wait with it, so the message is retried.
                waits |= item.is_sent_back();
            }
        }
        let changed = before
            .into_iter()
            .filter_map(|(id, before)| Some((before, &orders.loaded.get(id)?.record)));
        AppliedMessage {
            orders: changed.collect(),
            changed_rows: ChangedRows::others_if(is_news),
            parked,
            ..AppliedMessage::to_none(if waits { Outcome::RetryLater } else { Outcome::Done })
        }
    }
}

/// The rows that are not there yet, or say less.
fn fresh(
    connection: &mut MysqlConnection,
    trades: &[MerchantTrade<'_>],
    refunds: &BTreeMap<(&str, String, String), Refund>,
) -> Result<BTreeSet<RefundKey>, StoreError> {
    let known: HashMap<_, _> = refund::of_trades(connection, trades)?
        .into_iter()
        .map(|(merchant, row)| ((merchant, row.trade_no.clone(), row.refund_key.clone()), row))
        .collect();
    Ok(refunds
        .iter()
        .map(|((merchant, trade_no, refund_key), refund)| {
            (((*merchant).to_owned(), trade_no.clone(), refund_key.clone()), refund)
        })
        .filter(|(key, refund)| {
            known.get(key).is_none_or(|row| {
                let mut merged = row.clone();
                merged.merge(refund);
                merged != *row
            })
        })
        .map(|(key, _)| key)
        .collect())
}
