//! Reads the orders of a batch, and books its batch refunds on the way.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use order::agreement::{agree, agree_refund};
use order::{OrderRecord, Refund, Trade};
use store::product::{self, Product};
use store::refund::{self, MerchantTrade};
use store::trade::{self, TradeKey};
use store::user_order::LockedOrder;
use store::{MysqlConnection, StoreError, fulfillment, refund_request};

use super::answers::Answers;
use super::refund_answers::RefundRequests;
use super::{Decisions, Sheet};
use crate::incoming::{Content, Incoming};

/// The orders that know a trade, by merchant and trade number.
pub(super) type Links = HashMap<(String, String), Vec<String>>;
/// Refund rows by merchant, trade number and refund key.
pub(super) type RefundKeys = BTreeSet<(String, String, String)>;

/// Writes the refund rows of all batch refunds and finds the orders that know their trades.
pub(super) fn book_batch_refunds(
    connection: &mut MysqlConnection,
    batch: &[Incoming],
) -> Result<(RefundKeys, Links), StoreError> {
    let mut refunds: BTreeMap<(&str, String, String), Refund> = BTreeMap::new();
    for incoming in batch {
        let Ok(Content::BatchRefund(said)) = &incoming.content else { continue };
        for item in &said.items {
            let refund = Refund::of_batch_item(said, item);
            let merchant = incoming.identity.merchant.as_str();
            refunds
                .entry((merchant, refund.trade_no.clone(), refund.refund_key.clone()))
                .and_modify(|known| known.merge(&refund))
                .or_insert(refund);
        }
    }
    if refunds.is_empty() {
        return Ok((RefundKeys::new(), Links::new()));
    }
    let trades: BTreeSet<MerchantTrade<'_>> = refunds
        .keys()
        .map(|(merchant, trade_no, _)| MerchantTrade { merchant, trade_no })
        .collect();
    let trades: Vec<MerchantTrade<'_>> = trades.into_iter().collect();
    let known: HashMap<_, _> = refund::of_trades(connection, &trades)?
        .into_iter()
        .map(|(merchant, row)| ((merchant, row.trade_no.clone(), row.refund_key.clone()), row))
        .collect();
    let mut fresh = RefundKeys::new();
    for ((merchant, trade_no, refund_key), refund) in &refunds {
        let key = ((*merchant).to_owned(), trade_no.clone(), refund_key.clone());
        let grows = known.get(&key).is_none_or(|row| {
            let mut merged = row.clone();
            merged.merge(refund);
            merged != *row
        });
        if grows {
            fresh.insert(key);
        }
    }
    let rows: Vec<(&str, &Refund)> =
        refunds.iter().map(|((merchant, ..), refund)| (*merchant, refund)).collect();
    refund::upsert(connection, &rows)?;
    refund_request::settle(connection, &rows)?;

    let trade_nos: BTreeSet<&str> = trades.iter().map(|trade| trade.trade_no).collect();
    let trade_nos: Vec<&str> = trade_nos.into_iter().collect();
    let found = trade::orders_of(connection, &trade_nos)?;
    let mut links = Links::new();
    for trade in &trades {
        for (_, order_id) in found.iter().filter(|(trade_no, _)| trade_no == trade.trade_no) {
            links
                .entry((trade.merchant.to_owned(), trade.trade_no.to_owned()))
                .or_default()
                .push(order_id.clone());
        }
    }
    Ok((fresh, links))
}

/// What messages about rows of the database name.
pub(super) struct Rows<'a> {
    pub(super) decisions: &'a Decisions,
    pub(super) refund_requests: &'a RefundRequests,
    pub(super) answers: &'a Answers,
}

/// Reads what hangs on the locked orders. Rows for trades that the batch names are made first, then
/// refunds are read with a lock: the other half of the handshake with [`book_batch_refunds`].
pub(super) fn read_sheets(
    connection: &mut MysqlConnection,
    batch: &[Incoming],
    locked: Vec<LockedOrder>,
    fresh: &RefundKeys,
    rows: &Rows<'_>,
) -> Result<BTreeMap<String, Sheet>, StoreError> {
    let terms: HashMap<&str, &LockedOrder> =
        locked.iter().map(|order| (order.terms.id.as_str(), order)).collect();
    let named: BTreeSet<TradeKey<'_>> =
        batch.iter().filter_map(|incoming| named_trade(incoming, &terms, rows)).collect();
    trade::insert_missing(connection, &named.into_iter().collect::<Vec<_>>())?;

    let ids: Vec<&str> = locked.iter().map(|order| order.terms.id.as_str()).collect();
    let mut stored: HashMap<String, BTreeMap<String, Trade>> = HashMap::new();
    for (order_id, trade) in trade::of_orders(connection, &ids)? {
        stored.entry(order_id).or_default().insert(trade.trade_no.clone(), trade);
    }
    let trades: BTreeSet<MerchantTrade<'_>> = locked
        .iter()
        .flat_map(|order| {
            let merchant = order.terms.merchant.as_str();
            let trades = stored.get(&order.terms.id).into_iter().flat_map(BTreeMap::keys);
            trades.map(move |trade_no| MerchantTrade { merchant, trade_no })
        })
        .collect();
    let refunds = refund::of_trades(connection, &trades.into_iter().collect::<Vec<_>>())?;
    let mut refunds_of: HashMap<(String, String), Vec<Refund>> = HashMap::new();
    for (merchant, refund) in refunds {
        refunds_of.entry((merchant, refund.trade_no.clone())).or_default().push(refund);
    }
    let fulfillments: HashMap<String, fulfillment::Goods> =
        fulfillment::of_orders(connection, &ids)?.into_iter().collect();
    let product_ids: BTreeSet<&str> =
        locked.iter().map(|order| order.product_id.as_str()).collect();
    let products: HashMap<String, Product> =
        product::by_ids(connection, &product_ids.into_iter().collect::<Vec<_>>())?
            .into_iter()
            .map(|product| (product.id.clone(), product))
            .collect();

    let mut sheets = BTreeMap::new();
    for order in locked {
        let Some(product) = products.get(&order.product_id).cloned() else {
            return Err(StoreError::Row { table: "product", what: order.product_id });
        };
        let stored = stored.remove(&order.terms.id).unwrap_or_default();
        let mut record = OrderRecord::new(order.terms.clone(), product.kind);
        record.trades.clone_from(&stored);
        record.expired_at = order.expired_at;
        let goods = fulfillments.get(&order.terms.id);
        record.fulfillment = goods.map(|goods| goods.state);
        record.goods_imported = goods.is_some_and(|goods| goods.is_imported);
        let before = record.state();
        let mut stored_refunds = BTreeMap::new();
        for trade_no in stored.keys() {
            let merchant = &order.terms.merchant;
            let refunds = refunds_of.get(&(merchant.clone(), trade_no.clone()));
            for refund in refunds.into_iter().flatten() {
                let key = (trade_no.clone(), refund.refund_key.clone());
                stored_refunds.insert(key.clone(), refund.clone());
                // What this batch has just booked is news: it is told with its own message.
                if !fresh.contains(&(merchant.clone(), key.0, key.1)) {
                    record.learn_refund(refund.clone());
                }
            }
        }
        let sheet = Sheet {
            product,
            stored,
            before,
            fulfillment_before: record.fulfillment,
            stored_refunds,
            record,
            locked: order,
            raised: BTreeSet::new(),
            resolved: BTreeSet::new(),
        };
        sheets.insert(sheet.locked.terms.id.clone(), sheet);
    }
    Ok(sheets)
}

/// The trade that a message names, if it agrees with the order.
fn named_trade<'a>(
    incoming: &'a Incoming,
    terms: &HashMap<&str, &LockedOrder>,
    rows: &'a Rows<'_>,
) -> Option<TradeKey<'a>> {
    let identity = &incoming.identity;
    if let Ok(Content::RefundAnswer(said)) = &incoming.content {
        let order = terms.get(said.out_trade_no.as_str())?;
        agree_refund(&order.terms, identity, said).ok()?;
        rows.refund_requests.check(identity, said).ok()?;
        return Some(TradeKey { order_id: &said.out_trade_no, trade_no: &said.trade_no });
    }
    if let Ok(Content::Decision(said)) = &incoming.content {
        let trade_no = rows.decisions.believed_trade(said)?;
        let order = terms.get(said.order.as_str())?;
        return (order.terms.merchant == identity.merchant)
            .then_some(TradeKey { order_id: &said.order, trade_no });
    }
    let said = incoming.trade().filter(|_| rows.answers.believes(incoming))?;
    let order = terms.get(said.out_trade_no.as_str())?;
    agree(&order.terms, identity, said).ok()?;
    Some(TradeKey { order_id: &said.out_trade_no, trade_no: &said.trade_no })
}
